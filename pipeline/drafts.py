"""The words for a lead and a client: the template that stands in where no AI writes. Pure.

A template is a normal ending, not an error: it reads well with no more than an address, names
the lead and the offer, and is labelled with the reason it stood in (spec P7, ADR 0004).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

TEMPLATE_VERSION = "template-1"
LONGEST_SUBJECT = 60
NO_ACCOUNT = "no_ai_account"
NO_DRAFT = "no_draft"

_CLOSING = (
    "If this could be of use to {place}, a short answer is enough, and we will send a few"
    " examples that fit. If it is not, tell us, and you will not hear from us again."
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a writer is told: the lead's fields, and the client whose offer it is."""

    lead_id: int
    client_id: int
    lead: Mapping[str, str]
    offer: str
    sender_name: str
    footer: str

    @property
    def cache_key(self) -> str:
        """Same content, offer and template: same words, never written or paid for again."""
        content = [dict(self.lead), self.offer, self.sender_name, self.footer, TEMPLATE_VERSION]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Words:
    """A draft: subject (at most 60 characters), body (plain text) and icebreaker (one sentence)."""

    subject: str
    body: str
    icebreaker: str
    source: str
    reason: str


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
    name = _first_name(request.lead)
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
    for whom in (lead.get("company", ""), _first_name(lead), lead["email"]):
        subject = f"A question for {whom.strip()}"
        if whom.strip() and len(subject) <= LONGEST_SUBJECT:
            return subject
    return "A short question"


def _first_name(lead: Mapping[str, str]) -> str:
    name = lead.get("first_name", "").strip() or lead.get("full_name", "").strip()
    shouted = name.isupper() or name.islower()
    return name.title() if shouted and len(name) > 1 else name


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
