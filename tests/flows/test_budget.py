"""The AI's money: caps that nobody passes, and a ledger that adds up."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pipeline import budget, prices
from pipeline.budget import Settled, Wanted
from pipeline.models import AiBudget, AiCall, Chunk
from pipeline.models.money import CallOutcome
from pipeline.states import LostRace
from tests.factories import ChunkFactory, ClientFactory, LeadFactory, RunFactory

CENT = prices.MICROS_PER_CENT


def wanted(count=1, micros=CENT, lead=None, client=None) -> list[Wanted]:
    lead = lead or LeadFactory.create()
    client = client or ClientFactory.create()
    return [Wanted(lead_id=lead.pk, client_id=client.pk, micros=micros) for _ in range(count)]


def paid(call_id: int, micros: int = 100) -> Settled:
    return Settled(
        call_id=call_id, outcome=CallOutcome.PAID, micros=micros, tokens_in=9, tokens_out=3
    )


def books() -> dict[str, tuple[int, int, int]]:
    rows = AiBudget.objects.values_list("scope", "cap_micros", "reserved_micros", "spent_micros")
    return {scope: (cap, reserved, spent) for scope, cap, reserved, spent in rows}


def leased() -> Chunk:
    until = timezone.now() + dt.timedelta(minutes=1)
    found: Chunk = ChunkFactory.create(attempt=1, status="LEASED", lease_until=until)
    return found


@pytest.mark.django_db
class TestReserving:
    def test_is_refused_to_a_worker_that_lost_its_chunk(self):
        chunk = leased()
        Chunk.objects.update(attempt=2)

        with pytest.raises(LostRace):
            budget.reserve(chunk.stage_run.run, wanted(), chunk=chunk)

        assert not AiCall.objects.exists()

    def test_takes_from_the_run_and_the_day(self, settings):
        settings.AI_BUDGET_RUN_CENTS, settings.AI_BUDGET_DAY_CENTS = 5, 50

        ids = budget.reserve(RunFactory.create(), wanted(3))

        assert len(ids) == 3
        assert books() == {"RUN": (5 * CENT, 3 * CENT, 0), "DAY": (50 * CENT, 3 * CENT, 0)}
        assert set(AiCall.objects.values_list("outcome", flat=True)) == {"RESERVED"}

    @pytest.mark.parametrize(("run_cents", "day_cents"), [(2, 50), (50, 2)])
    def test_gives_as_many_as_both_caps_allow(self, settings, run_cents, day_cents):
        settings.AI_BUDGET_RUN_CENTS, settings.AI_BUDGET_DAY_CENTS = run_cents, day_cents

        assert len(budget.reserve(RunFactory.create(), wanted(25))) == 2

    @pytest.mark.parametrize("name", ["AI_BUDGET_RUN_CENTS", "AI_BUDGET_DAY_CENTS"])
    def test_of_0_cents_gives_nothing(self, settings, name):
        setattr(settings, name, 0)

        assert budget.reserve(RunFactory.create(), wanted()) == []

    def test_of_a_second_run_finds_what_the_day_has_left(self, settings):
        settings.AI_BUDGET_RUN_CENTS, settings.AI_BUDGET_DAY_CENTS = 5, 7
        budget.reserve(RunFactory.create(), wanted(5))

        assert len(budget.reserve(RunFactory.create(), wanted(5))) == 2

    def test_under_a_cap_that_was_lowered_stops_and_takes_nothing_back(self, settings):
        run = RunFactory.create()
        budget.reserve(run, wanted(4))
        settings.AI_BUDGET_RUN_CENTS = 2

        assert budget.reserve(run, wanted()) == []
        assert books()["RUN"][:2] == (4 * CENT, 4 * CENT)

    def test_the_database_itself_refuses_to_pass_a_cap(self):
        budget.reserve(RunFactory.create(), wanted())

        with pytest.raises(IntegrityError, match="never_passed"), transaction.atomic():
            AiBudget.objects.update(spent_micros=F("cap_micros"))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestEightAtOnce:
    def test_never_pass_a_cap(self, settings):
        """Each reserves and settles blocks until nothing is left."""
        settings.AI_BUDGET_RUN_CENTS, settings.AI_BUDGET_DAY_CENTS = 100, 61
        run, lead, client = RunFactory.create(), LeadFactory.create(), ClientFactory.create()
        barrier = threading.Barrier(8)

        def spend(_number: int) -> list[int]:
            got: list[int] = []
            barrier.wait()
            while ids := budget.reserve(run, wanted(7, CENT // 2, lead, client)):
                budget.settle(paid(call_id, CENT // 4) for call_id in ids)
                got.extend(ids)
            connection.close()
            return got

        with ThreadPoolExecutor(8) as racers:
            got = [call_id for part in racers.map(spend, range(8)) for call_id in part]

        spent = AiCall.objects.filter(outcome="PAID").count() * (CENT // 4)
        assert len(got) == len(set(got)) == AiCall.objects.count()
        assert books()["DAY"] == (61 * CENT, 0, spent)
        assert books()["RUN"] == (100 * CENT, 0, spent)
        assert 61 * CENT - 8 * 7 * CENT // 2 <= spent <= 61 * CENT


@pytest.mark.django_db
class TestSettling:
    def test_moves_what_it_cost_to_spent_and_frees_the_rest(self):
        run = RunFactory.create()
        first, second = budget.reserve(run, wanted(2))

        budget.settle([paid(first, 300), Settled(call_id=second, outcome=CallOutcome.REFUSED)])

        assert books()["RUN"][1:] == (0, 300)
        assert budget.spent_micros(run) == 300

    def test_happens_once_whoever_settles_again(self):
        (call,) = budget.reserve(RunFactory.create(), wanted())
        budget.settle([paid(call, 300)])

        budget.settle([paid(call, 900)])

        assert books()["RUN"][1:] == (0, 300)
        assert AiCall.objects.get().micros == 300

    def test_of_more_than_was_reserved_fills_the_budget_and_is_told(self, settings, caplog):
        settings.AI_BUDGET_RUN_CENTS = 2
        (call,) = budget.reserve(RunFactory.create(), wanted())

        budget.settle([paid(call, 3 * CENT)])

        assert books()["RUN"] == (2 * CENT, 0, 2 * CENT)
        assert AiCall.objects.get().micros == 3 * CENT
        assert "cost more than was reserved" in caplog.text

    def test_of_nothing_does_nothing(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            budget.settle([])


@pytest.mark.django_db
class TestACallWithoutAnEnd:
    def test_is_lost_once_its_lease_is_over_and_counts_as_spent(self):
        first, _ = budget.reserve(RunFactory.create(), wanted(2))
        AiCall.objects.filter(pk=first).update(lease_until=timezone.now() - dt.timedelta(hours=1))

        assert budget.lose_abandoned() == 1

        assert AiCall.objects.get(pk=first).outcome == "LOST"
        assert books()["RUN"][1:] == (CENT, CENT)

    def test_is_lost_when_another_attempt_takes_its_chunk_over(self):
        chunk = leased()
        budget.reserve(chunk.stage_run.run, wanted(), chunk=chunk)
        chunk.attempt = 2

        assert budget.lose_of(chunk) == 1
        assert budget.lose_of(chunk) == 0

    def test_that_ends_after_all_is_not_paid_twice(self):
        (call,) = budget.reserve(RunFactory.create(), wanted())
        AiCall.objects.update(lease_until=timezone.now() - dt.timedelta(hours=1))
        budget.lose_abandoned()

        budget.settle([paid(call)])

        assert AiCall.objects.get().outcome == "LOST"
        assert books()["RUN"][1:] == (0, CENT)


@pytest.mark.django_db
class TestPrices:
    def test_are_dollars_per_million_tokens_rounded_up(self):
        """0.30 and 2.50: 800 times 0.30 and 250 times 2.50 are 865 millionths."""
        assert prices.price(800, 250) == 865
        assert prices.price(1, 0) == 1
        assert prices.price(800, 250, share=prices.FLEX_SHARE) == 433

    def test_of_an_estimate_are_those_of_usual_drafts(self):
        found = prices.estimate(1_000)

        assert (found.tokens_in, found.tokens_out) == (800_000, 250_000)
        assert found.cents == 86.5

    def test_of_an_estimate_follow_what_drafts_took_of_late(self):
        (call,) = budget.reserve(RunFactory.create(), wanted())
        budget.settle([paid(call)])

        found = prices.estimate(1_000)

        assert (found.tokens_in, found.tokens_out) == (9_000, 3_000)

    def test_of_a_run_are_shown_in_cents(self):
        assert prices.in_cents(865) == 0.0865


@pytest.mark.django_db
class TestCallsOfTwoDays:
    def test_are_settled_under_all_locks_at_once(self):
        """A lock for each day in turn would meet `reserve`, which holds the run's, in a deadlock."""
        run = RunFactory.create()
        budget.reserve(run, wanted(2))
        first = AiCall.objects.earliest("pk")
        yesterday = first.day - dt.timedelta(days=1)
        AiCall.objects.filter(pk=first.pk).update(day=yesterday)
        AiBudget.objects.create(scope="DAY", day=yesterday, cap_micros=CENT, reserved_micros=CENT)

        with CaptureQueriesContext(connection) as asked:
            budget.settle(
                budget.Settled(call_id=pk, outcome=CallOutcome.PAID, micros=1)
                for pk in AiCall.objects.values_list("pk", flat=True)
            )

        books = [query["sql"] for query in asked if "pipeline_aibudget" in query["sql"]]
        assert ["FOR UPDATE" in sql for sql in books] == [True, False, False]
        assert AiBudget.objects.get(scope="RUN").reserved_micros == 0
