"""Stop, resume, and what is counted where a file is imported by several runs (spec U7)."""

from __future__ import annotations

import os
import socket
import uuid
from functools import partial
from typing import cast

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction

from pipeline import (
    audit,
    chain,
    chunks,
    copying,
    importing,
    judged_rows,
    judging,
    keyed_hashes,
    runs,
)
from pipeline.addresses import match_key, normalise
from pipeline.counts import Counts
from pipeline.models import Chunk, Lead, LeadFile, Run, StageRun
from pipeline.models.runs import RunKind
from pipeline.stages import validate
from pipeline.states import Stage
from tests.factories import NOW, LeadFileFactory, RunFactory
from tests.flows import nights

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

SLICE = 4  # records that validate writes at once
ROWS = 10
# Larger than what is read ahead of the records that are written.
LONG = "x" * 20_000


def big(rows: int) -> str:
    return "Email,Notes\n" + "".join(f"ann{n}@acme-pipes.com,{LONG}\n" for n in range(rows))


BIG = big(ROWS)


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch):
    monkeypatch.setattr(judging, "SLICE_ROWS", SLICE)


def open_run(name="manual:1") -> Run:
    return chain.start(
        kind=RunKind.MANUAL,
        local_date=NOW.date(),
        as_of=NOW,
        request_key=name,
        started_by="ida",
    )


def claim(run: Run) -> tuple[Chunk, chunks.Lease]:
    chunk = chunks.claim(run.stage_runs.get(stage=Stage.VALIDATE).chunks.get().pk)
    assert chunk is not None
    return chunk, chunks.Lease(chunk.pk, chunk.attempt)


def seen_by(run: Run) -> tuple[int, int, dict[str, int]]:
    row = StageRun.objects.get(run=run, stage=Stage.VALIDATE)
    return row.seen, row.kept, row.reasons


def stopped_after_a_slice(lease: chunks.Lease, lead_file: LeadFile) -> chunks.Lease:
    return cast("chunks.Lease", StopsAfterTheFirstSlice(lease, lead_file))


class StopsAfterTheFirstSlice:
    """A lease during whose first write somebody presses Stop."""

    def __init__(self, lease: chunks.Lease, lead_file: LeadFile) -> None:
        self._lease, self._lead_file = lease, lead_file
        self._pressed = False

    def hold(self) -> None:
        self._lease.hold()
        if not self._pressed:
            self._pressed = True
            importing.stop(self._lead_file, by="ida")

    def went_on(self) -> None:
        self._lease.went_on()

    def finish(self, counts) -> None:
        self._lease.finish(counts)


class TestStopping:
    def test_an_import_keeps_what_is_done_and_the_next_run_goes_on_behind_it(self):
        lead_file = nights.take_in(BIG)
        first = open_run()
        chunk, lease = claim(first)

        validate.work(chunk, stopped_after_a_slice(lease, lead_file))
        lead_file.refresh_from_db()

        assert (lead_file.status, lead_file.stop_by) == ("CHECKED", "ida")
        assert lead_file.records_done == lead_file.records_counted == SLICE

        nights.work_off()
        importing.queue(lead_file, by="ida")
        second = open_run("manual:2")
        nights.work_off()

        lead_file.refresh_from_db()
        assert (lead_file.status, lead_file.records_done, lead_file.stop_by) == (
            "IMPORTED",
            ROWS,
            "",
        )
        assert seen_by(first) == (SLICE, SLICE, {})
        assert seen_by(second) == (ROWS - SLICE, ROWS - SLICE, {})
        assert Lead.objects.filter(file=lead_file).count() == ROWS
        assert audit.run()["ok"]

    def test_before_a_worker_begins_leaves_the_run_nothing_to_do(self):
        lead_file = nights.take_in()
        run = open_run()

        assert importing.stop(lead_file, by="ida")
        nights.work_off()

        lead_file.refresh_from_db()
        assert (lead_file.status, lead_file.records_done, lead_file.run) == ("CHECKED", 0, None)
        assert seen_by(run) == (0, 0, {})
        assert Run.objects.get().status == "DONE"

    def test_of_a_file_that_nobody_is_at_is_done_at_once(self):
        run = RunFactory.create(status="FAILED")
        lead_file = LeadFileFactory.create(run=run, status="IMPORTING", accepted=10, records_done=4)

        assert importing.stop(lead_file, by="ida")

        lead_file.refresh_from_db()
        assert lead_file.status == "CHECKED"

    @pytest.mark.parametrize("status", ["CHECKED", "IMPORTED", "REFUSED", "UNDONE"])
    def test_needs_something_to_stop(self, status):
        lead_file = LeadFileFactory.create(status=status)

        with pytest.raises(importing.NotPossible, match=f"is {status.lower()}"):
            importing.stop(lead_file, by="ida")

    def test_leaves_a_file_alone_that_somebody_has_moved_since(self):
        """A worker of a failed run comes back to a file that was stopped and queued again."""
        lead_file = nights.take_in()
        run = open_run()
        LeadFile.objects.update(status="IMPORTING")
        runs.fail(run.pk, "The disk is full.")
        importing.stop(lead_file, by="ida")
        importing.queue(lead_file, by="ida")

        with transaction.atomic():
            counted = importing.close(lead_file.pk, run_id=run.pk)

        lead_file.refresh_from_db()
        assert counted == Counts()
        assert (lead_file.status, lead_file.records_counted) == ("QUEUED", 0)


