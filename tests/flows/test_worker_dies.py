"""A worker is killed in the middle of each stage; another one ends the night."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from deliveries.models import DeliveredLead, Mail
from pipeline import audit, chain, chunks, services, starting, tasks
from pipeline.models import Chunk, Lead, Run
from pipeline.states import ChunkStatus, RunStatus, Stage
from tests.flows import nights
from tests.flows.conftest import until

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

# What each stage writes first. Locked by the test, so that a worker stands still with its chunk
# leased, and the kill hits it there every time.
WRITES_FIRST = {
    Stage.VALIDATE: "pipeline_lead",
    Stage.DEDUPE: "pipeline_lead",
    Stage.PERSONALIZE: "pipeline_draft",
    Stage.ALLOCATE: "deliveries_deliveredlead",
    Stage.UPLOAD: "deliveries_deliveredlead",
    Stage.NOTIFY: "deliveries_mail",
    Stage.LOG: "deliveries_delivery",
}


def go_to(run: Run, stage: Stage) -> None:
    """Do the stages before this one in the test's own process."""
    while run.stage_runs.order_by("-pk")[0].stage != stage:
        for chunk_id, _ in chunks.take_unpublished():
            chain.perform(chunk_id)


def leased(run: Run, stage: Stage) -> bool:
    return Chunk.objects.filter(
        stage_run__run=run, stage_run__stage=stage, status=ChunkStatus.LEASED
    ).exists()


@pytest.mark.parametrize("stage", Stage)
class TestWorkerKilledWhileAtIt:
    def test_the_next_worker_ends_the_run_as_if_nothing_had_been(self, stage, workers, monkeypatch):
        nights.make_agency()
        monkeypatch.setattr(tasks, "wake", lambda: None)
        run = starting.start_now(now=timezone.now(), started_by="test")
        go_to(run, stage)
        monkeypatch.undo()

        with psycopg.connect(**_parameters()) as lock:
            lock.execute(f"LOCK TABLE {WRITES_FIRST[stage]} IN EXCLUSIVE MODE")
            first = workers.start()
            until(services.live_workers)
            tasks.publish()
            until(lambda: leased(run, stage))
            workers.kill(first)
        workers.start()
        until(lambda: run_status(run) != RunStatus.RUNNING, ticking=True)

        assert run_status(run) == RunStatus.DONE
        found = audit.run()
        assert [check for check in found["checks"] if check["violations"]] == []
        attempts = Chunk.objects.filter(stage_run__run=run, stage_run__stage=stage)
        assert max(attempts.values_list("attempt", flat=True)) > 1
        assert (
            list(Lead.objects.order_by("record").values_list("record", "status", "reason"))
            == nights.LEADS
        )
        assert (
            sorted(DeliveredLead.objects.values_list("client__name", "lead__record"))
            == nights.DELIVERED
        )
        assert Mail.objects.count() == 2


def run_status(run: Run) -> str:
    return Run.objects.values_list("status", flat=True).get(pk=run.pk)


def _parameters() -> dict[str, Any]:
    found = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    given = {name: found[key] for name, key in names.items() if found[key]}
    return {**given, "port": found["PORT"]} if found["PORT"] else given
