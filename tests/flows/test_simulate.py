"""Simulate: it says what the run would do, by the run's own code, and leaves no trace."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.utils import timezone

from clients.models import Client, Plan, Suppression, TargetRule
from pipeline import report, simulating, starting
from pipeline.models import Lead, LeadFile, Run
from pipeline.stages import dedupe
from tests import factories as make
from tests.flows import nights
from tests.flows.commands import ask

pytestmark = pytest.mark.django_db

COUNTRIES = ("Germany", "France", "Italy", "Spain")


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def rows_of_every_table():
    """Each table's rows as they stand: not their number alone."""
    models: list[Any] = list(apps.get_models())
    return {model._meta.label: sorted(map(repr, model.objects.values_list())) for model in models}


def stored_files(folder=""):
    folders, files = default_storage.listdir(folder or ".")
    found = {f"{folder}{name}": default_storage.size(f"{folder}{name}") for name in files}
    for name in folders:
        found |= stored_files(f"{folder}{name}/")
    return found


def make_market(seed: int) -> None:
    """Clients that compete for a few hundred leads in two files, some of them dirty."""
    chance = random.Random(seed)  # noqa: S311  (a repeatable market, no secret)
    for n in range(8):
        plan = Plan.objects.create(
            name=f"Plan {n}",
            cap_day=chance.choice([None, 0, 3, 10, 40]),
            cap_month=chance.choice([None, 25]),
            max_per_domain=chance.choice([None, 1, 2]),
        )
        client = Client.objects.create(
            name=f"Client {n}",
            plan=plan,
            priority=chance.randint(1, 3),
            pacing=chance.choice(["ASAP", "EVEN"]),
            offer="We mend what others throw away.",
            sender_name="Ida Ivers",
            emails=[f"leads@client-{n}.example"],
        )
        wanted = chance.sample(COUNTRIES, chance.randint(1, 2))
        TargetRule.objects.create(client=client, field="country", operator="IN", values=wanted)
    for n in range(2):
        nights.take_in(lead_file_text(chance), name=f"leads-{n}.csv")
    Suppression.objects.add([nights.key_of("ann7@firm3.com")])


def lead_file_text(chance: random.Random) -> str:
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(["First Name", "Last Name", "Company", "Email", "Country", "Website"])
    for _ in range(150):
        firm, person = chance.randint(1, 12), chance.randint(1, 60)
        email = chance.choice([f"ann{person}@firm{firm}.com"] * 9 + ["no address"])
        site = f"https://firm{firm}.com"
        writer.writerow(["Ann", f"Ashby {person}", f"Firm {firm}", email,
                         chance.choice(COUNTRIES), site])  # fmt: skip
    return rows.getvalue()


def real_run(as_of):
    """What the same moment makes of the same data when it is no simulation."""
    run = starting.start_now(now=as_of, started_by="test")
    nights.work_off()
    run.refresh_from_db()
    return run


def comparable(found):
    """Stages up to allocate by their counts, and who gets how many."""
    return (
        [(one["stage"], one["seen"], one["kept"], one["dropped"]) for one in found["stages"][:4]],
        [(one["client"], one["leads"]) for one in found["deliveries"]],
        found["drafts"],
        found["cost_cents"],
    )


def simulated(as_of=None):
    as_of = as_of or timezone.now()
    return simulating.simulate(
        as_of=as_of, local_date=starting.local_date(as_of), started_by="test"
    )


class TestTheSimulation:
    def test_of_the_small_agency_tells_what_its_night_does(self):
        nights.make_agency()
        now = timezone.now()

        found = simulated(now)
        run = real_run(now)

        assert comparable(found) == comparable(report.run_object(run))
        assert [(one["client"], one["placed"]) for one in found["clients"]] == [
            ("Franken", 2),
            ("Germania", 2),
        ]
        assert found["left_over"] == {"filter": 1}

    @pytest.mark.parametrize("seed", range(4))
    def test_of_a_market_tells_what_its_night_does(self, seed):
        make_market(seed)
        now = timezone.now() + dt.timedelta(days=9 * seed)  # what is due depends on the day

        found = simulated(now)
        run = real_run(now)

        assert comparable(found) == comparable(report.run_object(run))
        assert [
            (one["client"], one["left"], one["placed"], one["shortfall"], one["reason"])
            for one in found["clients"]
        ] == list(
            run.run_clients.order_by("client__name").values_list(
                "client__name", "left", "placed", "shortfall", "reason"
            )
        )
        assert sum(one["placed"] for one in found["clients"]) > 0

    def test_keeps_back_what_a_person_would_look_at_first(self, server):
        nights.make_agency()
        Client.objects.filter(name="Germania").update(review="ALL")
        now = timezone.now()

        found = simulated(now)
        asked = len(server.asked)
        run = real_run(now)

        assert asked == 0
        *counts, _cost = comparable(found)
        *real, _cost = comparable(report.run_object(run))
        assert counts == real
        assert found["left_over"] == run.stage_runs.get(stage="ALLOCATE").reasons
        assert found["left_over"]["held_review"] == 2

    @pytest.mark.parametrize("seed", [7, 11, 23])
    def test_of_a_second_night_tells_what_that_does_with_what_is_left(self, seed):
        make_market(seed)
        real_run(timezone.now())
        chance = random.Random(seed + 1)  # noqa: S311  (repeatable, no secret)
        nights.take_in(lead_file_text(chance), name="later.csv")
        Plan.objects.filter(cap_day__gt=0).update(cap_day=F("cap_day") + 2)
        now = timezone.now()

        assert comparable(simulated(now)) == comparable(report.run_object(real_run(now)))

    def test_leaves_no_trace_in_any_table_and_in_storage(self):
        make_market(3)
        rows, files = rows_of_every_table(), stored_files()

        simulated()

        assert rows_of_every_table() == rows
        assert stored_files() == files
        assert rows["pipeline.LeadFile"]
        assert files

    def test_stops_before_anything_leaves_the_house(self):
        nights.make_agency()

        found = simulated()

        assert [one["status"] for one in found["stages"]] == [*["DONE"] * 4, *["WAITING"] * 3]
        assert {(one["status"], one["file"], one["link"]) for one in found["deliveries"]} == {
            ("ALLOCATED", None, None)
        }
        assert (found["simulated"], found["run"], found["open_deliveries"]) == (True, None, 2)

    def test_with_nothing_to_do_is_empty(self):
        found = simulated()

        assert found["deliveries"] == found["clients"] == []
        assert [one["status"] for one in found["stages"]][:4] == ["DONE"] * 4

    def test_of_a_file_that_vanished_says_so_as_the_night_would(self):
        lead_file = nights.make_agency()
        default_storage.delete(lead_file.storage_name)

        found = simulated()

        assert found["stages"][0]["kept"] == 0
        assert LeadFile.objects.get(pk=lead_file.pk).status == "QUEUED"

    def test_in_which_a_stage_breaks_says_why_and_leaves_no_trace(self, monkeypatch):
        nights.make_agency()

        def break_down(*_arguments):
            raise RuntimeError("the solver is on strike")

        monkeypatch.setattr("pipeline.stages.allocate.write", break_down)
        found = simulated()

        assert found["status"] == "FAILED"
        assert found["error"] == "RuntimeError: the solver is on strike"
        assert not Run.objects.exists()
        assert not Lead.objects.exists()


