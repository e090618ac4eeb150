"""Workers are killed while they write drafts: money is counted, and every lead has one draft."""

from __future__ import annotations

import os
from functools import partial

import pytest
from django.db.models import Count, Sum
from django.utils import timezone

from clients.models import Plan
from pipeline import audit, budget, starting
from pipeline.models import AiBudget, AiCall, Draft, Run
from tests.flows import conftest, nights
from tests.flows.conftest import until
from tests.integrations import gemini_server
from tests.integrations.gemini_server import Say, answer

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

# The long form: KILLED_LEADS=10000 KILLS=5 IN_FLIGHT=100.
LEADS = int(os.environ.get("KILLED_LEADS", "150"))
KILLS = int(os.environ.get("KILLS", "2"))
IN_FLIGHT = int(os.environ.get("IN_FLIGHT", "8"))
# Whoever is so busy that it loses its lease pays again, too; the long form counts kills alone.
LEASE_SECONDS = 2 if LEADS < 1_000 else 10


def many_leads() -> None:
    rows = "".join(f"ann{n}@acme-{n}.com,Acme {n},France\n" for n in range(LEADS))
    Plan.objects.update(cap_day=None)
    nights.take_in(f"email,company,country\n{rows}", "many.csv")


def drafts_are(count: int) -> bool:
    return Draft.objects.count() >= count


@pytest.fixture
def server(monkeypatch):
    with gemini_server.running() as found:
        found.usually = lambda _asked: Say(body=answer(), seconds=0.2)
        monkeypatch.setattr(conftest, "LEASE_SECONDS", LEASE_SECONDS)
        monkeypatch.setattr(conftest, "PATIENCE", conftest.PATIENCE + LEADS / 20)
        monkeypatch.setenv("TEST_GEMINI_API_KEY", "an-invented-key-for-a-stand-in")
        monkeypatch.setenv("GEMINI_BASE_URL", found.url)
        monkeypatch.setenv("GEMINI_CONCURRENCY", str(IN_FLIGHT))
        monkeypatch.setenv("AI_BUDGET_RUN_CENTS", "5000")  # what is lost counts, too
        monkeypatch.setenv("AI_BUDGET_DAY_CENTS", "5000")
        yield found


class TestWorkersKilledWhileTheyWrite:
    def test_pay_for_no_more_than_was_under_way(self, server, workers):
        nights.make_agency()
        many_leads()
        group = workers.start()
        run = starting.start_now(now=timezone.now(), started_by="test")

        for kill in range(1, KILLS + 1):
            until(partial(drafts_are, kill * LEADS // (KILLS + 2)), ticking=True)
            workers.kill(group)
            group = workers.start()
        until(lambda: Run.objects.get(pk=run.pk).status != "RUNNING", ticking=True)

        pairs = run.forecast_pairs.count()
        assert Run.objects.get(pk=run.pk).status == "DONE"
        assert pairs >= LEADS
        assert Draft.objects.filter(source="AI").count() == Draft.objects.count() == pairs
        assert server.paid <= pairs + KILLS * (IN_FLIGHT + 25)
        assert server.most_in_flight <= IN_FLIGHT
        self._the_books_add_up(run, server.paid)
        assert audit.run()["ok"]

    def _the_books_add_up(self, run: Run, paid: int) -> None:
        outcomes = dict(AiCall.objects.values_list("outcome").annotate(Count("pk")))
        spent = AiCall.objects.aggregate(sum=Sum("micros"))["sum"]
        book = AiBudget.objects.get(run=run)
        assert set(outcomes) == {"PAID", "LOST"}
        assert outcomes["PAID"] + outcomes["LOST"] >= paid  # no call without its row
        assert (book.reserved_micros, book.spent_micros) == (0, spent)
        made = AiCall.objects.values("lead", "client").annotate(n=Count("pk"))
        assert max(row["n"] for row in made) <= budget.MAX_CALLS
