"""What each client is promised at a moment: how many leads, and what keeps it from more.

The caps of its plan or its own, its pacing, what the last month lacked, its money limit, its
delivery days, dates and pauses, all by its own time zone (spec A1, A6, A7, A12, A13). Nothing
is stored: a promise is worked out of the client's row and of what it has been given.
"""

from __future__ import annotations

import datetime as dt
import math
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from clients.models import WINDOWS, Client, ClientStatus
from clients.terms import CarryOver, Pacing
from deliveries import quotas
from deliveries.quotas import Used, Window, window_bounds

EVEN, MONEY = "even", "money"  # windows beside the caps: a day's share, and a month's money
_MOST = 2**31 - 1  # what a column of leads holds
_DAY = dt.timedelta(days=1)
_AN_UNKNOWN_ZONES = "UTC"  # whose days are shown, while nothing is delivered


@dataclass(frozen=True, kw_only=True)
class Month:
    """The client's delivery days of this calendar month: before today, and from today on."""

    today: dt.date
    days_before: int
    to_come: tuple[dt.date, ...]
    used: int
    used_today: int

    @property
    def days_to_come(self) -> int:
        return len(self.to_come)

    @property
    def days_after(self) -> int:
        """Without today."""
        return sum(day > self.today for day in self.to_come)

    @property
    def weeks_after(self) -> int:
        """In how many weeks after this one, begun on Mondays, it has days to come."""
        weeks = {day.isocalendar()[:2] for day in self.to_come}
        return len(weeks - {self.today.isocalendar()[:2]})

    @property
    def used_before_today(self) -> int:
        return self.used - self.used_today

    @property
    def at_this_pace(self) -> int | None:
        """Leads by its end, should each day to come be like those so far; None before the first.

        Today counts as a day so far once it has brought leads.
        """
        today = 1 if self.used_today else 0
        days = self.days_before + today
        if not days:
            return None
        to_come = self.days_after if today else self.days_to_come
        return round(self.used + self.used / days * to_come)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What one client may be given at one moment.

    `left` None is unlimited; `tightest` names the window that leaves it. `quota` and `already`
    tell how filled it is beside others, `last_at` since when it waits. `closed` is the code of why
    it gets nothing at all now.
    """

    client_id: int
    windows: tuple[Window, ...]
    month: Month
    last_at: dt.datetime | None = None
    closed: str = ""
    carried: int = 0

    @property
    def left(self) -> int | None:
        return 0 if self.closed else quotas.least_left(self.windows)

    @property
    def tightest(self) -> str:
        window = quotas.tightest(self.windows)
        return window.name if window else ""

    @property
    def full(self) -> str:
        """The code for a lead that comes when the client has all that it may have."""
        return self.closed or _code(quotas.tightest(self.windows))

    @property
    def measure(self) -> Window | None:
        """The window by which clients are compared: the month where it is capped."""
        capped = [window for window in self.windows if window.cap is not None]
        month = [window for window in capped if window.name in {"month", MONEY}]
        return quotas.tightest(month or [each for each in capped if each.name != EVEN])

    @property
    def quota(self) -> int | None:
        return self.measure.cap if self.measure else None

    @property
    def already(self) -> int:
        return self.measure.used if self.measure else self.window("month").used

    def window(self, name: str) -> Window:
        return next(window for window in self.windows if window.name == name)

    @property
    def by_month_end(self) -> int | None:
        """Leads this month at the pace so far, within all caps; None where it cannot be told."""
        expected = self.month.at_this_pace
        if expected is None:
            return None
        again = {"day": self.month.days_after, "week": self.month.weeks_after}
        rooms = [
            window.left + window.cap * again.get(window.name, 0)
            for window in self.windows
            if window.name != EVEN and window.cap is not None and window.left is not None
        ]
        return min([expected, *(self.month.used + room for room in rooms)])

    def as_json(self) -> dict[str, Any]:
        """What a run keeps beside the windows."""
        return {
            "tightest": self.tightest,
            "quota": self.quota,
            "already": self.already,
            "carried": self.carried,
        }


def promises_of(clients: Iterable[Client], as_of: dt.datetime) -> dict[int, Promise]:
    """Client id → its promise as of that moment. Few queries for all; plans must be loaded."""
    clients = list(clients)
    used = quotas.used_by({client.pk: zone_of(client)[0] for client in clients}, as_of)
    carrying = [client for client in clients if client.carry_over == CarryOver.LAST_MONTH]
    caps = quotas.caps_last_month({client.pk: zone_of(client)[0] for client in carrying}, as_of)
    return {
        client.pk: promise(client, used.get(client.pk, Used()), as_of, caps.get(client.pk))
        for client in clients
    }


def promise(client: Client, used: Used, as_of: dt.datetime, last_cap: int | None = None) -> Promise:
    """What the client's row and its leads so far come to. Pure.

    `last_cap`: of the last month, where it is known; else it was what it is today.
    """
    zone, is_known = zone_of(client)
    local = zoneinfo.ZoneInfo(zone)
    today = as_of.astimezone(local).date()
    since = client.starts_on or client.created_at.astimezone(local).date()
    month = _month(client, used, today, since)
    carried = _carried(client, used, today, since, last_cap)
    windows = _windows(client, used, as_of, zone, carried)
    if client.pacing == Pacing.EVEN and (share := _share_of_today(windows, month)) is not None:
        windows = (*windows, _window(EVEN, as_of, zone, cap=share, used=used.day))
    tightest = quotas.tightest(windows)
    closed = "" if is_known else "no_time_zone"
    closed = closed or _out_of_service(client, today)
    closed = closed or (_code(tightest) if tightest and not tightest.left else "")
    return Promise(
        client_id=client.pk,
        windows=windows,
        month=month,
        last_at=used.last_at,
        closed=closed,
        carried=carried,
    )


def is_out_of_service(client: Client, at: dt.datetime) -> bool:
    """Whether what it was promised before is released then: it is paused, ended or put off.

    A day that is none of its delivery days releases nothing: an outage may last over midnight.
    """
    today = at.astimezone(zoneinfo.ZoneInfo(zone_of(client)[0])).date()
    return _out_of_service(client, today) not in {"", "no_schedule"}


def zone_of(client: Client) -> tuple[str, bool]:
    """The client's time zone, and whether this machine knows it; if not, UTC stands in."""
    try:
        zoneinfo.ZoneInfo(client.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return _AN_UNKNOWN_ZONES, False
    return client.time_zone, True


def _windows(
    client: Client, used: Used, as_of: dt.datetime, zone: str, carried: int
) -> tuple[Window, ...]:
    caps = {name: client.cap(name) for name in WINDOWS}
    if caps["month"] is not None:
        caps["month"] += carried
    windows = [
        _window(name, as_of, zone, cap=cap, used=getattr(used, name)) for name, cap in caps.items()
    ]
    price = client.plan.price_cents  # of today, for all of the month: leads keep no price of theirs
    limit = client.money_limit_cents
    if limit is not None and (price or not limit):  # what is free stays within all but none
        affordable = limit // (price or 1)
        windows.append(_window(MONEY, as_of, zone, cap=affordable, used=used.month))
    return tuple(windows)


def _window(name: str, as_of: dt.datetime, zone: str, *, cap: int | None, used: int) -> Window:
    span = window_bounds({EVEN: "day", MONEY: "month"}.get(name, name), as_of, zone)
    return Window(
        name=name, starts_at=span and span[0], ends_at=span and span[1], cap=cap, used=used
    )


def _carried(
    client: Client, used: Used, today: dt.date, since: dt.date, last_cap: int | None
) -> int:
    """What the last month lacked of its cap, if it was the client's from its first day."""
    cap = client.cap("month")
    if client.carry_over != CarryOver.LAST_MONTH or cap is None:
        return 0
    lacked = (cap if last_cap is None else last_cap) - used.last_month
    last_month = (today.replace(day=1) - _DAY).replace(day=1)
    return min(max(lacked, 0), _MOST - cap) if since <= last_month else 0


def _month(client: Client, used: Used, today: dt.date, since: dt.date) -> Month:
    first = today.replace(day=1)
    after = (first + dt.timedelta(days=32)).replace(day=1)
    again = today
    if client.paused_until is not None:  # perhaps for good, up to the calendar's last day
        again = max(today, min(client.paused_until, after - _DAY) + _DAY)
    return Month(
        today=today,
        days_before=len(_delivery_days(client, max(first, since), today)),
        to_come=_delivery_days(client, again, after),
        used=used.month,
        used_today=used.day,
    )


def _delivery_days(client: Client, first: dt.date, after: dt.date) -> tuple[dt.date, ...]:
    """The days of [first, after) that the client takes leads on, its dates and days considered."""
    days = (first + dt.timedelta(days=n) for n in range((after - first).days))
    return tuple(
        day
        for day in days
        if day.isoweekday() in client.delivery_days
        and (client.starts_on is None or client.starts_on <= day)
        and (client.ends_on is None or day <= client.ends_on)
    )


def _share_of_today(windows: Iterable[Window], month: Month) -> int | None:
    """Pacing EVEN: what the month has left at midnight, shared out over the days to come."""
    lefts = [
        max(window.cap - month.used_before_today, 0)
        for window in windows
        if window.name in {"month", MONEY} and window.cap is not None
    ]
    if not lefts or not month.days_to_come:
        return None
    return math.ceil(min(lefts) / month.days_to_come)


def _out_of_service(client: Client, today: dt.date) -> str:
    """Why the client takes no leads on that day whatever its caps say; '' where it does."""
    reasons = {
        "ended": client.status == ClientStatus.ENDED
        or (client.ends_on is not None and today > client.ends_on),
        "not_started": client.starts_on is not None and today < client.starts_on,
        "paused": client.status == ClientStatus.PAUSED
        or (client.paused_until is not None and today <= client.paused_until),
        "no_schedule": today.isoweekday() not in client.delivery_days,
    }
    return next((code for code, holds in reasons.items() if holds), "")


def _code(window: Window | None) -> str:
    if window is None:
        return "cap_total"  # never said: without a window nothing is ever full
    return "money_limit" if window.name == MONEY else f"cap_{window.name}"
