"""What one reply of the AI means for its request and for the books. Asks nobody, writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from leadgen.integrations import gemini
from leadgen.integrations.errors import AccountError, Dropped, TransientError, Unusable
from leadgen.integrations.gemini_answers import Answer
from leadgen.integrations.gemini_errors import CUT, EMPTY, REQUEST
from pipeline import drafts, prices
from pipeline.asking import NotAsked, Reply
from pipeline.budget import Settled
from pipeline.drafts import Refused, Request, Words
from pipeline.models.money import CallOutcome

UNFIT = "ai_unfit"
FAILED = "ai_error"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Words, or what to do instead.

    `again`: the call says nothing of the request, so it may be asked anew; `outside`: the same,
    where the service is down. `mends`: the request is worth one more call, which names the
    `violations`. `counts`: whether it may be paid for.
    """

    settled: Settled
    counts: bool
    words: Words | None = None
    again: bool = False
    outside: bool = False
    mends: bool = False
    cut: bool = False
    violations: tuple[str, ...] = ()
    reason: str = FAILED


def verdict_of(reply: Reply, request: Request, *, reserved: int) -> Verdict:
    """What the reply means; `reserved`: micros that are kept for the call."""
    if reply.answer is not None:
        return _of_an_answer(reply, reply.answer, request, reserved)
    error = reply.error
    if isinstance(error, Unusable) and error.reason != REQUEST:
        settled = _paid(reply, error.tokens_in, error.tokens_out, reserved, reason=error.reason)
        mends = error.reason in {CUT, EMPTY}
        return Verdict(
            settled=settled, counts=True, mends=mends, cut=error.reason == CUT, reason=error.reason
        )
    if isinstance(error, Dropped):
        lost = Settled(
            call_id=reply.call_id, outcome=CallOutcome.LOST, micros=reserved, reason="ai_lost"
        )
        return Verdict(settled=lost, counts=True, again=True)
    reason = error.reason if isinstance(error, (AccountError, Unusable)) else FAILED
    refused = Settled(call_id=reply.call_id, outcome=CallOutcome.REFUSED, reason=reason)
    return Verdict(
        settled=refused,
        counts=False,
        again=isinstance(error, (AccountError, NotAsked)),
        outside=isinstance(error, TransientError),
        reason=reason,
    )


def _of_an_answer(reply: Reply, answer: Answer, request: Request, reserved: int) -> Verdict:
    judged = drafts.judge(answer.text, request)
    unfit = isinstance(judged, Refused)
    settled = _paid(
        reply,
        answer.tokens_in,
        answer.tokens_out,
        reserved,
        ms=answer.ms,
        model=answer.model_version,
        reason=UNFIT if unfit else "",
    )
    if isinstance(judged, Refused):
        return Verdict(
            settled=settled, counts=True, mends=True, violations=judged.violations, reason=UNFIT
        )
    return Verdict(settled=settled, counts=True, words=judged)


def _paid(
    reply: Reply,
    tokens_in: int,
    tokens_out: int,
    reserved: int,
    *,
    reason: str,
    ms: int = 0,
    model: str = "",
) -> Settled:
    share = prices.FLEX_SHARE if reply.tier == gemini.FLEX else Decimal(1)
    told = tokens_in or tokens_out
    return Settled(
        call_id=reply.call_id,
        outcome=CallOutcome.PAID,
        # An answer that does not say what it took is booked with the most that it can cost.
        micros=prices.price(tokens_in, tokens_out, share=share) if told else reserved,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        ms=ms,
        model=model[:80],
        reason=reason,
    )
