"""What may not stand in a draft: grounded or silent (spec P6). Pure.

Each violation is one short phrase, written for the model that is asked once more.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.wording import claims, forbidden
from pipeline.wording.answers import Answer
from pipeline.wording.known import Known
from pipeline.wording.languages import foreign
from pipeline.wording.request import Request

LONGEST_SUBJECT = 60  # signs
LONGEST_ICEBREAKER = 25  # words
SHORTEST_BODY, LONGEST_BODY = 40, 140  # words
MOST_SIGNS = {"subject": 300, "icebreaker": 300, "body": 1_800}  # beyond, nothing else is looked at
MOST_NAMED = 12  # violations: more help nobody


def violations(answer: Answer, request: Request) -> tuple[str, ...]:
    """What keeps the answer from going out; none where it may."""
    if endless := [name for name, most in MOST_SIGNS.items() if len(getattr(answer, name)) > most]:
        return tuple(f"{name} is far too long" for name in endless)
    known = Known.of(request)
    texts = {"subject": answer.subject, "icebreaker": answer.icebreaker, "body": answer.body}
    found = [*_lengths(answer), *_facts(answer, request), *_links(answer)]
    for part, text in texts.items():
        found += [f"{part} {words}" for words in forbidden.found(text, known)]
        found += [f"{part} {words}" for words in claims.unknown(text, known)]
    found += [f"body {words}" for words in claims.greets_another(answer.body, known)]
    found += _language(answer, request)
    return tuple(dict.fromkeys(found))[:MOST_NAMED]


def _lengths(answer: Answer) -> Iterator[str]:
    words = {name: len(getattr(answer, name).split()) for name in ("subject", "icebreaker", "body")}
    for name in words:
        if not any(map(str.isalnum, getattr(answer, name))):
            yield f"{name} is empty"
    if len(answer.subject) > LONGEST_SUBJECT:
        yield f"subject has {len(answer.subject)} characters, at most {LONGEST_SUBJECT} are allowed"
    if words["icebreaker"] > LONGEST_ICEBREAKER:
        yield f"icebreaker has {words['icebreaker']} words, at most {LONGEST_ICEBREAKER} are allowed"
    if words["body"] and not SHORTEST_BODY <= words["body"] <= LONGEST_BODY:
        yield f"body has {words['body']} words, {SHORTEST_BODY} to {LONGEST_BODY} are allowed"
    for name in ("subject", "icebreaker"):
        if "\n" in getattr(answer, name):
            yield f"{name} has more than one line"


def _facts(answer: Answer, request: Request) -> Iterator[str]:
    """Whether it used only what it was given."""
    given = {name for name, text in {**request.clients_words, **request.lead}.items() if text}
    for name in dict.fromkeys(answer.facts_used):
        if name not in given:
            yield f"facts_used names {claims.quoted(name)}, which was not given"


def _links(answer: Answer) -> Iterator[str]:
    for part in ("subject", "icebreaker"):
        if claims.links(getattr(answer, part)):
            yield f"{part} holds a link"
    if len(claims.links(answer.body)) > 1:
        yield "body holds more than one link"


def _language(answer: Answer, request: Request) -> Iterator[str]:
    for part in ("body", "icebreaker"):
        if other := foreign(getattr(answer, part), request.language):
            yield f"{part} is in {other}, not in the language asked for"
