"""What Gemini's replies say, and whether they are whole (https://ai.google.dev/api/generate-content)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from leadgen.integrations.errors import AccountError, Unusable
from leadgen.integrations.gemini_errors import BLOCKED, CUT, EMPTY, LIMITED, SERVICE

# Finish reasons that need no judgement; every other one means that the answer was withheld.
_WHOLE = {"STOP", "FINISH_REASON_UNSPECIFIED"}
_CUT = "MAX_TOKENS"
_LIMITED = "PUP_LIMITED_DISABLED"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, and what it cost."""

    text: str
    tokens_in: int
    tokens_out: int
    model_version: str
    ms: int


def answer_of(reply: Any, *, ms: int) -> Answer:
    """The words of a reply of google-genai's. Raises Unusable or AccountError."""
    tokens_in, tokens_out = _tokens(reply)
    unusable = partial(Unusable, service=SERVICE, tokens_in=tokens_in, tokens_out=tokens_out)
    if not reply.candidates:
        blocked = getattr(reply.prompt_feedback, "block_reason", None) is not None
        raise unusable("Gemini gave no answer.", reason=BLOCKED if blocked else EMPTY)
    candidate = reply.candidates[0]
    ending = _ending(candidate)
    if ending == _LIMITED:
        raise AccountError("Gemini has limited the account.", service=SERVICE, reason=LIMITED)
    if ending not in _WHOLE:
        raise unusable("Gemini withheld its answer.", reason=CUT if ending == _CUT else BLOCKED)
    text = _text(candidate)
    if not text.strip():
        raise unusable("Gemini's answer is empty.", reason=EMPTY)
    return Answer(
        text=text,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        model_version=reply.model_version or "",
        ms=ms,
    )


def _ending(candidate: Any) -> str:
    """Why it ended, in capitals; one that the library does not know comes as a text."""
    reason = candidate.finish_reason
    return str(getattr(reason, "value", reason) or "STOP").upper()


def _text(candidate: Any) -> str:
    parts = getattr(candidate.content, "parts", None) or []
    return "".join(part.text for part in parts if part.text and not part.thought)


def _tokens(reply: Any) -> tuple[int, int]:
    """In and out; thoughts are paid as output. Any of them may be missing."""
    used = reply.usage_metadata
    if used is None:
        return 0, 0
    out = (used.candidates_token_count or 0) + (used.thoughts_token_count or 0)
    return used.prompt_token_count or 0, out
