"""One of several allocators, in a process of its own: `python -m tests.flows.racer ACT ID`.

Says `ready`, waits until whoever races it lets go of GATE, acts, and prints what it got as JSON.
"""

from __future__ import annotations

import json
import os
import sys

GATE = 7_299  # an advisory lock that the test holds until all are ready


def main(act: str, pk: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    wait_at_the_gate()
    try:
        got: object = ACTS[act](pk)
    except Exception as error:  # noqa: BLE001  (it is what this racer got)
        got = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps(got) + "\n")


def wait_at_the_gate() -> None:
    from django.db import connection

    from pipeline.allocation import flow  # noqa: F401  (imported before, not in the race)
    from pipeline.stages import allocate  # noqa: F401

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [GATE])


def perform(chunk_id: int) -> None:
    """As a worker does that was woken for the chunk."""
    from pipeline import chain

    chain.perform(chunk_id)


def allocate(run_id: int) -> int:
    """What the stage does for a run, without its lease: returns how many pairs were made."""
    from django.db import transaction

    from pipeline import frozen, market
    from pipeline.models import Run
    from pipeline.stages import allocate as stage

    run = Run.objects.get(pk=run_id)
    with transaction.atomic():
        stage.lock_clients()
        found = market.market(run.as_of)
        allocation = found.allocate()
        stage.write(run, allocation)
        frozen.keep(run, found.clients, found.promises, allocation.per_client)
    return len(allocation.pairs)


ACTS = {"perform": perform, "allocate": allocate}

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
