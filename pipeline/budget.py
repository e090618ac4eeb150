"""The AI's money: reserved before a call, settled after it. The only writer of AiBudget and AiCall.

A call is asked for only once the most that it can cost is reserved in the run's and the day's
budget; the database refuses to pass either cap. What is under way when its worker dies is LOST
and counts as spent, for nobody knows better.
"""

from __future__ import annotations

import datetime as dt
import logging
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, Sum
from django.db.models.functions import Now

from pipeline import clock
from pipeline.chunks import Lease
from pipeline.models import AiBudget, AiCall, Chunk, Run
from pipeline.models.money import AiCallQuerySet, BudgetScope, CallOutcome
from pipeline.prices import MICROS_PER_CENT

logger = logging.getLogger(__name__)

CALLS_AT_ONCE = 25
LEASE = dt.timedelta(minutes=11)  # longer than any task may last
MAX_CALLS = 3  # for one draft in one run, whatever becomes of them


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A call to be: whom it is about, and the most that it can cost.

    None: a lead that is in no table yet, or nobody.
    """

    lead_id: int | None
    client_id: int | None
    micros: int


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of a reserved call."""

    call_id: int
    outcome: CallOutcome
    micros: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    ms: int = 0
    reason: str = ""
    model: str = ""


def today() -> dt.date:
    return _day_of(clock.database_now())


def _day_of(moment: dt.datetime) -> dt.date:
    return moment.astimezone(zoneinfo.ZoneInfo(settings.TIME_ZONE)).date()


def caps() -> dict[str, int]:
    """Scope → micros, as the settings say."""
    return {
        BudgetScope.RUN: settings.AI_BUDGET_RUN_CENTS * MICROS_PER_CENT,
        BudgetScope.DAY: settings.AI_BUDGET_DAY_CENTS * MICROS_PER_CENT,
    }


# A block in one statement: Django's own way takes a third of all the time that a draft takes.
_RESERVE = """
INSERT INTO pipeline_aicall (run_id, chunk_id, attempt, lead_id, client_id, day, model,
                             reserved_micros, micros, tokens_in, tokens_out, ms, outcome, reason,
                             lease_until)
SELECT %(run)s, %(chunk)s, %(attempt)s, wanted.lead_id, wanted.client_id, %(day)s, %(model)s,
       wanted.micros, 0, 0, 0, 0, 'RESERVED', '', %(lease_until)s
  FROM unnest(%(leads)s::bigint[], %(clients)s::bigint[], %(micros)s::bigint[])
       WITH ORDINALITY AS wanted (lead_id, client_id, micros, n)
 ORDER BY wanted.n RETURNING id
"""


def reserve(run: Run | None, wanted: Sequence[Wanted], *, chunk: Chunk | None = None) -> list[int]:
    """Ids of the calls that may be made: of the first ones, as many as both caps allow.

    Without a run, for somebody at the desk, the day's alone. Raises LostRace where another worker
    has taken the chunk over: that one pays now.
    """
    now = clock.database_now()
    day = _day_of(now)
    with transaction.atomic():
        if chunk is not None:
            Lease(chunk.pk, chunk.attempt).hold()
        budgets = _locked(run, day)
        calls = wanted[: _affordable(wanted, min(map(_room, budgets)))]
        for budget in budgets:
            AiBudget.objects.filter(pk=budget.pk).update(
                cap_micros=budget.cap_micros,
                reserved_micros=budget.reserved_micros + sum(call.micros for call in calls),
            )
        return _insert(run, calls, chunk, day=day, lease_until=now + LEASE)


def _insert(
    run: Run | None,
    calls: Sequence[Wanted],
    chunk: Chunk | None,
    *,
    day: dt.date,
    lease_until: dt.datetime,
) -> list[int]:
    columns = {
        "run": run.pk if run else None,
        "chunk": chunk.pk if chunk else None,
        "attempt": chunk.attempt if chunk else 0,
        "day": day,
        "model": settings.GEMINI_MODEL,
        "lease_until": lease_until,
        "leads": [call.lead_id for call in calls],
        "clients": [call.client_id for call in calls],
        "micros": [call.micros for call in calls],
    }
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, columns)
        return [pk for (pk,) in cursor.fetchall()]


def _locked(run: Run | None, day: dt.date) -> list[AiBudget]:
    """The day's and the run's budget, in this order, under the caps of now."""
    wanted = [AiBudget(scope=BudgetScope.DAY, day=day, cap_micros=caps()[BudgetScope.DAY])]
    mine = Q(scope=BudgetScope.DAY, day=day)
    if run is not None:
        wanted.append(AiBudget(scope="RUN", run=run, cap_micros=caps()[BudgetScope.RUN]))
        mine |= Q(scope=BudgetScope.RUN, run=run)
    if AiBudget.objects.filter(mine).count() < len(wanted):
        AiBudget.objects.bulk_create(wanted, ignore_conflicts=True)
    budgets = list(AiBudget.objects.select_for_update().filter(mine).order_by("scope"))
    for budget in budgets:  # a cap that was lowered stops calls; it takes none back
        gone = budget.reserved_micros + budget.spent_micros
        budget.cap_micros = max(caps()[budget.scope], gone)
    return budgets