class TestRunPipelineSimulate:
    def test_needs_no_worker_and_writes_nothing(self):
        nights.make_agency()

        code, found = ask("run_pipeline", "--simulate")

        assert (code, found["simulated"]) == (0, True)
        assert [(one["client"], one["leads"]) for one in found["deliveries"]] == [
            ("Franken", 2),
            ("Germania", 2),
        ]
        assert not Run.objects.exists()

    def test_while_a_run_is_active_exits_3_with_that_one(self):
        nights.make_agency()
        run = starting.start_now(now=timezone.now(), started_by="test")

        code, found = ask("run_pipeline", "--simulate")

        assert (code, found["run"]) == (3, run.pk)

    def test_takes_the_nightly_time_of_a_day(self, settings):
        nights.make_agency()
        day = timezone.now().date() - dt.timedelta(days=1)

        code, found = ask("run_pipeline", "--simulate", "--date", day.isoformat())

        assert (code, found["local_date"]) == (0, day.isoformat())
        assert found["as_of"].startswith(f"{day}T{settings.NIGHTLY_AT:%H:%M}")

    def test_of_a_night_that_has_been_is_told_anew(self):
        nights.make_agency()
        day = timezone.now().date() - dt.timedelta(days=1)
        make.RunFactory.create(kind="NIGHTLY", local_date=day)

        code, found = ask("run_pipeline", "--simulate", "--date", day.isoformat())

        assert (code, found["simulated"]) == (0, True)

    def test_of_a_day_to_come_exits_2(self):
        code, found = ask("run_pipeline", "--simulate", "--date", "2999-01-01")

        assert (code, found["error"]) == (2, "2999-01-01 has not come yet.")

    def test_shows_a_person_who_would_get_what(self, capsys):
        nights.make_agency()

        call_command("run_pipeline", "--simulate")

        shown = capsys.readouterr().out
        assert "Germania" in shown
        assert "simulated: nothing was written" in shown


class TestThePage:
    @pytest.fixture
    def desk(self, client):
        client.force_login(User.objects.create_superuser("ida"))
        return client

    def test_shows_who_would_get_what_and_writes_nothing(self, desk):
        nights.make_agency()
        rows = rows_of_every_table()

        shown = desk.post("/admin/pipeline/run/simulate/").content.decode()

        assert "Germania" in shown
        assert "Nothing was written" in shown
        changed = rows_of_every_table()
        assert {name for name in rows if rows[name] != changed[name]} <= {"sessions.Session"}

    def test_is_a_button_not_an_address(self, desk):
        assert desk.get("/admin/pipeline/run/simulate/").status_code == 405

    def test_while_a_run_is_active_leads_to_that_run(self, desk):
        nights.make_agency()
        run = starting.start_now(now=timezone.now(), started_by="test")

        response = desk.post("/admin/pipeline/run/simulate/")

        assert response["Location"] == f"/admin/pipeline/run/{run.pk}/change/"

    def test_stands_on_the_overview_and_above_the_runs(self, desk):
        for address in ("/admin/", "/admin/pipeline/run/"):
            assert "/admin/pipeline/run/simulate/" in desk.get(address).content.decode()


class TestTheDatabase:
    def test_keeps_nobody_from_reading_leads_while_it_is_simulated(self, monkeypatch):
        """As an emptied table would, until it is taken back."""
        monkeypatch.setattr(dedupe, "LARGE", 1)
        nights.make_agency()
        found: list[str] = []

        def look(_run: Run) -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    """SELECT relation::regclass::text FROM pg_locks
                        WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock'
                          AND relation::regclass::text LIKE 'pipeline_%'"""
                )
                found.extend(name for (name,) in cursor.fetchall())

        now = timezone.now()
        simulating.simulate(as_of=now, local_date=now.date(), started_by="test", look=look)

        assert found == []
