"""What can go wrong with the database, sorted by what to do about it."""

import psycopg2

REFUSED_CLASSES = ("21", "22", "23")
"""SQLSTATE classes (PostgreSQL, appendix A) that blame the data: cardinality, data exception, integrity."""


class DatabaseUnavailableError(RuntimeError):
    """The database is away, too slow or too busy. Nothing was changed, or it is not known; try again."""


def is_refusal(error: BaseException) -> bool:
    """Whether the database refused the data itself, so that trying again is in vain.

    ValueError is psycopg2's own refusal of a NUL character; it never reaches the server.
    """
    if isinstance(error, ValueError):
        return True
    return isinstance(error, psycopg2.Error) and (error.pgcode or "")[:2] in REFUSED_CLASSES
