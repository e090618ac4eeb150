"""The queue of drafts that wait: whose, in which order, and what stands beside each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from clients.models import Client
from pipeline.models import Draft, LeadStatus
from pipeline.shown import admin_url


def client_of(request: HttpRequest) -> Client | None:
    """The client whose drafts are looked at; None for all."""
    text = request.POST.get("client") or request.GET.get("client") or ""
    return Client.objects.filter(pk=text).first() if text.isdecimal() else None


def shown_in(request: HttpRequest) -> str:
    """What the person saw who presses; '' fits no draft."""
    return request.POST.get("shown", "")


def queue_of(client: Client | None) -> QuerySet[Draft]:
    rows = Draft.objects.waiting()
    return rows.filter(client=client) if client else rows


def page_of(draft: Draft, client: Client | None) -> str:
    query = f"?{urlencode({'client': client.pk})}" if client else ""
    return admin_url(draft) + query


def go_on(request: HttpRequest, draft: Draft) -> HttpResponse:
    """On to the one behind it that waits, or the first; to the draft itself where none waits."""
    client = client_of(request)
    waiting = queue_of(client).order_by("pk")
    following = waiting.filter(pk__gt=draft.pk).first() or waiting.first()
    if following is None:
        messages.info(request, "That was the last one that waited.")
    return redirect(page_of(following or draft, client))


def queues() -> list[dict[str, Any]]:
    """How many drafts wait, by client."""
    rows = Draft.objects.waiting().order_by().values("client", "client__name")
    counted = rows.annotate(count=Count("pk")).order_by("client__name")
    return [{"id": r["client"], "name": r["client__name"], "count": r["count"]} for r in counted]


def draft_context(draft: Draft, client: Client | None) -> dict[str, Any]:
    """One draft with what it was made of beside it."""
    from pipeline import drafting, reviewing  # noqa: PLC0415  (their words need large tables)
    from pipeline.wording import spam  # noqa: PLC0415

    prompt = drafting.as_prompt(draft.prompt) if draft.prompt else None
    request = drafting.request_for(draft.lead, draft.client, prompt=prompt)
    waiting = queue_of(client)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    return {
        "draft": draft,
        "shown": reviewing.as_shown(draft),
        "whole": drafting.letter(draft.body, draft.client),
        "facts": [(name, text) for name, text in request.lead.items() if text],
        "not_told": sorted(
            name for name, text in request.lead.items() if not text and draft.lead.value(name)
        ),
        "flags": spam.flags(draft.subject, draft.body),
        "waits": draft.pk in ids,
        "position": sum(each <= draft.pk for each in ids),
        "waiting": len(ids),
        "before": _page_at([each for each in ids if each < draft.pk][-1:], client),
        "behind": _page_at([each for each in ids if each > draft.pk][:1], client),
        "only": client,
        "queues": queues(),
        "review_url": reverse("admin:pipeline_draft_review"),
        "may_decide": draft.lead.status == LeadStatus.READY,
    }


def _page_at(ids: list[int], client: Client | None) -> str:
    return page_of(Draft(pk=ids[0]), client) if ids else ""
