"""What the AI costs, for people: before a run, of a run, per client and per month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncMonth

from leadgen.integrations import gemini
from pipeline import budget, outages, prices
from pipeline.models import AiBudget, AiCall, Run
from pipeline.models.money import CallOutcome
from pipeline.prices import Estimate

# `drafts.PASSING` and the reason of no account, which are not imported: no page of the desk shall
# wait for the libraries that come with them.
NO_ACCOUNT = "no_ai_account"
MENDABLE = (
    NO_ACCOUNT, "no_draft", "redo", "ai_error", "ai_auth", "ai_quota", "ai_budget", "ai_down",
    "ai_model", "ai_location", "ai_limit",
)  # fmt: skip
SHOWN_DAYS = 366


@dataclass(frozen=True, kw_only=True)
class Row:
    """Calls of one client, or of one month, and what they came to."""

    name: str
    calls: int
    tokens_in: int
    tokens_out: int
    cents: float


@dataclass(frozen=True, kw_only=True)
class Spending:
    """One run: what it was expected to cost, what it cost, and how much it may."""

    estimate: Estimate
    cents: float
    reserved_cents: float
    cap_cents: float
    lost: int
    clients: list[Row]

    @property
    def share(self) -> float:
        return (self.cents + self.reserved_cents) / self.cap_cents if self.cap_cents else 1.0


def who_stands_in() -> str:
    """'' where the AI would write now; else the reason of the templates."""
    if not gemini.is_set_up():
        return NO_ACCOUNT
    reason, waits = outages.reason_to_stop()
    if reason or waits:
        return reason or outages.DOWN
    return "" if affordable(1) else "ai_budget"


def affordable(pairs: int) -> int:
    """For how many of these pairs a run that starts now could pay."""
    if not pairs:
        return 0
    room = min(budget.caps()["RUN"], _left_today())
    return min(pairs, room // max(1, prices.estimate(1).micros))


def left_today_cents() -> float:
    return prices.in_cents(_left_today())


def _left_today() -> int:
    today = AiBudget.objects.filter(day=budget.today()).first()
    gone = today.spent_micros + today.reserved_micros if today else 0
    return max(0, budget.caps()["DAY"] - gone)


# Of the pairs that the forecast expects: those that the AI is to write, or has written in this
# run. A draft of former content is written anew, too; it costs little to leave it out here.
_ASKED = """
SELECT count(*) FROM pipeline_forecastpair pair
  LEFT JOIN pipeline_draft draft USING (lead_id, client_id)
 WHERE pair.run_id = %(run)s
   AND (draft.id IS NULL OR draft.run_id = %(run)s
        OR (draft.source = 'TEMPLATE' AND draft.reason = ANY(%(mendable)s)))
"""
# Who wrote, or would write, what the run has allocated.
_WRITERS = """
SELECT CASE WHEN draft.source IN ('AI', 'HUMAN') THEN draft.source
            WHEN pair.id IS NOT NULL AND (draft.id IS NULL OR draft.reason = ANY(%(mendable)s))
            THEN 'ASKED' ELSE 'TEMPLATE' END AS writer, count(*)
  FROM deliveries_delivery delivery
  JOIN deliveries_deliveredlead given ON given.delivery_id = delivery.id
  LEFT JOIN pipeline_draft draft
         ON draft.lead_id = given.lead_id AND draft.client_id = given.client_id
  LEFT JOIN pipeline_forecastpair pair
         ON pair.lead_id = given.lead_id AND pair.client_id = given.client_id
        AND pair.run_id = given.run_id
 WHERE delivery.run_id = %(run)s AND given.status IN ('ALLOCATED', 'DELIVERED')
 GROUP BY 1
"""


def pairs_asked(run: Run) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, {"run": run.pk, "mendable": list(MENDABLE)})
        (found,) = cursor.fetchone()
    return int(found)


def writers(run: Run) -> dict[str, int]:
    """ai, template, human → leads of a simulated run, as its drafts would be written now."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS, {"run": run.pk, "mendable": list(MENDABLE)})
        found = dict(cursor.fetchall())
    asked = found.get("ASKED", 0)
    by_ai = 0 if who_stands_in() else affordable(asked)
    return {
        "ai": found.get("AI", 0) + by_ai,
        "template": found.get("TEMPLATE", 0) + asked - by_ai,
        "human": found.get("HUMAN", 0),
    }


def estimate(run: Run) -> Estimate:
    """What the run's drafts cost, by what drafts took of late; nothing without an account."""
    return prices.estimate(pairs_asked(run) if gemini.is_set_up() else 0)


def of_run(run: Run) -> Spending:
    book = AiBudget.objects.filter(run=run).first()
    return Spending(
        estimate=estimate(run),
        cents=prices.in_cents(budget.spent_micros(run)),
        reserved_cents=prices.in_cents(book.reserved_micros if book else 0),
        cap_cents=prices.in_cents(book.cap_micros) if book else settings.AI_BUDGET_RUN_CENTS,
        lost=run.ai_calls.filter(outcome=CallOutcome.LOST).count(),
        clients=_by_client(Q(run=run)),
    )


def months() -> list[tuple[dt.date, list[Row], float]]:
    """The last year's months, the newest first, client by client, and the sum of each in cents."""
    recent = AiCall.objects.filter(day__gt=budget.today() - dt.timedelta(days=SHOWN_DAYS))
    first_days = recent.annotate(month=TruncMonth("day")).values_list("month", flat=True)
    found = sorted(first_days.distinct(), reverse=True)
    rows = [_by_client(Q(day__year=month.year, day__month=month.month)) for month in found]
    sums = [sum(row.cents for row in each) for each in rows]
    return list(zip(found, rows, sums, strict=True))


def _by_client(which: Q) -> list[Row]:
    """The dearest first."""
    rows = (
        AiCall.objects.filter(which)
        .values(name=F("client__name"))
        .annotate(
            calls=Count("pk"), tokens_in=Sum("tokens_in"), tokens_out=Sum("tokens_out"),
            micros=Sum("micros"),
        )
        .order_by("-micros", "name")
    )  # fmt: skip
    return [
        Row(
            name=row["name"] or "no client, or one that has gone",
            calls=row["calls"],
            tokens_in=row["tokens_in"],
            tokens_out=row["tokens_out"],
            cents=prices.in_cents(row["micros"]),
        )
        for row in rows
    ]
