"""Storing batches, whatever they hold: what a consumer needs of a table."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

T_contra = TypeVar("T_contra", contravariant=True)


class BatchStore(Protocol[T_contra]):
    """Writes messages of one topic. Repeating a batch, or parts of it, changes nothing."""

    def prepare(self, connection: Connection) -> None:
        """Called once for each new connection. Raises psycopg2.Error."""

    def write(self, connection: Connection, batch: Sequence[T_contra]) -> int:
        """Writes a batch within the caller's transaction; returns how many were new.

        Raises psycopg2.Error; a data error may come from any message of the batch.
        """
