"""What a writer is told of a lead and of the client whose offer it is, and what it gives back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.fields import polish
from pipeline.fields.nothing import says_nothing
from pipeline.wording import suspects

TEMPLATE_VERSION = "template-3"
LONGEST_KEY, CONTENT_KEY = 64, 40  # hexadecimal digits

BUILT_IN_TEXT = """\
Write a cold e-mail that one busy person would be glad to get: plain words, no flattery.

Open with one sentence about {{company: their company}} and what somebody who is \
{{title: in charge there}} has to deal with in {{industry: that business}}. Then say in one or \
two sentences what {{client_name}} offers and why it may matter there. End with the call to \
action as a question.

The icebreaker is the opening sentence for a mail that somebody else writes: about the person or \
the company, never about the offer.
"""

VARIABLE = re.compile(r"\{\{\s*([^{}:]+?)\s*(?::\s*([^{}]*?)\s*)?\}\}")


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A lead's or client's field that a prompt speaks of; what it says where there is none."""

    name: str
    fallback: str | None = None


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One version of a prompt; `id` is its row, None for the one that comes with the product."""

    id: int | None = None
    version: str = "built-in"
    text: str = BUILT_IN_TEXT

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Each variable once, in the order of the text; the first fallback named counts."""
        found: dict[str, str | None] = {}
        for name, fallback in VARIABLE.findall(self.text):
            found[name] = found.get(name) or fallback or None
        return tuple(Variable(name=name, fallback=words) for name, words in found.items())


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a writer is told: the lead's `facts`, the client's offer and wishes, and the prompt.

    `model` is blank where no AI is asked.
    """

    lead_id: int
    client_id: int
    lead: Mapping[str, str]
    offer: str
    sender_name: str
    footer: str
    client_name: str = ""
    call_to_action: str = ""
    language: str = "en"
    tone: str = "PLAIN"
    prompt: Prompt = field(default_factory=Prompt)
    model: str = ""

    @property
    def cache_key(self) -> str:
        """Same content, offer, prompt and model: same words, never written or paid for again.

        It begins with `content_key`; the rest says what was asked for.
        """
        asked = [self.prompt.version, self.prompt.text, self.model] if self.model else []
        return self.content_key + _hashed(asked)[: LONGEST_KEY - CONTENT_KEY]

    @property
    def template_key(self) -> str:
        """The key of words that no AI was asked for: not those that an AI's answer would have."""
        return self.content_key + _hashed([])[: LONGEST_KEY - CONTENT_KEY]

    @property
    def content_key(self) -> str:
        """The same for the same lead and the same wishes of the client, whoever writes."""
        wishes = [self.client_name, self.call_to_action, self.language, self.tone]
        content = [dict(self.lead), self.offer, self.sender_name, *wishes, TEMPLATE_VERSION]
        return _hashed(content)[:CONTENT_KEY]

    @property
    def clients_words(self) -> dict[str, str]:
        """What the client itself says: the operator typed it, so it is trusted."""
        return {
            "client_name": self.client_name,
            "sender_name": self.sender_name,
            "offer": self.offer,
            "call_to_action": self.call_to_action,
        }

    @property
    def missing(self) -> tuple[str, ...]:
        """Variables of the prompt for which there is neither a value nor a fallback."""
        known = {**self.clients_words, **self.lead, "language": "-", "tone": "-"}
        return tuple(
            each.name
            for each in self.prompt.variables
            if each.fallback is None and not known.get(each.name)
        )

    @property
    def fallbacks(self) -> dict[str, str]:
        """What the prompt says in place of values that this lead lacks."""
        return {
            each.name: each.fallback
            for each in self.prompt.variables
            if each.fallback is not None and not self.lead.get(each.name)
            if not self.clients_words.get(each.name)
        }


@dataclass(frozen=True, kw_only=True)
class Words:
    """A draft: subject (at most 60 characters), body (plain text) and icebreaker (one sentence).

    The body bears neither signature nor footer: `drafts.letter` puts them below.
    """

    subject: str
    body: str
    icebreaker: str
    source: str
    reason: str
    prompt_id: int | None = None
    prompt_version: str = ""
    model: str = ""
    spam_score: int = 0


def _hashed(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def facts(lead: Mapping[str, str]) -> dict[str, str]:
    """What may be told of a lead: names as people write them (spec V3), nothing that gives orders."""
    first, last = polish.person_name(
        lead.get("first_name", ""), lead.get("last_name", ""), lead.get("full_name", "")
    )
    said = {"first_name": first, "last_name": last}
    company = polish.company_in_prose(lead.get("company", ""))
    whole = {**lead, **said, "company": company}
    return {
        name: "" if says_nothing(text) else suspects.told(name, text)
        for name, text in whole.items()
    }
