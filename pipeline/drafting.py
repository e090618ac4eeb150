"""Drafts as rows: which are still to be written, and keeping what was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings

from clients.models import Client
from leadgen.integrations import gemini
from pipeline import drafts, prompts
from pipeline.drafts import Request, Words
from pipeline.models import Draft, Lead, Run

# What a writer is told of a lead. A longer list would make drafts go stale for nothing.
TOLD = ("email", "first_name", "last_name", "full_name", "title", "company", "industry", "country")


def request_for(lead: Lead, client: Client) -> Request:
    return Request(
        lead_id=lead.pk,
        client_id=client.pk,
        lead=drafts.facts({name: lead.value(name) for name in TOLD}),
        offer=client.offer,
        sender_name=client.sender_name,
        footer=client.footer,
        written_by=writer_name(),
    )


def writer_name() -> str:
    """Who writes now: the prompt and the model, or the template."""
    if gemini.is_set_up():
        return f"{prompts.BUILT_IN.version} {settings.GEMINI_MODEL}"
    return drafts.TEMPLATE_VERSION


def unwritten(requests: Sequence[Request]) -> list[Request]:
    """The requests that no draft answers, or only one of other content."""
    kept = set(
        Draft.objects.filter(
            lead__in={request.lead_id for request in requests},
            client__in={request.client_id for request in requests},
        ).values_list("lead", "client", "cache_key")
    )
    return [
        request
        for request in requests
        if (request.lead_id, request.client_id, request.cache_key) not in kept
    ]


def store(run: Run, written: Iterable[tuple[Request, Words]]) -> None:
    """Keep these words, in place of what was written for the same lead and client before."""
    Draft.objects.bulk_create(
        [
            Draft(
                run=run,
                lead_id=request.lead_id,
                client_id=request.client_id,
                cache_key=request.cache_key,
                source=words.source,
                reason=words.reason,
                subject=words.subject,
                body=words.body,
                icebreaker=words.icebreaker,
            )
            for request, words in written
        ],
        update_conflicts=True,
        unique_fields=["lead", "client"],
        update_fields=["run", "cache_key", "source", "reason", "subject", "body", "icebreaker"],
    )
