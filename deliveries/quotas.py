"""How many more leads a client may get: counted from rows, in the client's own days (spec A1).

There are no counters to reset or to drift: what was used is the number of active
DeliveredLead rows whose run falls into the window.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from clients.models import WINDOWS, Client
from deliveries.models import DeliveredLead


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


def windows_of(clients: Iterable[Client], as_of: dt.datetime) -> dict[int, list[Window]]:
    """Client id → its four windows as of that moment. One query per client."""
    return {client.pk: _windows(client, as_of) for client in clients}


def _windows(client: Client, as_of: dt.datetime) -> list[Window]:
    bounds = {name: window_bounds(name, as_of, client.time_zone) for name in WINDOWS}
    used = (
        DeliveredLead.objects.active()
        .filter(client=client)
        .aggregate(**{name: Count("pk", filter=_within(span)) for name, span in bounds.items()})
    )
    return [
        Window(
            name=name,
            starts_at=span and span[0],
            ends_at=span and span[1],
            cap=client.cap(name),
            used=used[name],
        )
        for name, span in bounds.items()
    ]


def _within(span: tuple[dt.datetime, dt.datetime] | None) -> Q:
    if span is None:
        return Q()
    return Q(allocated_at__gte=span[0], allocated_at__lt=span[1])


def least_left(windows: Iterable[Window]) -> int | None:
    """How many more the tightest cap allows; None where none of them limits."""
    limits = [window.left for window in windows if window.left is not None]
    return min(limits, default=None)


def tightest(windows: Iterable[Window]) -> Window | None:
    """The window with the least left; None where no cap is set."""
    capped = [window for window in windows if window.left is not None]
    return min(capped, key=lambda window: window.left or 0, default=None)
