"""What operators are mailed: once for each run, by how it ended, and for a night that was late."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from deliveries.models import Delivery, Mail
from pipeline import audit, chain, digest, happenings, postroom, runs, schedule, starting
from pipeline.models import Heartbeat, Run, RunClient
from tests.factories import NOW, ClientFactory, RunClientFactory, RunFactory, complete_run
from tests.flows import nights

pytestmark = pytest.mark.django_db
IDA = "ida@agency.example"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch, settings):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
    settings.OPERATOR_EMAILS = [IDA]


def night() -> Run:
    run = starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    run.refresh_from_db()
    return run


def digests() -> list[Mail]:
    return list(Mail.objects.filter(kind="DIGEST").order_by("pk"))


def tick() -> None:
    chain.look_after()
    postroom.send()


def written(mail: Mail) -> str:
    eml = project.EMAIL_FILE_PATH / f"{mail.message_id.strip('<>')}.eml"
    return eml.read_text()


class TestAfterARun:
    def test_each_operator_gets_one_however_often_somebody_ticks(self, settings):
        settings.OPERATOR_EMAILS = [IDA, "bob@agency.example", IDA]
        nights.make_agency()
        run = night()

        for _ in range(3):
            tick()

        assert [(mail.recipient, mail.status, mail.run) for mail in digests()] == [
            (IDA, "SENT", run),
            ("bob@agency.example", "SENT", run),
        ]
        assert audit.run()["ok"]

    def test_without_the_setting_superusers_with_an_address_get_it(self, settings):
        settings.OPERATOR_EMAILS = []
        User.objects.create_superuser("ida", email=IDA)
        User.objects.create_superuser("nobody")
        User.objects.create_superuser("gone", email="gone@agency.example", is_active=False)

        assert digest.recipients() == [IDA]

    def test_that_delivered_says_how_much_and_how(self):
        nights.make_agency()
        run = night()
        tick()

        letter = digest.letter(digests()[0])

        assert letter.subject == f"[AILeadGen] Run {run.pk} ran: 4 leads to 2 clients"
        for words in (
            "Validate: 9, 7 (1 not an e-mail address, 1 the row is empty)",
            "Dedupe: 7, 5 (1 the same person stands in this file twice, 1 suppressed for everybody)",
            "Drafts: 4 from the template. AI cost: $0.00. Deliveries still open: 0.",
            f"/admin/pipeline/run/{run.pk}/change/",
        ):
            assert words in letter.text
        assert "4 leads to 2 clients" in letter.html
        assert "ann@acme-pipes.com" not in letter.text + letter.html

    def test_that_found_nothing_says_so_in_its_subject(self):
        run = night()
        tick()

        letter = digest.letter(digests()[0])

        assert letter.subject == f"[AILeadGen] Run {run.pk} ran and found nothing to deliver"

    def test_that_failed_says_so_and_why_and_again_once_it_was_continued(self):
        nights.make_agency()
        run = starting.start_now(now=timezone.now(), started_by="test")
        runs.fail(run.pk, "The disk is full.")
        tick()
        letter = digest.letter(digests()[0])
        assert letter.subject == f"[AILeadGen] Run {run.pk} failed"
        assert "The disk is full." in letter.text
        assert "press Continue" in letter.text

        runs.resume(run.pk)
        nights.work_off()
        tick()

        subjects = [digest.letter(mail).subject for mail in digests()]
        assert subjects[1].startswith(f"[AILeadGen] Run {run.pk} ran: 4 leads")
        assert len(subjects) == 2

    def test_of_yesterday_is_no_news(self):
        RunFactory.create(as_of=timezone.now() - dt.timedelta(days=2))

        tick()

        assert digests() == []

    def test_that_was_cancelled_is_known_to_whoever_cancelled_it(self):
        nights.make_agency()
        run = starting.start_now(now=timezone.now(), started_by="test")
        runs.cancel(run.pk)

        tick()

        assert digests() == []

    def test_says_in_which_zone_its_times_are(self, settings):
        settings.TIME_ZONE = "Asia/Tokyo"
        night()
        tick()

        letter = digest.letter(digests()[0])

        assert "Times are in Asia/Tokyo." in letter.text
        assert "Times are in Asia/Tokyo." in letter.html

    def test_is_written_as_a_mail_with_two_twins(self):
        nights.make_agency()
        night()
        tick()

        text = written(digests()[0])

        assert "multipart/alternative" in text
        assert "text/html" in text
        assert f"To: {IDA}" in text


class TestWhatItTells:
    def test_names_deliveries_that_failed_or_wait(self):
        made = complete_run()
        Delivery.objects.update(status="WAITING", error="The mail server cannot be reached.")

        told = happenings.of_run(made.run)

        assert told.open_deliveries == 1
        assert told.problems == [
            f"The delivery to {made.client} waits: The mail server cannot be reached."
        ]

    def test_names_mails_that_were_refused_or_may_not_have_gone(self):
        made = complete_run()
        Mail.objects.update(status="UNKNOWN", error="The answer was lost.")

        (problem,) = happenings.of_run(made.run).problems

        assert problem == (
            f"The mail to {made.mail.recipient} ({made.client}) may or may not have gone:"
            " The answer was lost."
        )

    @pytest.mark.parametrize(
        ("used", "cap", "said"),
        [
            (77, 100, []),
            (78, 100, ["Acme: 80 of 100 of the month (80%)"]),
            (98, 100, ["Acme: 100 of 100 of the month (100%)"]),
            (0, 0, []),
            (50, None, []),
        ],
    )
    def test_names_caps_from_80_percent_on(self, used, cap, said):
        row = RunClient(
            client=ClientFactory.build(pk=7, name="Acme", plan=None),
            windows=[
                {"window": "month", "cap": cap, "used": used, "left": None},
                {"window": "day", "cap": 2, "used": 0, "left": 2},
            ],
            placed=3,  # one of them was withdrawn since
        )

        assert happenings.caps_of([row], {7: 2}) == said

    def test_names_shortfalls_most_first(self):
        run = RunFactory.create()
        for name, short in (("Acme", 1), ("Bolt", 3), ("Cedar", 0)):
            RunClientFactory.create(
                run=run, client__name=name, shortfall=short, reason="no_stock", left=None
            )

        assert happenings.of_run(run).shortfalls == [
            "Bolt: 3 leads short. Every lead in stock that it may have is placed.",
            "Acme: 1 lead short. Every lead in stock that it may have is placed.",
        ]

    def test_cuts_long_lists_and_says_how_many_more_there_are(self):
        lines = [str(each) for each in range(25)]

        assert happenings.shown(lines) == [
            *lines[:20],
            "and 5 more; the desk has them all.",
        ]


class TestALateNight:
    @pytest.fixture(autouse=True)
    def _schedule(self):
        crontab, _ = CrontabSchedule.objects.get_or_create(hour="2", minute="0", timezone="UTC")
        PeriodicTask.objects.filter(name=schedule.NIGHTLY).update(crontab=crontab, enabled=True)
        task = PeriodicTask.objects.get(name=schedule.NIGHTLY)
        Heartbeat.objects.create(
            name=schedule.MEMORY,
            at=NOW - dt.timedelta(days=30),
            detail=f"{task.crontab} enabled=True",
        )

    def test_that_is_caught_up_at_once_is_told_of_when_an_hour_has_passed(self, monkeypatch):
        late = NOW.replace(hour=6)
        monkeypatch.setattr("pipeline.clock.database_now", lambda: late)

        tick()

        (missed,) = [mail for mail in digests() if mail.night]
        letter = digest.letter(missed)
        run = Run.objects.get(kind="NIGHTLY")
        assert letter.subject == "[AILeadGen] The night of 2 Mar 2026 did not run in time"
        assert "caught up at" in letter.text
        assert f"as run {run.pk}" in letter.text
        assert missed.status == "SENT"

    def test_that_begins_in_time_is_not(self, monkeypatch):
        monkeypatch.setattr("pipeline.clock.database_now", lambda: NOW + dt.timedelta(minutes=5))

        tick()

        assert Run.objects.filter(kind="NIGHTLY").exists()
        assert [mail for mail in digests() if mail.night] == []

    def test_is_told_of_once_and_names_the_run_that_stands_in_its_way(self, monkeypatch):
        nights.make_agency()
        active = starting.start_now(now=NOW, started_by="test")
        monkeypatch.setattr("pipeline.clock.database_now", lambda: NOW.replace(hour=6))

        for _ in range(3):
            chain.look_after()

        (missed,) = [mail for mail in digests() if mail.night]
        assert f"Run {active.pk} is still under way" in digest.letter(missed).text

    def test_names_the_nights_before_that_are_not_caught_up(self, monkeypatch):
        RunFactory.create(kind="NIGHTLY", as_of=NOW - dt.timedelta(days=3))
        monkeypatch.setattr("pipeline.clock.database_now", lambda: NOW.replace(hour=6))

        tick()

        (missed,) = [mail for mail in digests() if mail.night]
        text = digest.letter(missed).text
        assert "Not run at all, and not caught up: 28 Feb 2026, 1 Mar 2026." in text
