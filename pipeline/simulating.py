"""What a run would do if it started now: the real stages, in one transaction that is rolled back.

Takes the very code of the night as far as it decides anything: validate, dedupe, the forecast of
personalize, allocate. Nobody is asked for a draft: each that is expected is supposed to be there,
also where a person would have to look at it first. No file, mail or message leaves. While it
lasts, a run that is to start waits for it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from leadgen.integrations import gemini
from pipeline import chain, chunks, report, runs, spending
from pipeline.counts import Counts
from pipeline.models import Chunk, ForecastPair, Run, StageRun
from pipeline.models.runs import RunKind
from pipeline.stages import dedupe
from pipeline.states import LostRace, RunStatus, Stage

# Blank, with a reason for which a run has it written: the estimate counts it as one to come.
_WRITE = """
INSERT INTO pipeline_draft
       (run_id, lead_id, client_id, cache_key, source, reason, subject, body, icebreaker)
SELECT run_id, lead_id, client_id, '', 'TEMPLATE', 'no_draft', '', '', ''
  FROM pipeline_forecastpair
 WHERE run_id = %(run)s AND lead_id BETWEEN %(low)s AND %(high)s
    ON CONFLICT (lead_id, client_id) DO NOTHING
"""


def simulate(
    *,
    as_of: dt.datetime,
    local_date: dt.date,
    started_by: str,
    look: Callable[[Run], object] = lambda _run: None,
) -> dict[str, Any]:
    """The object of `run_pipeline --simulate`; writes nothing. Raises runs.RunIsActive.

    `look` may read what the run decided, before it is taken back.
    """
    with transaction.atomic():
        run = chain.start(
            kind=RunKind.MANUAL,  # a night is run once a day, and simulated as often as one likes
            local_date=local_date,
            as_of=as_of,
            request_key=f"simulate:{uuid.uuid4()}",
            started_by=started_by,
        )
        _work_off(run)
        run.refresh_from_db()
        found = simulation_object(run)
        look(run)
        transaction.set_rollback(True)
    return found


def _work_off(run: Run) -> None:
    """All chunks up to allocate, in this process."""
    _advance(run)
    while ids := list(_open_chunks(run)):
        for chunk_id in ids:
            _do(chunk_id)
        _advance(run)


def _advance(run: Run) -> None:
    runs.advance(run.pk, chain.plan, upto=Stage.ALLOCATE)


def _open_chunks(run: Run) -> Iterable[int]:
    open_ = Chunk.objects.open().filter(
        stage_run__run=run, stage_run__run__status=RunStatus.RUNNING
    )
    return open_.order_by("pk").values_list("pk", flat=True)


def _do(chunk_id: int) -> None:
    """As `chain.perform` does it, but once: what fails here is told, not tried again."""
    chunk = chunks.claim(chunk_id)
    if chunk is None:
        raise LostRace(f"chunk {chunk_id} of a simulation was taken by somebody else")
    lease = chunks.Lease(chunk.pk, chunk.attempt)
    try:
        with transaction.atomic():
            _work(chunk, lease)
    except (LostRace, OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001  (as the run page would say it)
        lease.fail(chain.plain(error))


def _work(chunk: Chunk, lease: chunks.Lease) -> None:
    stage = Stage(chunk.stage_run.stage)
    if stage is Stage.PERSONALIZE:
        lease.finish(_drafted(chunk))
    elif stage is Stage.DEDUPE:  # a table that it emptied, nobody could read until all is done
        dedupe.work(chunk, lease, may_empty=False)
    else:
        chain.stage_module(stage).work(chunk, lease)


def _drafted(chunk: Chunk) -> Counts:
    """What personalize keeps once each expected pair has its draft: nobody is asked for any.

    Those that a person would have to look at keep their leads back tonight; the others are blank,
    and there so that allocate keeps their pairs together, as it would.
    """
    if gemini.is_set_up():
        _suppose(chunk)
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE, {"run": chunk.stage_run.run_id, "low": chunk.low, "high": chunk.high}
        )
    pairs = ForecastPair.objects.filter(
        run=chunk.stage_run.run_id, lead__pk__range=(chunk.low, chunk.high)
    )
    return Counts(kept=pairs.order_by().values("lead").distinct().count())


def _suppose(chunk: Chunk) -> None:
    from pipeline import drafting  # noqa: PLC0415  (no page shall wait for what comes with it)

    wanted = drafting.expected(chunk)
    by_ai = 0 if spending.who_stands_in() else spending.affordable(len(wanted))
    drafting.suppose(chunk.stage_run.run, wanted, by_ai=by_ai)


def simulation_object(run: Run) -> dict[str, Any]:
    """A run's object, with what each client would get, and what would be left over."""
    allocate = StageRun.objects.filter(run=run, stage=Stage.ALLOCATE).order_by("pk").first()
    estimate = spending.estimate(run)
    return {
        **report.run_object(run),
        "run": None,  # there will never be a run of this id
        "simulated": True,
        "as_of": run.as_of.isoformat(),
        "drafts": spending.writers(run),
        "cost_cents": estimate.cents,
        "estimate": {
            "pairs": estimate.pairs,
            "tokens_in": estimate.tokens_in,
            "tokens_out": estimate.tokens_out,
            "stands_in": spending.who_stands_in(),
        },
        "clients": [
            {
                "client": row.client.name,
                "left": row.left,
                "placed": row.placed,
                "shortfall": row.shortfall,
                "reason": row.reason,
            }
            for row in run.run_clients.select_related("client").order_by("client__name")
        ],
        "left_over": dict(allocate.reasons) if allocate else {},
    }
