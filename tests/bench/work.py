"""Work that is measured in a process of its own: `python -m tests.bench.work NAME ARGUMENT…`.

Prints one JSON object: the seconds of the work alone, and the peak memory of the whole process.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  (Django first)
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from deliveries.models import Delivery  # noqa: E402
from leadgen.integrations import storage  # noqa: E402
from pipeline import chain, chunks  # noqa: E402
from pipeline.models import Chunk, Run  # noqa: E402
from pipeline.states import Stage  # noqa: E402


def stage(run_id: str, name: str) -> dict[str, Any]:
    """Do every chunk of one stage of a run that nobody else does, as a worker's process would."""
    chain.stage_module(Stage(name))
    if name == Stage.VALIDATE:
        from pipeline import lead_files  # noqa: F401  (a worker is warm, too)
    began = time.time()  # of the machine: another process's seconds are compared with it
    for pk in Chunk.objects.filter(stage_run__run=int(run_id), stage_run__stage=name).values_list(
        "pk"
    ):
        if (claimed := chunks.claim(*pk)) is None:
            continue
        lease = chunks.Lease(claimed.pk, claimed.attempt)
        with lease.kept_alive():
            chain.stage_module(Stage(name)).work(claimed, lease)
    ended = time.time()
    return {"seconds": ended - began, "began": began, "ended": ended}


def drafts(ids: str) -> dict[str, Any]:
    """Write the drafts of these chunks of a run, one after the other, as one worker would."""
    chain.stage_module(Stage.PERSONALIZE)
    began, used = time.perf_counter(), time.process_time()
    leads = 0
    for pk in json.loads(ids):
        while (claimed := chunks.claim(pk)) is not None:
            chain._work(claimed, chunks.Lease(claimed.pk, claimed.attempt))
            Chunk.objects.filter(pk=pk, status="PENDING").update(next_try_at=None)
        leads += Chunk.objects.get(pk=pk).counts["kept"]
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - used,
        "leads": leads,
    }


def import_export(path: str) -> dict[str, Any]:
    """The same file through django-import-export, as its documentation begins."""
    from tests.bench import peers

    began = time.perf_counter()
    rows = peers.import_leads(path)
    return {"seconds": time.perf_counter() - began, "rows": rows}


def solve(name: str) -> dict[str, Any]:
    """Place the leads of an invented market (allocation_instances)."""
    from pipeline.allocation.leads import allocate as place
    from tests.bench.allocation_instances import instance

    case = instance(name)
    began = time.perf_counter()
    found = place(case.problem, case.leads)
    return {"seconds": time.perf_counter() - began, "placed": len(found.lead_id)}


def allocate() -> dict[str, Any]:
    """All that the stage does, for a run of its own; rolled back."""
    from pipeline import frozen, market
    from pipeline.stages import allocate as stage_of

    now = timezone.now()
    with transaction.atomic():
        run = Run.objects.create(
            kind="MANUAL", local_date=now.date(), as_of=now, request_key=f"bench:{now}",
            started_by="bench",
        )  # fmt: skip
        began = time.perf_counter()
        stage_of.lock_clients()
        found = market.market(now)
        stage_of.expire(found)
        allocation = found.allocate()
        stage_of.write(run, allocation)
        frozen.keep(run, found.clients, found.promises, allocation.per_client)
        connection.check_constraints()  # what a commit would do
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return {"seconds": seconds, "placed": allocation.leads}


def export(run_id: str, part: str, parts: str) -> dict[str, Any]:
    """Render, hash and store the files of every n-th delivery of a run, as a worker's process."""
    stage_of: Any = chain.stage_module(Stage.UPLOAD)  # a worker is warm
    made = Delivery.objects.filter(run=int(run_id)).select_related("client", "run").order_by("pk")
    deliveries, now, rows = list(made)[int(part) :: int(parts)], timezone.now(), 0
    began = time.perf_counter()
    for delivery in deliveries:
        with tempfile.SpooledTemporaryFile(stage_of.IN_MEMORY) as content:
            rows += stage_of.rendering.render(delivery, now, content)
            content.seek(0)
            hashlib.file_digest(content, "sha256")
            content.seek(0)
            storage.keep(f"deliveries/{stage_of.storage_name(delivery)}", content)
    return {"seconds": time.perf_counter() - began, "rows": rows}


def upload(run_id: str, at_once: str, slowness: str) -> dict[str, Any]:
    """All of a run's deliveries by the stage's task, to a Drive in a process of its own."""
    from pipeline import tasks
    from tests.bench import slow_drive

    settings.DRIVE_CONCURRENCY = int(at_once)
    tasks.publish = lambda: None
    run = Run.objects.get(pk=int(run_id))
    stage_run = run.stage_runs.get(stage=Stage.UPLOAD)
    chunks.add(stage_run, [chunks.Slice(ref_id=pk) for (pk,) in run.deliveries.values_list("pk")])
    with slow_drive.running(float(slowness)) as drive:
        settings.GOOGLE_DRIVE_CREDENTIALS, settings.GOOGLE_DRIVE_BASE_URL = drive.secret, drive.url
        settings.GOOGLE_DRIVE_FOLDER_ID = slow_drive.ROOT
        began = time.perf_counter()
        while open_chunks := list(stage_run.chunks.open().values_list("pk", flat=True)[:1]):
            tasks.upload(chunk_id=open_chunks[0])
        seconds = time.perf_counter() - began
        assert not run.deliveries.exclude(status="UPLOADED").exists()
    return {"seconds": seconds, **drive.found}


WORKS: dict[str, Callable[..., dict[str, Any]]] = {
    "stage": stage,
    "drafts": drafts,
    "import_export": import_export,
    "solve": solve,
    "allocate": allocate,
    "export": export,
    "upload": upload,
}


class Watched(threading.Thread):
    """The most memory that this process and those that it started ever held, added up.

    `ru_maxrss` would count their parents', too.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._children: dict[str, float] = {}

    def run(self) -> None:
        while True:
            started = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            for pid in started:
                with suppress(OSError):  # it has just ended
                    self._children[pid] = max(_held_mb(pid), self._children.get(pid, 0))
            time.sleep(0.1)

    def peak_mb(self) -> float:
        return _held_mb("self") + max(self._children.values(), default=0)


def _held_mb(pid: str) -> float:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0


if __name__ == "__main__":
    watched = Watched()
    watched.start()
    found = WORKS[sys.argv[1]](*sys.argv[2:])
    sys.stdout.write(json.dumps({**found, "peak_mb": watched.peak_mb()}) + "\n")
