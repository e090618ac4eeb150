"""What calls to the AI cost, and what drafts will."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from django.conf import settings
from django.db.models import Avg

from pipeline.models import AiCall
from pipeline.models.money import CallOutcome

MICROS_PER_CENT = 10_000
FLEX_SHARE = Decimal("0.5")  # of the price, on the flex tier

# What a draft takes until calls of our own say better.
USUAL_TOKENS = (800, 250)
REMEMBERED_CALLS = 1_000


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What drafts for so many pairs would cost, by what drafts took of late."""

    pairs: int
    tokens_in: int
    tokens_out: int
    micros: int

    @property
    def cents(self) -> float:
        return in_cents(self.micros)


def in_cents(micros: int) -> float:
    return round(micros / MICROS_PER_CENT, 4)


def price(tokens_in: int, tokens_out: int, *, share: Decimal = Decimal(1)) -> int:
    """Micros of a call, rounded up: USD per million tokens is micros per token."""
    exact = tokens_in * settings.GEMINI_PRICE_IN + tokens_out * settings.GEMINI_PRICE_OUT
    return int((exact * share).to_integral_value(ROUND_CEILING))


def estimate(pairs: int) -> Estimate:
    """Pairs by tokens by price, with the tokens that paid calls took of late."""
    # Without the doctor's, which are no drafts.
    paid = AiCall.objects.filter(outcome=CallOutcome.PAID, client__isnull=False)
    recent = paid.order_by("-pk")[:REMEMBERED_CALLS]
    found = AiCall.objects.filter(pk__in=recent.values("pk")).aggregate(
        tokens_in=Avg("tokens_in"), tokens_out=Avg("tokens_out")
    )
    tokens_in = round(found["tokens_in"] or USUAL_TOKENS[0])
    tokens_out = round(found["tokens_out"] or USUAL_TOKENS[1])
    return Estimate(
        pairs=pairs,
        tokens_in=pairs * tokens_in,
        tokens_out=pairs * tokens_out,
        micros=price(pairs * tokens_in, pairs * tokens_out),
    )
