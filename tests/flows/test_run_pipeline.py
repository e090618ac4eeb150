"""`run_pipeline` and `audit` as scripts meet them: exit codes, and one object on stdout."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from django.utils import timezone

from deliveries.models import Delivery
from pipeline import following, report, runs, services, starting
from pipeline.models import Heartbeat, Run
from pipeline.states import Stage
from tests import factories as make
from tests.flows import commands, nights
from tests.flows.commands import ask
from tests.flows.conftest import until

STAGE_KEYS = {"stage", "status", "seen", "kept", "dropped", "seconds", "workers"}


@pytest.fixture
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


@pytest.fixture
def a_worker():
    services.beat("worker:night-shift:17")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestWithAWorker:
    def test_a_night_is_followed_to_its_end_and_told_in_one_object(self, workers):
        nights.make_agency()
        group = workers.start()
        until(services.live_workers)

        told = commands.run("run_pipeline", "--wait", "--json", env=commands.on_the_test_database())

        found = commands.the_object(told.stdout)
        assert (told.returncode, found["status"], found["error"]) == (0, "DONE", "")
        assert found["run"] == Run.objects.get().pk
        assert [stage["stage"] for stage in found["stages"]] == [stage.lower() for stage in Stage]
        assert {frozenset(stage) for stage in found["stages"]} == {frozenset(STAGE_KEYS)}
        assert {stage["status"] for stage in found["stages"]} == {"DONE"}
        assert [(one["client"], one["leads"], one["status"]) for one in found["deliveries"]] == [
            ("Franken", 2, "LOGGED"),
            ("Germania", 2, "LOGGED"),
        ]
        assert all(one["file"] and one["link"] for one in found["deliveries"])
        assert found["drafts"] == {"ai": 0, "template": 4, "human": 0}
        assert (found["open_deliveries"], found["cost_cents"]) == (0, 0.0)
        assert "validate" in told.stderr
        for stage in found["stages"]:
            assert stage["workers"]
            assert all(name.count(":") == 1 for name in stage["workers"])
        workers.end(group)
        assert services.live_workers() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_broker")
class TestRunPipeline:
    def test_withouta_worker_does_nothing_and_says_how_to_start_one(self):
        nights.make_agency()

        code, found = ask("run_pipeline")

        assert code == 2
        assert found == {
            "error": "No worker is running.",
            "hint": "Start one with `make up`, or `celery -A leadgen worker`.",
        }
        assert not Run.objects.exists()

    def test_whose_worker_has_died_does_nothing(self, a_worker):
        Heartbeat.objects.update(at=timezone.now() - dt.timedelta(minutes=5))

        assert ask("run_pipeline")[0] == 2

    def test_starts_a_manual_run_and_does_none_of_it_itself(self, a_worker):
        nights.make_agency()

        code, found = ask("run_pipeline")

        run = Run.objects.get()
        assert (code, found["run"], found["status"]) == (0, run.pk, "RUNNING")
        assert run.kind == "MANUAL"
        assert [stage["status"] for stage in found["stages"]] == ["RUNNING", *["WAITING"] * 6]
        assert {frozenset(stage) for stage in found["stages"]} == {frozenset(STAGE_KEYS)}
        assert all(stage["workers"] == [] for stage in found["stages"])
        assert found["deliveries"] == []

    def test_by_an_account_without_a_name_is_started_by_its_number(self, a_worker, monkeypatch):
        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("os.getuid", lambda: 54_321)

        code, _ = ask("run_pipeline")

        assert (code, Run.objects.get().started_by) == (0, "uid 54321")

    def test_while_a_run_is_active_starts_none_and_tells_of_that_one(self, a_worker):
        nights.make_agency()
        _, first = ask("run_pipeline")

        code, found = ask("run_pipeline", "--wait")

        assert (code, found) == (3, first)
        assert Run.objects.count() == 1

    def test_that_failed_exits_1_with_the_reason(self, a_worker, monkeypatch):
        nights.make_agency()
        started = starting.start_now

        def start_and_fail(**how):
            run = started(**how)
            runs.fail(run.pk, "the disk is full")
            return run

        monkeypatch.setattr(starting, "start_now", start_and_fail)
        code, found = ask("run_pipeline", "--wait")

        assert (code, found["status"], found["error"]) == (1, "FAILED", "the disk is full")
        assert found["stages"][0]["status"] == "FAILED"

    def test_whose_last_worker_dies_meanwhile_stops_following(self, a_worker, monkeypatch):
        nights.make_agency()
        monkeypatch.setattr("pipeline.tasks.wake", lambda: Heartbeat.objects.all().delete())

        code, found = ask("run_pipeline", "--wait")

        assert (code, found["error"]) == (2, "No worker is running.")
        assert Run.objects.get().status == "RUNNING"

    def test_for_a_past_day_acts_as_of_its_night(self, a_worker, settings):
        day = timezone.now().date() - dt.timedelta(days=1)

        code, found = ask("run_pipeline", "--date", day.isoformat())

        run = Run.objects.get()
        assert (code, found["local_date"], run.kind) == (0, day.isoformat(), "NIGHTLY")
        assert run.as_of == dt.datetime.combine(day, settings.NIGHTLY_AT, tzinfo=dt.UTC)

    def test_for_a_day_long_ago_exits_2_where_no_run_came_before(self):
        code, found = ask("run_pipeline", "--simulate", "--date", "0001-01-01")

        assert code == 2
        assert found["error"] == "0001-01-01 is too long ago."

    @pytest.mark.parametrize(
        ("date", "sentence"),
        [
            pytest.param("2999-01-01", "2999-01-01 has not come yet.", id="future"),
            pytest.param("2020-01-01", "lies before the latest run", id="before the latest"),
            pytest.param("tomorrow", "'tomorrow' is no date.", id="none"),
            pytest.param("", "'' is no date.", id="nothing"),
            pytest.param("20261120", "'20261120' is no date.", id="without hyphens"),
            pytest.param("2026-02-30", "'2026-02-30' is no date.", id="no such day"),
        ],
    )
    def test_for_a_day_that_cannot_be_exits_2(self, a_worker, date, sentence):
        make.RunFactory.create()

        code, found = ask("run_pipeline", "--date", date)

        assert code == 2
        assert set(found) == {"error", "hint"}
        assert sentence in found["error"]
        assert found["hint"]
        assert Run.objects.count() == 1

    def test_interrupted_says_that_the_run_goes_on(self, a_worker, monkeypatch):
        nights.make_agency()

        def ctrl_c(*_arguments, **_more):
            raise KeyboardInterrupt

        monkeypatch.setattr(following, "follow", ctrl_c)
        code, found = ask("run_pipeline", "--wait")

        assert code == 130
        assert found["error"] == "Interrupted."
        assert Run.objects.get().status == "RUNNING"

    def test_shows_a_person_tables(self, a_worker, capsys):
        nights.make_agency()

        call_command("run_pipeline")

        shown = capsys.readouterr().out
        assert "validate" in shown
        assert f"run {Run.objects.get().pk}: RUNNING" in shown


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_broker")
class TestFollowing:
    def test_shows_every_stage_and_returns_the_run_that_ended(self):
        nights.make_agency()
        run = starting.start_now(now=timezone.now(), started_by="test")
        console = commands.nobody_reads()

        followed = following.follow(run, console, idle=nights.work_off)

        assert followed.status == "DONE"
        shown = console.export_text()
        assert all(stage.lower() in shown for stage in Stage)

    def test_tables_tell_what_was_dropped_and_what_was_delivered(self):
        nights.make_agency()
        run = starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()
        run.refresh_from_db()
        found = report.run_object(run)
        console = commands.nobody_reads()

        console.print(following.stage_table(found))
        console.print(following.delivery_table(found))

        shown = console.export_text()
        assert "bad_email 1, blank 1" in shown
        assert Delivery.objects.get(client__name="Franken").storage_name in shown


@pytest.mark.django_db
class TestReport:
    def test_a_running_stage_of_a_running_run_has_no_duration_yet(self):
        run = make.RunFactory.create(status="RUNNING")
        stage_run = make.StageRunFactory.create(run=run, status="RUNNING")

        assert report.seconds_of(stage_run, run) == 0.0

    def test_counts_the_open_deliveries_beside_what_they_met(self):
        run = make.RunFactory.create()
        make.DeliveryFactory.create(run=run, status="WAITING", error="no answer")
        make.DeliveryFactory.create(run=run, status="FAILED", error="refused")
        make.DeliveryFactory.create(run=run, status="LOGGED")

        found = report.run_object(run)

        assert found["open_deliveries"] == 2
        assert sorted(one["error"] for one in found["deliveries"]) == ["", "no answer", "refused"]


@pytest.mark.django_db
class TestAudit:
    def test_of_rows_that_hold_exits_0(self):
        make.complete_run()

        code, found = ask("audit")

        assert (code, found["ok"]) == (0, True)
        assert all(
            set(check) == {"name", "title", "violations", "ids"} for check in found["checks"]
        )
        assert found["checks"][0]["name"] == "A01"

    def test_of_a_violation_exits_1_and_names_the_rows(self):
        night = make.complete_run()
        Delivery.objects.filter(pk=night.delivery.pk).update(rows=7)

        code, found = ask("audit")

        broken = [check for check in found["checks"] if check["violations"]]
        assert (code, found["ok"]) == (1, False)
        assert any(night.delivery.pk in check["ids"] for check in broken)

    def test_shows_a_person_what_is_broken(self, capsys):
        night = make.complete_run()
        Delivery.objects.filter(pk=night.delivery.pk).update(rows=7)

        with pytest.raises(SystemExit) as ending:
            call_command("audit")

        shown = capsys.readouterr().out
        assert ending.value.code == 1
        assert "broken: A" in shown
        assert str(night.delivery.pk) in shown
