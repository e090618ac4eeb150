"""An AI's answer as the three texts that it must hold, or the reason why it is none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

# Only keywords that Gemini supports; lengths are for the gate to check.
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "subject": {"type": "string"},
        "body": {"type": "string"},
        "icebreaker": {"type": "string"},
        "facts_used": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["subject", "body", "icebreaker", "facts_used"],
    "propertyOrdering": ["facts_used", "icebreaker", "subject", "body"],
}
LONGEST_ANSWER = 20_000  # signs; a draft has about 1,500
MOST_FACTS = 40


class Unreadable(Exception):
    """The answer is no draft; the message says why in one short clear phrase."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    subject: str
    body: str
    icebreaker: str
    facts_used: tuple[str, ...]


def read(text: str | None) -> Answer:
    """The answer; raises Unreadable."""
    found = _object(text)
    texts = {name: found.get(name) for name in ("subject", "body", "icebreaker")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise Unreadable(f"{name} is missing or no text")
    used = found.get("facts_used")
    if not isinstance(used, list) or not all(isinstance(each, str) for each in used):
        raise Unreadable("facts_used is missing or no list of names")
    if len(used) > MOST_FACTS:
        raise Unreadable("facts_used is far too long")
    return Answer(
        **{name: _tidy(str(value)) for name, value in texts.items()}, facts_used=tuple(used)
    )


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _object(text: str | None) -> dict[str, Any]:
    if not text or not text.strip():
        raise Unreadable("the answer is empty")
    if len(text) > LONGEST_ANSWER:
        raise Unreadable("the answer is far too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("the answer is not JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("the answer is no JSON object")
    return found
