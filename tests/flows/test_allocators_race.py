"""Eight allocators at once, each a process with its own connection: no cap passed, no lead twice.

Raced are, first, eight workers that were woken for the one allocate chunk of a run; and second,
what cannot happen while only one run may be active, and must do no harm if it ever could: eight
runs that allocate the same stock for the same clients at the same moment, each as of another day.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from clients.models import Client
from deliveries.models import DeliveredLead
from pipeline import audit, starting
from pipeline.models import Chunk, Lead, RunClient
from tests import factories as make
from tests.flows import nights
from tests.flows.commands import on_the_test_database
from tests.flows.racer import GATE

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

RACERS = 8
A_MONTH, A_DAY = 10, 3
MONTH = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


@contextlib.contextmanager
def gate() -> Iterator[None]:
    """Closed while the body runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE])


def race(act: str, ids: list[int]) -> list[Any]:
    """What each of these processes got, started together once all of them are ready."""
    with gate():
        racers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.flows.racer", act, str(pk)],
                env=on_the_test_database(),
                cwd=settings.BASE_DIR,
                stdout=subprocess.PIPE,
                text=True,
            )
            for pk in ids
        ]
        said = [racer.stdout.readline() for racer in racers]
    told = [racer.communicate(timeout=60)[0] for racer in racers]
    assert said == ["ready\n"] * len(ids)
    return [json.loads(line) for line in told]


def broken_checks() -> list[str]:
    return [check["name"] for check in audit.run()["checks"] if check["violations"]]


class TestWorkersWokenForOneChunk:
    def test_allocate_once(self):
        nights.make_agency()
        run = starting.start_now(now=timezone.now(), started_by="test")
        while not run.stage_runs.filter(stage="ALLOCATE").exists():
            nights.step()
        chunk = Chunk.objects.get(stage_run__stage="ALLOCATE")

        found = race("perform", [chunk.pk] * RACERS)

        assert found == [None] * RACERS
        assert (Chunk.objects.get(pk=chunk.pk).attempt, DeliveredLead.objects.count()) == (1, 4)
        nights.work_off()
        assert broken_checks() == []


class TestRunsThatAllocateAtOnce:
    @pytest.fixture
    def market(self) -> list[int]:
        """Four clients, sixty leads of which thirty may be shared, and eight runs on eight days."""
        for exclusive_only in (True, True, False, False):
            make.ClientFactory.create(
                plan__exclusive_only=exclusive_only, cap_day=A_DAY, cap_month=A_MONTH
            )
        file = make.LeadFileFactory.create(accepted=60, run__as_of=MONTH, run__status="FAILED")
        for max_clients in (1, 2):
            make.LeadFactory.create_batch(
                30, file=file, max_clients=max_clients, created_at=MONTH, reason=""
            )
        days = [MONTH + dt.timedelta(days=n) for n in range(RACERS)]
        return [
            make.RunFactory.create(as_of=day, status="FAILED", error="It was raced.").pk
            for day in days
        ]

    def test_pass_no_cap_and_sell_no_lead_twice(self, market):
        found = race("allocate", market)

        assert all(isinstance(one, int) for one in found), found
        sold = DeliveredLead.objects.active()
        assert sum(found) == sold.count()
        by_month = Counter(sold.values_list("client", flat=True))
        by_day = Counter(sold.values_list("client", "run"))
        # Enough leads for everybody: each client is full, to the lead, and no more than that.
        assert by_month == dict.fromkeys(Client.objects.values_list("pk", flat=True), A_MONTH)
        assert max(by_day.values()) == A_DAY
        times = sold.order_by().values_list("lead__pk", "lead__max_clients").annotate(Count("pk"))
        assert all(count <= max_clients for _, max_clients, count in times)
        # The mark that the constraints of the database go by.
        marks = set(sold.order_by().values_list("lead__max_clients", "exclusive"))
        assert marks == {(1, True), (2, False)}
        assert Lead.objects.filter(status="ALLOCATED").count() == len(times)
        assert sum(row.placed for row in RunClient.objects.all()) == sum(found)
        assert broken_checks() == []
