"""PostgreSQL's clock: the only one for leases, due-ness and retries (design, 2).

Hosts' clocks may jump; the database's is shared by all of them.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection

JITTER = dt.timedelta(seconds=5)  # what was written further ahead is of before it was set back


def database_now() -> dt.datetime:
    """The moment in PostgreSQL, aware, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    moment: dt.datetime = now
    return moment.astimezone(dt.UTC)