def _room(budget: AiBudget) -> int:
    return budget.cap_micros - budget.reserved_micros - budget.spent_micros


def _affordable(wanted: Sequence[Wanted], room: int) -> int:
    for count, call in enumerate(wanted):
        room -= call.micros
        if room < 0:
            return count
    return len(wanted)


def is_open(run: Run) -> bool:
    """Whether the run may spend anything at all, now."""
    spent = _micros(AiCall.objects.filter(run=run))
    of_today = _micros(AiCall.objects.filter(day=today()))
    return spent < caps()[BudgetScope.RUN] and of_today < caps()[BudgetScope.DAY]


# One statement for a block; who was settled before, or lost meanwhile, is left as it is.
_SETTLE = """
WITH said AS (
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::int[], %s::int[], %s::int[],
                         %s::text[], %s::text[])
           AS said (id, outcome, micros, tokens_in, tokens_out, ms, reason, model))
UPDATE pipeline_aicall call
   SET outcome = said.outcome, micros = said.micros, tokens_in = said.tokens_in,
       tokens_out = said.tokens_out, ms = said.ms, reason = said.reason,
       model = coalesce(nullif(said.model, ''), call.model)
  FROM said
 WHERE call.id = said.id AND call.outcome = 'RESERVED'
RETURNING call.run_id, call.day, call.reserved_micros, call.micros
"""
# A provider that counts more than we could foresee does not stop the books: the row of the call
# keeps what it cost, and the budget is full.
_FREE = """
UPDATE pipeline_aibudget
   SET reserved_micros = reserved_micros - %(reserved)s,
       spent_micros = least(spent_micros + %(spent)s,
                            cap_micros - reserved_micros + %(reserved)s)
 WHERE (scope = 'DAY' AND day = %(day)s) OR (scope = 'RUN' AND run_id = %(run)s)
"""


def settle(outcomes: Iterable[Settled]) -> None:
    """Book what became of reserved calls, each once."""
    rows = sorted(outcomes, key=lambda each: each.call_id)
    if not rows:
        return
    columns = (
        [each.call_id for each in rows],
        [each.outcome.value for each in rows],
        [each.micros for each in rows],
        [each.tokens_in for each in rows],
        [each.tokens_out for each in rows],
        [each.ms for each in rows],
        [each.reason for each in rows],
        [each.model for each in rows],
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SETTLE, columns)
        _free(cursor.fetchall())


def _free(booked: Iterable[tuple[int | None, dt.date, int, int]]) -> None:
    """Move what was reserved for these calls to spent, as far as they cost it."""
    sums: dict[tuple[dt.date, int], tuple[int, int]] = defaultdict(lambda: (0, 0))  # 0: no run
    for run_id, day, reserved, micros in booked:
        before = sums[day, run_id or 0]
        sums[day, run_id or 0] = (before[0] + reserved, before[1] + micros)
        if micros > reserved:
            logger.error("a call cost more than was reserved", extra={"run": run_id})
    _lock(sums)
    with connection.cursor() as cursor:
        for (day, run_id), (reserved, spent) in sorted(sums.items()):
            cursor.execute(_FREE, {"day": day, "run": run_id, "reserved": reserved, "spent": spent})


def _lock(books: Iterable[tuple[dt.date, int]]) -> None:
    """All days, then all runs: in the order of `reserve`, so that the two never deadlock."""
    days, run_ids = {day for day, _ in books}, {run_id for _, run_id in books}
    mine = Q(scope=BudgetScope.RUN, run__in=run_ids) | Q(scope=BudgetScope.DAY, day__in=days)
    rows = AiBudget.objects.select_for_update().filter(mine)
    list(rows.order_by("scope", "day", "run").values_list("pk"))


def lose_abandoned() -> int:
    """Calls whose lease ran out are LOST, and count as spent; how many."""
    return _lose(AiCall.objects.under_way().filter(lease_until__lt=Now()))


def lose_of(chunk: Chunk) -> int:
    """Calls that earlier attempts at this chunk left under way are LOST."""
    return _lose(AiCall.objects.under_way().filter(chunk=chunk, attempt__lt=chunk.attempt))


def _lose(calls: AiCallQuerySet) -> int:
    with transaction.atomic():
        lost = list(calls.select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
        settle(
            Settled(
                call_id=call.pk,
                outcome=CallOutcome.LOST,
                micros=call.reserved_micros,
                reason="ai_lost",
            )
            for call in lost
        )
    return len(lost)


def calls_made(run: Run | None, pairs: Iterable[tuple[int, int]]) -> Mapping[tuple[int, int], int]:
    """(lead, client) → calls of this run that may have cost money."""
    if run is None:
        return {}
    leads = {lead for lead, _ in pairs}
    rows = AiCall.objects.filter(run=run, lead__in=leads).exclude(outcome=CallOutcome.REFUSED)
    made: dict[tuple[int, int], int] = defaultdict(int)
    for lead, client in rows.values_list("lead", "client"):
        made[lead, client] += 1
    return made


def spent_micros(run: Run) -> int:
    return _micros(AiCall.objects.filter(run=run))


def _micros(calls: AiCallQuerySet) -> int:
    return int(calls.charged().aggregate(sum=Sum("micros"))["sum"] or 0)
