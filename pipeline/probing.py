"""Whether the AI would write: asked for nothing where it says so, else with the smallest question.

Such a question may cost something, so it is reserved and stands in the ledger like any other.
"""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings

from leadgen.integrations import gemini
from leadgen.integrations.errors import Dropped, Unusable
from leadgen.integrations.gemini_errors import REQUEST
from pipeline import budget, prices
from pipeline.budget import Settled, Wanted
from pipeline.models.money import CallOutcome

REASON = "probe"
MOST_INPUT = 200  # tokens; the question has fewer bytes


def probe() -> str:
    """What is known of the AI, in words. Raises ServiceError."""
    try:
        return gemini.probe()
    except gemini.NotListed:
        return _probe_by_a_question()


def _probe_by_a_question() -> str:
    wanted = Wanted(
        lead_id=None, client_id=None, micros=prices.price(MOST_INPUT, gemini.PROBE_TOKENS)
    )
    reserved = budget.reserve(None, [wanted])
    if not reserved:
        return (
            f"Not checked: {settings.GEMINI_MODEL} is not listed where GEMINI_BASE_URL leads, and"
            " today's AI budget has nothing left for a question."
        )
    _ask(Settled(call_id=reserved[0], outcome=CallOutcome.REFUSED, reason=REASON), wanted)
    return (
        f"The key is taken, and {settings.GEMINI_MODEL} answers. It is not listed there, so it was"
        " asked one word, which stands among the AI calls."
    )


def _ask(settled: Settled, wanted: Wanted) -> None:
    """An answer that is cut or empty is one, too."""
    try:
        answer = gemini.ask()
        settled = _paid(settled, wanted, answer.tokens_in, answer.tokens_out)
    except Unusable as error:
        if error.reason == REQUEST:
            raise
        settled = _paid(settled, wanted, error.tokens_in, error.tokens_out)
    except Dropped:
        settled = replace(settled, outcome=CallOutcome.LOST, micros=wanted.micros)
        raise
    finally:
        budget.settle([settled])


def _paid(settled: Settled, wanted: Wanted, tokens_in: int, tokens_out: int) -> Settled:
    told = tokens_in or tokens_out
    return replace(
        settled,
        outcome=CallOutcome.PAID,
        micros=prices.price(tokens_in, tokens_out) if told else wanted.micros,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
    )
