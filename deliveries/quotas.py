"""How many more leads a client may get: counted from rows, in the client's own days (spec A1).

There are no counters to reset or to drift: what was used is the number of active
DeliveredLead rows whose run falls into the window.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from django.db import connection

from clients.models import WINDOWS


@dataclass(frozen=True, kw_only=True)
class Window:
    """One cap of one client at one moment; cap None is unlimited."""

    name: str
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    cap: int | None
    used: int

    @property
    def left(self) -> int | None:
        return None if self.cap is None else max(self.cap - self.used, 0)

    def as_json(self) -> dict[str, Any]:
        return {"window": self.name, "cap": self.cap, "used": self.used, "left": self.left}


@lru_cache(maxsize=4_096)  # thousands of clients share a handful of zones
def window_bounds(
    window: str, as_of: dt.datetime, time_zone: str
) -> tuple[dt.datetime, dt.datetime] | None:
    """[start, end) of the day, week (from Monday) or month that holds `as_of`; None for total.

    Midnights are the client's own; a day with a clock change has 23 or 25 hours.
    """
    zone = zoneinfo.ZoneInfo(time_zone)
    today = as_of.astimezone(zone).date()
    match window:
        case "day":
            first, after = today, today + dt.timedelta(days=1)
        case "week":
            first = today - dt.timedelta(days=today.weekday())
            after = first + dt.timedelta(days=7)
        case "month":
            first = today.replace(day=1)
            after = (first + dt.timedelta(days=32)).replace(day=1)
        case _:
            return None
    return _midnight(first, zone), _midnight(after, zone)


def _midnight(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zone)


@dataclass(frozen=True, kw_only=True)
class Used:
    """How many active leads one client has in each window; `last_month` is the one before.

    `last_at`: when it was given the last of them.
    """

    day: int = 0
    week: int = 0
    month: int = 0
    last_month: int = 0
    total: int = 0
    last_at: dt.datetime | None = None


# Counted by client and run first, out of the index `delivered_lead_windows` alone.
_COUNT = """
SELECT client.id,
       sum(leads) FILTER (WHERE allocated_at >= day AND allocated_at < day_end)::int,
       sum(leads) FILTER (WHERE allocated_at >= week AND allocated_at < week_end)::int,
       sum(leads) FILTER (WHERE allocated_at >= month AND allocated_at < month_end)::int,
       sum(leads) FILTER (WHERE allocated_at >= last_month AND allocated_at < month)::int,
       sum(leads)::int,
       max(allocated_at)
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
              %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
       AS client (id, day, day_end, week, week_end, month, month_end, last_month)
  JOIN (
    SELECT client_id, allocated_at, count(*) AS leads FROM deliveries_deliveredlead
     WHERE client_id = ANY(%s) AND status IN ('ALLOCATED', 'DELIVERED')
     GROUP BY client_id, allocated_at
  ) given ON given.client_id = client.id
 GROUP BY client.id
"""


def used_by(zones: Mapping[int, str], as_of: dt.datetime) -> dict[int, Used]:
    """Client id → what it has, its windows by its time zone. One query for all of them."""
    bounds = {zone: _all_bounds(as_of, zone) for zone in set(zones.values())}
    rows = [(client_id, *bounds[zone]) for client_id, zone in zones.items()]
    if not rows:
        return {}
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [*columns, list(zones)])
        return {
            client_id: Used(
                day=day or 0,
                week=week or 0,
                month=month or 0,
                last_month=last_month or 0,
                total=total,
                last_at=last_at,
            )
            for client_id, day, week, month, last_month, total, last_at in cursor.fetchall()
        }


# Of the month before, the last run that knew the client; an unlimited month lacked nothing.
_LAST_CAPS = """
SELECT DISTINCT ON (kept.client_id) kept.client_id,
       coalesce(cap.leads - coalesce((kept.terms ->> 'carried')::int, 0), 0)
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS client (id, since, until)
  JOIN pipeline_runclient kept ON kept.client_id = client.id
  JOIN pipeline_run run
    ON run.id = kept.run_id AND run.as_of >= client.since AND run.as_of < client.until
 CROSS JOIN LATERAL (
       SELECT (one ->> 'cap')::int AS leads FROM jsonb_array_elements(kept.windows) one
        WHERE one ->> 'window' = 'month'
       ) cap
 ORDER BY kept.client_id, run.as_of DESC
"""


def caps_last_month(zones: Mapping[int, str], as_of: dt.datetime) -> dict[int, int]:
    """Client id → its own cap of the month before, of those that a run knew then. One query."""
    if not zones:
        return {}
    bounds = {zone: _all_bounds(as_of, zone) for zone in set(zones.values())}
    spans = [(before, month) for *_, month, _, before in (bounds[zone] for zone in zones.values())]
    with connection.cursor() as cursor:
        cursor.execute(_LAST_CAPS, [list(zones), *map(list, zip(*spans, strict=True))])
        return dict(cursor.fetchall())


def _all_bounds(as_of: dt.datetime, zone: str) -> list[dt.datetime]:
    spans = [span for name in WINDOWS if (span := window_bounds(name, as_of, zone))]
    month = spans[-1][0]
    before = month - dt.timedelta(days=1)  # wall-clock time: still in the month before
    return [*chain.from_iterable(spans), before.replace(day=1)]


def least_left(windows: Iterable[Window]) -> int | None:
    """How many more the tightest cap allows; None where none of them limits."""
    limits = [window.left for window in windows if window.left is not None]
    return min(limits, default=None)


def tightest(windows: Iterable[Window]) -> Window | None:
    """The window with the least left; None where no cap is set."""
    capped = [window for window in windows if window.left is not None]
    return min(capped, key=lambda window: window.left or 0, default=None)
