"""Work that is measured in a process of its own: `python -m tests.bench.work NAME ARGUMENT…`.

Prints one JSON object: the seconds of the work alone, and the peak memory of the whole process.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402  (Django first)
from django.utils import timezone  # noqa: E402

from pipeline import chain, chunks  # noqa: E402
from pipeline.models import Chunk, Run  # noqa: E402
from pipeline.states import Stage  # noqa: E402


def stage(run_id: str, name: str) -> dict[str, Any]:
    """Do every chunk of one stage of a run, as one worker would."""
    chain.stage_module(Stage(name))
    if name == Stage.VALIDATE:
        from pipeline import lead_files  # noqa: F401  (a worker is warm, too)
    began = time.perf_counter()
    for pk in Chunk.objects.filter(stage_run__run=int(run_id), stage_run__stage=name).values_list(
        "pk"
    ):
        claimed = chunks.claim(*pk)
        assert claimed is not None
        lease = chunks.Lease(claimed.pk, claimed.attempt)
        with lease.kept_alive():
            chain.stage_module(Stage(name)).work(claimed, lease)
    return {"seconds": time.perf_counter() - began}


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
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return {"seconds": seconds, "placed": allocation.leads}


WORKS: dict[str, Callable[..., dict[str, Any]]] = {
    "stage": stage,
    "drafts": drafts,
    "import_export": import_export,
    "solve": solve,
    "allocate": allocate,
}

if __name__ == "__main__":
    found = WORKS[sys.argv[1]](*sys.argv[2:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({**found, "peak_mb": peak}) + "\n")
