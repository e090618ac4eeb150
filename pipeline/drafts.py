"""The words for a lead and a client: what an AI's answer must pass, and what stands in for it. Pure.

A template is a normal ending, not an error: it reads well with no more than an address, names
the lead and the offer, and is labelled with the reason it stood in (spec P7, ADR 0004). What an
AI wrote goes out grounded or not at all (spec P6, ADR 0011).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.wording import gate, spam, templates
from pipeline.wording.answers import ANSWER_SCHEMA, Unreadable, read
from pipeline.wording.languages import LANGUAGES, get_ready
from pipeline.wording.request import TEMPLATE_VERSION, Prompt, Request, Words, facts

__all__ = [
    "ANSWER_SCHEMA",
    "LANGUAGES",
    "TEMPLATE_VERSION",
    "Prompt",
    "Refused",
    "Request",
    "Words",
    "facts",
    "from_template",
    "get_ready",
    "judge",
    "letter",
    "signing",
]

LONGEST_SUBJECT = gate.LONGEST_SUBJECT
# Why a template stood in; in words in `pipeline.reasons`.
NO_ACCOUNT = "no_ai_account"
NO_DRAFT = "no_draft"
MISSING_VALUE = "missing_value"
UNREVIEWED = "unreviewed"
REJECTED = "rejected"
REDO = "redo"
# Of these no AI was to blame or to be paid: once one is there, or there again, it is asked anew.
PASSING = frozenset((
    NO_ACCOUNT, NO_DRAFT, REDO, "ai_error", "ai_auth", "ai_quota", "ai_budget", "ai_down", "ai_model",
    "ai_location", "ai_limit",
))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An answer that may not go out, and why: a short phrase each, to be told to the model."""

    violations: tuple[str, ...]


def judge(text: str | None, request: Request) -> Words | Refused:
    """What an AI answered, as a draft, or what is wrong with it. Raises nothing."""
    try:
        answer = read(text)
    except Unreadable as unreadable:
        return Refused(violations=(str(unreadable),))
    answer = replace(answer, body=_unsigned(answer.body, request))
    wrong = gate.violations(answer, request)
    if wrong:
        return Refused(violations=wrong)
    return Words(
        subject=answer.subject,
        body=answer.body,
        icebreaker=answer.icebreaker,
        source="AI",
        reason="",
        prompt_id=request.prompt.id,
        prompt_version=request.prompt.version,
        model=request.model,
        spam_score=spam.score(answer.subject, answer.body),
    )


def _unsigned(body: str, request: Request) -> str:
    """Without a signature at its end: `letter` writes it."""
    names = {request.sender_name.casefold(), request.client_name.casefold()} - {""}
    regards = {each.regards.casefold() for each in templates.PHRASES.values()}
    lines = body.split("\n")
    while len(lines) > 1 and _bare(lines[-1]) in names | regards | {""}:
        lines.pop()
    return "\n".join(lines)


def _bare(line: str) -> str:
    return line.strip().rstrip(",.!").casefold()


def from_template(request: Request, *, reason: str, icebreaker: str = "") -> Words:
    """The draft that needs no account; `reason` says why it stood in.

    An `icebreaker` that was written for this lead already is kept: it is paid for.
    """
    said = templates.phrases(request.language)
    own = _icebreaker(request, said)
    subject, body = _subject(request, said), _body(request, said, icebreaker or own)
    return Words(
        subject=subject,
        body=body,
        icebreaker=icebreaker or own,
        source="TEMPLATE",
        reason=reason,
        prompt_id=request.prompt.id if request.model else None,
        prompt_version=request.prompt.version if request.model else "",
        model=request.model,
        spam_score=spam.score(subject, body),
    )


def _body(request: Request, said: templates.Phrases, icebreaker: str) -> str:
    name = _to_whom(request)
    if said.small_after_comma and icebreaker == _icebreaker(request, said):
        icebreaker = icebreaker[:1].lower() + icebreaker[1:]
    parts = [
        said.hello_name.format(name=name) if name else said.hello,
        icebreaker,
        said.writing.format(sender=_from_whom(request, said), offer=_sentence(request.offer)),
        _ask(request, said),
    ]
    return "\n\n".join(part for part in parts if part)


def _to_whom(request: Request) -> str:
    """By the first name; where it is to be formal by the whole one, for nobody says Mr or Mrs."""
    lead = request.lead
    first, last = lead.get("first_name", "").strip(), lead.get("last_name", "").strip()
    if request.tone != "FORMAL":
        return first
    return f"{first} {last}" if first and last else lead.get("full_name", "").strip()


def _ask(request: Request, said: templates.Phrases) -> str:
    company = request.lead.get("company", "").strip()
    ask = said.ask_company.format(company=company) if company else said.ask
    wish = _sentence(request.call_to_action) if request.call_to_action.strip() else ask
    return f"{wish} {said.if_not}"


def _from_whom(request: Request, said: templates.Phrases) -> str:
    """Dana Whitfield of Northwind; the client's name once where both are the same."""
    names = dict.fromkeys(filter(None, (request.sender_name.strip(), request.client_name.strip())))
    return f" {said.of} ".join(names)


def _icebreaker(request: Request, said: templates.Phrases) -> str:
    lead = request.lead
    company, title = lead.get("company", "").strip(), lead.get("title", "").strip()
    if company and title:
        return said.title.format(title=title, company=company)
    if company:
        return said.company.format(company=company)
    email = lead.get("email", "")
    return said.address.format(email=email) if email else said.unknown


def _subject(request: Request, said: templates.Phrases) -> str:
    lead = request.lead
    for whom in (lead.get("company", ""), lead.get("first_name", ""), lead.get("email", "")):
        subject = said.subject_for.format(whom=whom.strip())
        if whom.strip() and len(subject) <= LONGEST_SUBJECT:
            return subject
    return said.subject


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def letter(
    body: str, *, sender_name: str, footer: str, language: str = "en", client_name: str = ""
) -> str:
    """The body as it is sent: see `signing`."""
    return signing(
        sender_name=sender_name, footer=footer, language=language, client_name=client_name
    )(body)


def signing(
    *, sender_name: str, footer: str, language: str = "en", client_name: str = ""
) -> Callable[[str], str]:
    """Makes of a body what is sent: signed, and below it who writes and how to hear no more.

    Code adds both (spec C4), whoever wrote the body. A client without a footer of its own gets
    the language's sentence. One for all drafts of a client: a file has many.
    """
    said = templates.phrases(language)
    below = footer.strip()
    if not below:
        below = f"{', '.join(filter(None, (sender_name, client_name)))}\n{said.opt_out}"
    ending = f"\n\n{said.regards}\n{sender_name}\n\n{below}"

    def signed(body: str) -> str:
        body = body.strip()
        return body if body.endswith(below) else body + ending

    return signed
