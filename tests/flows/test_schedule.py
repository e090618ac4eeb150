"""When a night is due: the schedule is a row, the decision is PostgreSQL's."""

from __future__ import annotations

import datetime as dt

import pytest
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from pipeline import chain, schedule
from pipeline.models import Heartbeat, Run
from pipeline.models.runs import RunKind
from pipeline.schedule import Night, due_night, last_night

pytestmark = pytest.mark.django_db

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def nightly(hour="2", minute="0", zone="UTC", *, enabled=True, changed=LONG_AGO, **parts):
    """Let the seeded schedule say this, and have said so since `changed`."""
    crontab, _ = CrontabSchedule.objects.get_or_create(
        hour=hour, minute=minute, timezone=zone, **parts
    )
    task = PeriodicTask.objects.get(name=schedule.NIGHTLY)
    task.crontab, task.enabled = crontab, enabled
    task.save()
    PeriodicTask.objects.filter(pk=task.pk).update(date_changed=changed)
    return crontab


def ran(day):
    return Run.objects.create(
        kind=RunKind.NIGHTLY, local_date=day, as_of=LONG_AGO, request_key=f"nightly:{day}",
        started_by="test", status="DONE", ended_at=LONG_AGO,
    )  # fmt: skip


class TestDueNight:
    def test_is_tonights_once_its_moment_has_come(self):
        nightly()

        assert due_night(at("2026-11-24T01:59")).local_date == dt.date(2026, 11, 23)
        assert due_night(at("2026-11-24T02:00")) == Night(
            dt.date(2026, 11, 24), at("2026-11-24T02:00")
        )

    def test_catches_up_a_missed_night_and_of_several_the_last(self):
        nightly()
        ran("2026-11-20")

        assert due_night(at("2026-11-24T17:30")).local_date == dt.date(2026, 11, 24)

    def test_is_none_once_the_night_has_run(self):
        nightly()
        ran("2026-11-24")

        assert due_night(at("2026-11-24T02:00")) is None

    def test_is_none_before_the_schedule_was_made_or_changed(self):
        nightly(changed=at("2026-11-24T09:00"))

        assert due_night(at("2026-11-24T09:01")) is None
        assert due_night(at("2026-11-25T02:00")).local_date == dt.date(2026, 11, 25)

    def test_is_none_while_switched_off_and_for_the_nights_meanwhile(self):
        nightly(enabled=False)
        assert due_night(at("2026-11-24T02:00")) is None

        nightly(changed=at("2026-11-24T12:00"))

        assert due_night(at("2026-11-24T12:01")) is None

    def test_is_not_put_off_when_beat_touches_its_row(self):
        nightly()
        due_night(at("2026-11-23T02:00"))
        ran("2026-11-23")

        PeriodicTask.objects.filter(name=schedule.NIGHTLY).update(
            date_changed=at("2026-11-24T02:03"), last_run_at=at("2026-11-24T02:00")
        )

        assert due_night(at("2026-11-24T02:04")).local_date == dt.date(2026, 11, 24)

    def test_is_none_without_a_schedule(self):
        PeriodicTask.objects.filter(name=schedule.NIGHTLY).delete()

        assert due_night(at("2026-11-24T02:00")) is None


class TestLastNight:
    @pytest.mark.parametrize(
        ("hour", "zone", "now", "moment"),
        [
            pytest.param("2", "Europe/Berlin", "2026-11-24T01:30", "2026-11-24T01:00", id="winter"),
            pytest.param("2", "Europe/Berlin", "2026-07-01T01:30", "2026-07-01T00:00", id="summer"),
            pytest.param(
                "2", "Europe/Berlin", "2026-03-29T12:00", "2026-03-29T01:00", id="inside the gap"
            ),
            pytest.param(
                "2", "Europe/Berlin", "2026-10-25T12:00", "2026-10-25T00:00", id="the first of two"
            ),
            pytest.param(
                "23", "America/New_York", "2026-11-24T03:59", "2026-11-23T04:00", id="still evening"
            ),
        ],
    )
    def test_is_local_time_as_a_moment(self, hour, zone, now, moment):
        crontab = nightly(hour=hour, zone=zone)

        assert last_night(crontab, at(now)).moment == at(moment)

    def test_keeps_to_the_days_of_the_schedule(self):
        crontab = nightly(day_of_week="1-5")

        assert last_night(crontab, at("2026-11-22T12:00")).local_date == dt.date(2026, 11, 20)


class TestStartDueNight:
    def test_opens_the_run_of_that_night_once(self):
        nightly(hour="0", minute="0")

        first = chain.start_due_night()

        assert first is not None
        assert (first.kind, first.started_by) == ("NIGHTLY", "schedule")
        assert chain.start_due_night() is None
        assert Run.objects.count() == 1

    def test_waits_for_the_run_that_is_under_way(self):
        nightly(hour="0", minute="0")
        Run.objects.create(
            kind=RunKind.MANUAL, local_date="2026-11-24", as_of=LONG_AGO, request_key="m",
            started_by="test",
        )  # fmt: skip

        assert chain.start_due_night() is None

    def test_remembers_what_the_schedule_said(self):
        nightly()

        due_night(at("2026-11-24T02:00"))

        assert "enabled=True" in Heartbeat.objects.get(name=schedule.MEMORY).detail
