"""Between two runs: who changes settled leads outside a run keeps runs away, and each other."""

from __future__ import annotations

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

BUSY = "A file is being undone, or a run simulated or moved, at this moment; try again in a minute."

_PATIENCE = "3s"  # of a person at the desk
# It excludes itself, too, which SHARE does not: of two who take each other's twin for live, each
# would take out the one that the other leaves a person to.
_LOCK = "LOCK TABLE pipeline_run IN SHARE ROW EXCLUSIVE MODE"


def hold() -> None:
    """No run opens or ends until this transaction does, and nobody else is here meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)


def hold_soon() -> bool:
    """As `hold`, for a person who waits; False where others take too long: nothing is held."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            hold()
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        return False
    return True