class TestTheRunAfterAFailedOne:
    def test_counts_what_the_failed_one_imported_and_could_not_count(self):
        lead_file = nights.take_in(BIG)
        failed = open_run()
        _, lease = claim(failed)
        lead_file.refresh_from_db()
        LeadFile.objects.update(status="IMPORTING")
        with default_storage.open(lead_file.storage_name) as stream:
            made = partial(judged_rows.rows_of, file_id=lead_file.pk, run_id=failed.pk)
            last_record, rows = next(judging.slices_of(lead_file, stream, made))
            validate.store(lead_file, lease, rows, last_record=last_record)
        runs.fail(failed.pk, "The disk is full.")

        nights.work_off()
        second = open_run("manual:2")
        nights.work_off()

        lead_file.refresh_from_db()
        assert (lead_file.status, lead_file.records_counted) == ("IMPORTED", ROWS)
        assert seen_by(second) == (ROWS, ROWS, {})
        dedupe = StageRun.objects.get(run=second, stage=Stage.DEDUPE)
        assert dedupe.seen == ROWS
        assert audit.run()["ok"]


class TestTheKeysOfALargeFile:
    @pytest.fixture(autouse=True)
    def _every_file_is_large(self, monkeypatch):
        monkeypatch.setattr(validate, "WORTH_A_PROCESS", 1)

    def imported(self) -> dict[str, uuid.UUID | None]:
        nights.take_in(BIG)
        open_run()
        nights.work_off()
        return dict(Lead.objects.values_list("email", "key"))

    def test_are_made_by_a_process_beside(self, monkeypatch):
        asked = []
        digests = keyed_hashes.Beside.digests

        def counted(beside, content, bounds):
            asked.append(beside)
            return digests(beside, content, bounds)

        monkeypatch.setattr(keyed_hashes.Beside, "digests", counted)

        found = self.imported()

        assert len(set(asked)) == 1
        assert found == {email: key_of(email) for email in found}
        assert len(found) == ROWS

    def test_are_made_here_where_no_process_can_be_started(self, monkeypatch):
        def refuse(*_: object, **__: object) -> None:
            raise BlockingIOError("Resource temporarily unavailable")

        monkeypatch.setattr("pipeline.keyed_hashes.subprocess.Popen", refuse)

        found = self.imported()

        assert found == {email: key_of(email) for email in found}
        assert len(found) == ROWS


def key_of(email: str) -> uuid.UUID:
    return match_key(normalise(email), settings.SUPPRESSION_KEY.encode())


def test_leads_are_numbered_in_the_order_of_their_records():
    """Of leads that came in together the lower id is the older one, and goes out first."""
    nights.take_in(BIG)
    open_run()

    nights.work_off()

    assert list(Lead.objects.order_by("pk").values_list("record", flat=True)) == list(
        range(1, ROWS + 1)
    )


