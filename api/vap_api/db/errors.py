"""What can go wrong with the database, sorted by what to do about it."""

import psycopg2

REFUSED_CLASSES = ("21", "22", "23")
"""SQLSTATE classes (PostgreSQL, appendix A) that blame the data: cardinality, data exception, integrity."""


class DatabaseUnavailableError(RuntimeError):
    """The database is away, too slow or too busy. Nothing was changed, or it is not known; try again."""


def is_refusal(error: psycopg2.Error) -> bool:
    """Whether the database refused the data itself, so that trying again is in vain."""
    return (error.pgcode or "")[:2] in REFUSED_CLASSES
