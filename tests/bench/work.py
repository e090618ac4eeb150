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

from pipeline import chain, chunks  # noqa: E402  (Django first)
from pipeline.models import Chunk  # noqa: E402
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


def import_export(path: str) -> dict[str, Any]:
    """The same file through django-import-export, as its documentation begins."""
    from tests.bench import peers

    began = time.perf_counter()
    rows = peers.import_leads(path)
    return {"seconds": time.perf_counter() - began, "rows": rows}


WORKS: dict[str, Callable[..., dict[str, Any]]] = {"stage": stage, "import_export": import_export}

if __name__ == "__main__":
    found = WORKS[sys.argv[1]](*sys.argv[2:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({**found, "peak_mb": peak}) + "\n")
