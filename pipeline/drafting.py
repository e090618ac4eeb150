"""Drafts as rows: what is asked for, which are still to be written, and keeping what was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction

from clients.models import Client
from clients.wishes import Review as Policy
from leadgen.integrations import gemini
from pipeline import drafts, prompts
from pipeline.drafts import Request, Words
from pipeline.models import Chunk, Draft, ForecastPair, Lead, Prompt, Review, Run
from pipeline.models.drafts import DraftSource

# What a writer is told of a lead, and what its prompt names. A longer list would make drafts go
# stale for nothing.
TOLD = ("email", "first_name", "last_name", "full_name", "title", "company", "industry", "country")


@dataclass(frozen=True, kw_only=True)
class PromptsInUse:
    """The versions that leads are given, and to how many of 100 each."""

    prompts: Mapping[int, drafts.Prompt] = field(default_factory=dict)
    shares: Mapping[int, int] = field(default_factory=dict)

    def of(self, lead: Lead) -> drafts.Prompt:
        """Always the same one for the same person, whichever client it is for."""
        if not self.shares:
            return drafts.Prompt()
        return self.prompts[prompts.choose(self.shares, str(lead.key))]


def prompts_in_use() -> PromptsInUse:
    rows = list(Prompt.objects.in_use().order_by("pk"))
    return PromptsInUse(
        prompts={row.pk: as_prompt(row) for row in rows},
        shares={row.pk: row.share for row in rows},
    )


def as_prompt(row: Prompt) -> drafts.Prompt:
    return drafts.Prompt(id=row.pk, version=row.label, text=row.text)


def request_for(
    lead: Lead, client: Client, *, prompt: drafts.Prompt | None = None, model: str = ""
) -> Request:
    """What a writer is told. `prompt` is one of `prompts_in_use()`; a blank model asks no AI."""
    prompt = prompt or drafts.Prompt()
    asked = [each.name for each in prompt.variables if each.name not in prompts.OF_A_CLIENT]
    return Request(
        lead_id=lead.pk,
        client_id=client.pk,
        lead=drafts.facts({name: lead.value(name) for name in (*TOLD, *asked)}),
        offer=client.offer,
        sender_name=client.sender_name,
        footer=client.footer,
        client_name=client.name,
        call_to_action=client.call_to_action,
        language=client.language,
        tone=client.tone,
        prompt=prompt,
        model=model,
    )


def expected(chunk: Chunk) -> list[Request]:
    """What the forecast expects of a chunk of personalize: one for each lead and client."""
    pairs = ForecastPair.objects.filter(
        run=chunk.stage_run.run_id, lead__pk__range=(chunk.low, chunk.high)
    )
    in_use, model = prompts_in_use(), gemini.model()
    return [
        request_for(pair.lead, pair.client, prompt=in_use.of(pair.lead), model=model)
        for pair in pairs.select_related("lead", "client").order_by("lead", "client")
    ]


def suppose(run: Run, requests: Sequence[Request], *, by_ai: int) -> None:
    """Keep, for a simulation, what a person would have to look at before it goes out.

    As though the AI had written the first `by_ai` of these requests; the words are the template's.
    (A sample is drawn by the leads' ids: of leads that only the simulation imports it is another.)
    """
    found = set_aside(run, unwritten(requests))[:by_ai]
    clients = Client.objects.in_bulk({request.client_id for request in found})
    written = [
        (each, replace(drafts.from_template(each, reason=""), source="AI")) for each in found
    ]
    store(
        run,
        [
            (one, words)
            for one, words in written
            if is_to_be_seen(clients[one.client_id], one, words)
        ],
    )


def unwritten(requests: Sequence[Request]) -> list[Request]:
    """The requests that no draft answers, or only one of other content that no person kept.

    Where no AI is asked, what one wrote of the same content is an answer, too.
    """
    found = _known(requests)
    return [request for request in requests if not _answers(found.get(_pair(request)), request)]


def _answers(draft: Draft | None, request: Request) -> bool:
    if draft is None or not draft.cache_key:
        return False
    if _is_kept(draft) or draft.cache_key == request.cache_key:
        return True
    return not request.model and _is_paid(draft, request)


def _is_kept(draft: Draft) -> bool:
    """What a person wrote or let pass stays, unless a person asks for other words."""
    return bool(draft.cache_key) and (
        draft.source == DraftSource.HUMAN or draft.review == Review.APPROVED
    )


def _is_paid(draft: Draft, request: Request) -> bool:
    """Whether an AI wrote it of this content, with whatever prompt."""
    return draft.source == DraftSource.AI and draft.cache_key.startswith(request.content_key)


def set_aside(run: Run, requests: Sequence[Request]) -> list[Request]:
    """Those that an AI may be asked for; the others lack a value that their prompt must have.

    They get the template and wait for a person (spec P1). Costs nothing.
    """
    lacking = [request for request in requests if request.model and request.missing]
    store(
        run, [(each, drafts.from_template(each, reason=drafts.MISSING_VALUE)) for each in lacking]
    )
    return [request for request in requests if not (request.model and request.missing)]


def store(run: Run, written: Iterable[tuple[Request, Words]]) -> None:
    """Keep these words, in place of what was written for the same lead and client before.

    What a person wrote or approved meanwhile wins. Whether a person must look at the new words
    first is decided here, by the client's review.
    """
    with transaction.atomic():
        pairs = _without_kept(list(written))
        clients = Client.objects.in_bulk({request.client_id for request, _ in pairs})
        Draft.objects.bulk_create(
            [_row(run, request, words, clients[request.client_id]) for request, words in pairs],
            update_conflicts=True,
            unique_fields=["lead", "client"],
            update_fields=[
                *("run", "cache_key", "source", "reason", "subject", "body", "icebreaker"),
                *("prompt", "model", "spam_score", "review", "reviewed_by", "reviewed_at"),
            ],
        )


def _without_kept(pairs: list[tuple[Request, Words]]) -> list[tuple[Request, Words]]:
    known = _known([request for request, _ in pairs], lock=True)
    return [
        (request, words)
        for request, words in pairs
        if (draft := known.get(_pair(request))) is None or not _outlives(draft, request, words)
    ]


def _outlives(draft: Draft, request: Request, words: Words) -> bool:
    """Whether what is there is better: a person's, or an AI's while no AI can be asked."""
    stands_in = words.source == DraftSource.TEMPLATE and words.reason in drafts.PASSING
    unseen = draft.review == Review.PENDING
    return _is_kept(draft) or (stands_in and not unseen and _is_paid(draft, request))


def _known(requests: Sequence[Request], *, lock: bool = False) -> dict[tuple[int, int], Draft]:
    """The drafts of these leads for these clients, without their words."""
    rows = Draft.objects.filter(
        lead__in={request.lead_id for request in requests},
        client__in={request.client_id for request in requests},
    ).only("lead", "client", "cache_key", "source", "review")
    rows = rows.select_for_update().order_by("pk") if lock else rows
    return {(draft.lead_id, draft.client_id): draft for draft in rows}


def _pair(request: Request) -> tuple[int, int]:
    return request.lead_id, request.client_id


def _row(run: Run, request: Request, words: Words, client: Client) -> Draft:
    passing = words.source == DraftSource.TEMPLATE and words.reason in drafts.PASSING
    return Draft(
        run=run,
        lead_id=request.lead_id,
        client_id=request.client_id,
        cache_key=request.template_key if passing else request.cache_key,
        **columns_of(words),
        review=Review.PENDING if is_to_be_seen(client, request, words) else Review.NONE,
    )


def columns_of(words: Words) -> dict[str, Any]:
    """The words as a Draft keeps them, and a TriedDraft."""
    return {
        "source": words.source,
        "reason": words.reason,
        "subject": words.subject,
        "body": words.body,
        "icebreaker": words.icebreaker,
        "prompt_id": words.prompt_id,
        "model": words.model,
        "spam_score": words.spam_score,
    }


def is_to_be_seen(client: Client, request: Request, words: Words) -> bool:
    """Whether a person must look at the words before they go out (spec P1, P8)."""
    if words.reason == drafts.MISSING_VALUE:
        return True
    if words.source != DraftSource.AI or client.review == Policy.NONE:
        return False
    return client.review == Policy.ALL or _in_sample(request, client.review_percent)


def _in_sample(request: Request, percent: int) -> bool:
    """By a hash: a repeat draws the same sample."""
    pair = f"{request.lead_id}:{request.client_id}"
    return int.from_bytes(hashlib.sha256(pair.encode()).digest()[:8]) % 100 < percent


def letter(body: str, client: Client) -> str:
    """The body as it is sent, signed and with the client's footer (spec C4)."""
    return signing(client)(body)


def signing(client: Client) -> Callable[[str], str]:
    """Makes of each of the client's drafts what is sent."""
    return drafts.signing(
        sender_name=client.sender_name,
        footer=client.footer,
        language=client.language,
        client_name=client.name,
    )


def icebreakers(leads: Iterable[Lead], language: str) -> dict[int, str]:
    """What was written of these leads for any client of that language, and may go out."""
    written = Draft.objects.filter(
        lead__in=[lead.pk for lead in leads], client__language=language
    ).exclude(source=DraftSource.TEMPLATE)
    seen = written.exclude(review=Review.PENDING).order_by("pk")
    return dict(seen.values_list("lead", "icebreaker"))
