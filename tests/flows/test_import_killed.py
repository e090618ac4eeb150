"""A worker is killed between two slices of a file: the next goes on, and no record is twice."""

from __future__ import annotations

import pytest
from django.core.files.base import File
from django.utils import timezone

from pipeline import audit, judging, lead_files, services, starting, tasks
from pipeline.judging import SLICE_ROWS
from pipeline.models import Lead, LeadFile, Run
from pipeline.states import RunStatus
from tests.bench import people
from tests.flows.conftest import until

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

ROWS = 2 * SLICE_ROWS + 1_000


def stored(lead_file: LeadFile) -> list[tuple[int, str]]:
    """Each record of it with its address, or with why it is none."""
    leads = lead_file.leads.values_list("record", "email")
    return sorted([*leads, *lead_file.rejections.values_list("record", "code")])


def expected(lead_file: LeadFile) -> list[tuple[int, str]]:
    """The same, as one process that nobody kills would have it."""
    found: list[tuple[int, str]] = []
    with lead_files.stored(lead_file) as stream:
        for _, judged in judging.slices_of(lead_file, stream, lambda judged: judged):
            found += zip(judged.leads["record"], judged.leads["email"], strict=True)
            found += [(row.record, row.code) for row in judged.rejected]
    return sorted(found)


def done(lead_file: LeadFile) -> int:
    return LeadFile.objects.values_list("records_done", flat=True).get(pk=lead_file.pk)


def status(run: Run) -> str:
    return Run.objects.values_list("status", flat=True).get(pk=run.pk)


class TestAWorkerKilledInMidImport:
    def test_leaves_the_rows_that_there_would_have_been(self, workers, tmp_path, monkeypatch):
        path = tmp_path / "people.csv"
        people.write(path, ROWS)
        with path.open("rb") as stream:
            lead_file = lead_files.take_in(
                File(stream), name="people.csv", source="", uploaded_by="test"
            )
        all_of_it = expected(lead_file)
        monkeypatch.setattr(tasks, "wake", lambda: None)
        run = starting.start_now(now=timezone.now(), started_by="test")
        monkeypatch.undo()

        first = workers.start()
        until(services.live_workers)
        tasks.publish()
        until(lambda: done(lead_file) > 0)
        workers.kill(first)
        interrupted = done(lead_file)
        workers.start()
        until(lambda: status(run) != RunStatus.RUNNING, ticking=True)

        lead_file.refresh_from_db()
        assert 0 < interrupted < ROWS
        assert (status(run), lead_file.status, lead_file.records_done) == (
            RunStatus.DONE,
            "IMPORTED",
            ROWS,
        )
        assert stored(lead_file) == all_of_it
        kept = Lead.objects.filter(file=lead_file)
        assert kept.count() == lead_file.accepted + lead_file.duplicate_in_file
        assert kept.filter(status="DUPLICATE").count() == lead_file.duplicate_in_file
        assert audit.run()["ok"]
