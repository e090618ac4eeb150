"""Starting a run by hand: from the shell, the admin, or the demo."""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo

from django.conf import settings

from pipeline import chain, schedule, tasks
from pipeline.models import Run
from pipeline.models.runs import RunKind

EARLIEST = dt.date(2000, 1, 1)  # all leads and clients are younger


class BadDate(Exception):
    """The message says in one sentence why no run can be as of that day."""


def start_now(*, now: dt.datetime, started_by: str, request_key: str = "") -> Run:
    """Start a MANUAL run as of now and wake the workers. Raises runs.RunIsActive.

    The same request_key (a form's own id) starts one run, however often it is sent.
    """
    return _start(RunKind.MANUAL, local_date(now), now, started_by, request_key)


def start_as_of(day: dt.date, *, now: dt.datetime, started_by: str) -> Run:
    """Start that day's NIGHTLY run as of NIGHTLY_AT, or return it where it has been.

    Raises BadDate or runs.RunIsActive.
    """
    as_of = moment_of(day, now=now)
    return _start(RunKind.NIGHTLY, day, as_of, started_by, chain.night_key(day))


def moment_of(day: dt.date, *, now: dt.datetime) -> dt.datetime:
    """That day at NIGHTLY_AT. Raises BadDate where no run can be as of it."""
    if day > local_date(now):
        raise BadDate(f"{day} has not come yet.")
    if day < EARLIEST:
        raise BadDate(f"{day} is too long ago.")
    latest = Run.objects.order_by("-local_date", "-pk").first()
    if latest is not None and day < latest.local_date:
        raise BadDate(f"{day} lies before the latest run, which was for {latest.local_date}.")
    moment = schedule.moment_at(day, settings.NIGHTLY_AT, _zone())
    if moment > now:  # as of a moment to come, every window and age would be wrong
        raise BadDate(f"{settings.NIGHTLY_AT:%H:%M} of {day}, in {_zone()}, has not come yet.")
    return moment


def _start(
    kind: RunKind, local_date: dt.date, as_of: dt.datetime, started_by: str, request_key: str
) -> Run:
    run = chain.start(
        kind=kind,
        local_date=local_date,
        as_of=as_of,
        request_key=request_key or f"manual:{uuid.uuid4()}",
        started_by=started_by,
    )
    tasks.wake()
    return run


def _zone() -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def local_date(now: dt.datetime) -> dt.date:
    """The business day of a moment."""
    return now.astimezone(_zone()).date()
