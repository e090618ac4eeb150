"""The words for a lead and a client: the template that stands in where no AI writes. Pure.

A template is a normal ending, not an error: it reads well with no more than an address, names
the lead and the offer, and is labelled with the reason it stood in (spec P7, ADR 0004).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.fields import polish

TEMPLATE_VERSION = "template-2"
LONGEST_SUBJECT = 60
NO_ACCOUNT = "no_ai_account"
NO_DRAFT = "no_draft"

ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "subject": {"type": "string"},
        "body": {"type": "string"},
        "icebreaker": {"type": "string"},
        "facts_used": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["subject", "body", "icebreaker", "facts_used"],
}

_CLOSING = (
    "If this could be of use to {place}, a short answer is enough, and we will send a few"
    " examples that fit. If it is not, tell us, and you will not hear from us again."
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a writer is told: the lead's `facts`, and the client whose offer it is."""

    lead_id: int
    client_id: int
    lead: Mapping[str, str]
    offer: str
    sender_name: str
    footer: str
    written_by: str = TEMPLATE_VERSION  # prompt version and model, or the template's

    @property
    def cache_key(self) -> str:
        """Same content, offer and template: same words, never written or paid for again."""
        content = [dict(self.lead), self.offer, self.sender_name, self.footer, self.written_by]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Words:
    """A draft: subject (at most 60 characters), body (plain text) and icebreaker (one sentence)."""

    subject: str
    body: str
    icebreaker: str
    source: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An answer that may not be sent, and why."""

    violations: tuple[str, ...]


def judge(text: str, request: Request) -> Words | Refused:
    """The words of an answer that passes the checks."""
    try:
        found = json.loads(text)
    except ValueError:
        return Refused(violations=("The answer was no JSON.",))
    told = found if isinstance(found, dict) else {}
    parts = {name: told.get(name) for name in ("subject", "body", "icebreaker")}
    missing = [name for name, part in parts.items() if not isinstance(part, str) or not part]
    if missing:
        return Refused(violations=tuple(f"There was no {name}." for name in missing))
    if len(str(parts["subject"])) > LONGEST_SUBJECT:
        return Refused(violations=("The subject was too long.",))
    body = "\n\n".join(part for part in (str(parts["body"]), request.footer.strip()) if part)
    return Words(
        subject=str(parts["subject"]),
        body=body,
        icebreaker=str(parts["icebreaker"]),
        source="AI",
        reason="",
    )


def facts(lead: Mapping[str, str]) -> dict[str, str]:
    """The lead's fields with its name and company as a person would write them (spec V3)."""
    first, last = polish.person_name(
        lead.get("first_name", ""), lead.get("last_name", ""), lead.get("full_name", "")
    )
    said = {"first_name": first, "last_name": last}
    return {**lead, **said, "company": polish.company_in_prose(lead.get("company", ""))}


def from_template(request: Request, *, reason: str) -> Words:
    """The draft that needs no account; `reason` says why it stood in."""
    icebreaker = _icebreaker(request.lead)
    return Words(
        subject=_subject(request.lead),
        body=_body(request, icebreaker),
        icebreaker=icebreaker,
        source="TEMPLATE",
        reason=reason,
    )


def _body(request: Request, icebreaker: str) -> str:
    name = request.lead.get("first_name", "")
    place = request.lead.get("company", "").strip()
    parts = [
        f"Hello {name}," if name else "Hello,",
        icebreaker,
        f"I am writing for {request.sender_name} about one thing: {_sentence(request.offer)}",
        _CLOSING.format(place=place or "you"),
        f"Kind regards\n{request.sender_name}",
        request.footer.strip(),
    ]
    return "\n\n".join(part for part in parts if part)


def _icebreaker(lead: Mapping[str, str]) -> str:
    company, title = lead.get("company", "").strip(), lead.get("title", "").strip()
    if company and title:
        return f"As {title} at {company} you will know best whether this is worth a minute."
    if company:
        return f"You at {company} will know best whether this is worth a minute."
    return f"This note goes to {lead['email']}, in the hope that it reaches the right person."


def _subject(lead: Mapping[str, str]) -> str:
    for whom in (lead.get("company", ""), lead.get("first_name", ""), lead["email"]):
        subject = f"A question for {whom.strip()}"
        if whom.strip() and len(subject) <= LONGEST_SUBJECT:
            return subject
    return "A short question"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
