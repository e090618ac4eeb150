"""So many at once and no more, over all workers on all hosts.

A slot is an advisory lock of PostgreSQL's, held by the thread's connection: it is free again the
moment that its process dies, whatever it died of.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator

from django.db import connection


@contextlib.contextmanager
def slot(name: str, *, of: int) -> Iterator[bool]:
    """Hold one of `of` slots while the body runs; False where all are taken."""
    kind = zlib.crc32(name.encode()) - (1 << 31)  # advisory locks are keyed by signed integers
    taken = next((n for n in range(of) if _ask("pg_try_advisory_lock", kind, n)), None)
    try:
        yield taken is not None
    finally:
        if taken is not None:
            with contextlib.suppress(Exception):  # the connection is gone, and the lock with it
                _ask("pg_advisory_unlock", kind, taken)


def _ask(function: str, kind: int, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [kind, number])
        (got,) = cursor.fetchone()
    return bool(got)
