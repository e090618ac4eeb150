"""When a nightly run is due. The time is data: a periodic task, edited in the admin.

Beat's own firing is only a hurry-up; due-ness is decided here, from PostgreSQL's clock. A night
is due if its moment lies after the schedule was made, enabled or changed, and no later night
has run: a missed night is caught up, of several only the last (design, 2).
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass

from django_celery_beat.models import CrontabSchedule, PeriodicTask

from pipeline.models import Heartbeat, Run
from pipeline.models.runs import RunKind

NIGHTLY = "Nightly run"
LOOK_BACK_DAYS = 32  # a schedule may name days of the month
MEMORY = "schedule:nightly"


@dataclass(frozen=True)
class Night:
    local_date: dt.date
    moment: dt.datetime


def due_night(now: dt.datetime) -> Night | None:
    """The night that should be running by `now` and has not; None where all is well."""
    task = (
        PeriodicTask.objects.filter(name=NIGHTLY).select_related("crontab").order_by("pk").first()
    )
    if task is None or task.crontab is None:
        return None
    changed_at = _changed_at(task)
    night = last_night(task.crontab, now)
    if not task.enabled or night is None or night.moment <= changed_at:
        return None
    if Run.objects.filter(kind=RunKind.NIGHTLY, local_date__gte=night.local_date).exists():
        return None
    return night


def skipped_before(night: dt.date) -> list[dt.date]:
    """Nights since the last nightly run before `night` that no run was made for."""
    task = PeriodicTask.objects.filter(name=NIGHTLY).select_related("crontab").first()
    before = Run.objects.filter(kind=RunKind.NIGHTLY, local_date__lt=night)
    last = before.order_by("-local_date").values_list("local_date", flat=True).first()
    if task is None or task.crontab is None or last is None:
        return []
    zone = zoneinfo.ZoneInfo(str(task.crontab.timezone))
    days = (night - last).days
    between = [last + dt.timedelta(days=each) for each in range(1, min(days, LOOK_BACK_DAYS))]
    return [each for each in between if _night_on(task.crontab, each, zone)]


def _changed_at(task: PeriodicTask) -> dt.datetime:
    """When the schedule last became what it is.

    The row's own date_changed also moves whenever beat fires it, so what it said is remembered
    beside the moment at which it first said so.
    """
    says = f"{task.crontab} enabled={task.enabled}"
    known = Heartbeat.objects.filter(name=MEMORY, detail=says).order_by("pk").first()
    if known is not None:
        return known.at
    Heartbeat.objects.update_or_create(
        name=MEMORY, defaults={"at": task.date_changed, "detail": says}
    )
    changed: dt.datetime = task.date_changed
    return changed


def last_night(crontab: CrontabSchedule, now: dt.datetime) -> Night | None:
    """The latest moment of the crontab that is not after `now`, in the crontab's own zone.

    One night a day: of several times on a day the first counts. A time that a clock change
    skips happens as much later as the clock was set forward.
    """
    zone = zoneinfo.ZoneInfo(str(crontab.timezone))
    today = now.astimezone(zone).date()
    for back in range(LOOK_BACK_DAYS):
        night = _night_on(crontab, today - dt.timedelta(days=back), zone)
        if night is not None and night.moment <= now:
            return night
    return None


def _night_on(crontab: CrontabSchedule, day: dt.date, zone: zoneinfo.ZoneInfo) -> Night | None:
    times = crontab.schedule
    falls_due = (
        day.isoweekday() % 7 in times.day_of_week
        and day.day in times.day_of_month
        and day.month in times.month_of_year
    )
    if not falls_due:
        return None
    at = dt.time(min(times.hour), min(times.minute))
    return Night(day, moment_at(day, at, zone))


def moment_at(day: dt.date, at: dt.time, zone: dt.tzinfo) -> dt.datetime:
    """That local time as a moment in UTC; inside a gap, later by the gap's length."""
    return dt.datetime.combine(day, at, tzinfo=zone).astimezone(dt.UTC)