class TestAFileThatChangesInStorage:
    def test_is_refused_and_the_run_goes_on_with_the_others(self):
        lost, kept = nights.take_in(), nights.take_in(BIG, "more.csv")
        default_storage.delete(lost.storage_name)
        run = open_run()

        nights.work_off()

        lost.refresh_from_db()
        kept.refresh_from_db()
        assert (lost.status, lost.error) == (
            "REFUSED",
            "The file is no longer in storage; upload it again.",
        )
        assert kept.status == "IMPORTED"
        assert Run.objects.get(pk=run.pk).status == "DONE"

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda stream: stream.truncate(len(LONG) * 9 * ROWS), id="cut"),
            pytest.param(lambda stream: stream.write(b"eve@elm-foods.com,\n" * 20), id="longer"),
        ],
    )
    def test_while_it_is_read_keeps_and_counts_what_was_imported(self, change):
        lead_file = nights.take_in(big(10 * ROWS))  # far more than is read ahead
        run = open_run()
        chunk, lease = claim(run)
        path = default_storage.path(lead_file.storage_name)

        class Changes(StopsAfterTheFirstSlice):
            def hold(self) -> None:
                self._lease.hold()
                if self._pressed:
                    return
                self._pressed = True
                with open(path, "ab") as stream:  # noqa: PTH123
                    change(stream)

        validate.work(chunk, cast("chunks.Lease", Changes(lease, lead_file)))
        nights.work_off()

        lead_file.refresh_from_db()
        assert lead_file.status == "REFUSED"
        assert "not the one that was checked" in lead_file.error
        done = lead_file.records_done
        assert SLICE <= done == lead_file.records_counted <= 10 * ROWS
        assert seen_by(run)[0] == done
        assert audit.run()["ok"]

    def test_may_be_uploaded_again_and_brings_nobody_twice(self):
        lead_file = nights.take_in()
        LeadFile.objects.update(status="REFUSED", error="Gone.")

        again = nights.take_in()
        open_run()
        nights.work_off()

        again.refresh_from_db()
        assert (again.status, again.insisted) == ("IMPORTED", False)
        assert again.sha256 == lead_file.sha256


class TestAFileThatIsCutOffAgainAndAgain:
    def test_is_imported_while_each_try_goes_further(self, monkeypatch):
        """As one too large for the time limit of a task."""
        nights.take_in(BIG)
        run = open_run()
        stored = validate.store

        def cut_off(*args, **kwargs):
            stored(*args, **kwargs)
            raise RuntimeError("the time is up")

        monkeypatch.setattr(judging, "SLICE_ROWS", 1)
        monkeypatch.setattr(validate, "store", cut_off)
        for _ in range(ROWS + 1):
            Chunk.objects.filter(status="PENDING").update(next_try_at=None)
            nights.work_off()

        assert LeadFile.objects.get().status == "IMPORTED"
        assert seen_by(run)[0] == ROWS


class TestARefusedFile:
    def test_whose_bytes_came_again_is_not_queued(self):
        lead_file = nights.take_in()
        LeadFile.objects.update(status="REFUSED", error="Gone.")
        nights.take_in()

        with pytest.raises(importing.NotPossible, match="uploaded again since"):
            importing.queue(lead_file, by="ida")

    def test_that_failed_half_way_goes_on_behind_what_is_imported(self):
        lead_file = nights.take_in(BIG)
        first = open_run()
        chunk, lease = claim(first)
        validate.work(chunk, stopped_after_a_slice(lease, lead_file))
        Chunk.objects.update(status="FAILED", error="No room.")
        LeadFile.objects.update(status="IMPORTING", stop_by="", records_counted=0)
        nights.work_off()
        lead_file.refresh_from_db()
        refused = (lead_file.status, lead_file.error, lead_file.records_counted)

        importing.queue(lead_file, by="ida")
        second = open_run("manual:2")
        nights.work_off()

        assert refused == ("REFUSED", "No room.", SLICE)
        assert (seen_by(first)[0], seen_by(second)[0]) == (SLICE, ROWS - SLICE)
        assert audit.run()["ok"]


class TestAFileThatVanishesBeforeItIsResumed:
    def test_keeps_what_is_imported(self):
        lead_file = nights.take_in(BIG)
        chunk, lease = claim(open_run())
        validate.work(chunk, stopped_after_a_slice(lease, lead_file))
        nights.work_off()
        default_storage.save("lead-files/other.csv", ContentFile(b"x"))
        default_storage.delete(lead_file.storage_name)

        importing.queue(lead_file, by="ida")
        second = open_run("manual:2")
        nights.work_off()

        lead_file.refresh_from_db()
        assert (lead_file.status, lead_file.records_done) == ("REFUSED", SLICE)
        assert seen_by(second) == (0, 0, {})


class TestTheWayToPostgres:
    def test_is_wide_where_it_is_on_this_machine(self):
        """Else PostgreSQL waits for the thread that brings the rows (pipeline.copying)."""
        connection.close()
        connection.ensure_connection()
        before = room()

        copying.send_ahead()

        with connection.cursor() as cursor:
            cursor.execute("SELECT inet_server_addr() IS NULL")
            (is_here,) = cursor.fetchone()
        assert (room() > before) == is_here


def room() -> int:
    """Bytes that the system takes ahead of PostgreSQL."""
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as pipe:
        return pipe.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
