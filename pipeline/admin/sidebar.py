"""The sidebar, in the order of an operator's day."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from pipeline.models import Draft
from pipeline.shown import number


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """What unfold's SIDEBAR asks for; entries without permission are left out."""
    return [
        {
            "items": [
                {"title": "Overview", "icon": "space_dashboard", "link": reverse("admin:index")}
            ]
        },
        _group(
            request,
            "What comes in",
            ("Lead files", "upload_file", "pipeline.leadfile"),
            ("Leads", "person_search", "pipeline.lead"),
            ("Rejected rows", "rule", "pipeline.rejection"),
            ("Sources", "source", "pipeline.sourceprofile"),
        ),
        _group(
            request,
            "Who it is for",
            ("Clients", "storefront", "clients.client"),
            ("Plans", "sell", "clients.plan"),
            ("Suppressions", "block", "clients.suppression"),
        ),
        _words(request),
        _group(
            request,
            "What goes out",
            ("Runs", "conveyor_belt", "pipeline.run"),
            ("Deliveries", "local_shipping", "deliveries.delivery"),
            ("Mails", "mail", "deliveries.mail"),
            ("AI calls", "receipt_long", "pipeline.aicall"),
        ),
        _group(
            request,
            "The machine room",
            ("Nightly schedule", "bedtime", "django_celery_beat.periodictask"),
            ("Services", "monitor_heart", "pipeline.heartbeat"),
            ("Users", "group", "auth.user"),
        ),
    ]


def _words(request: HttpRequest) -> dict[str, Any]:
    """Drafts: the queue first, with how many wait in it."""
    group = _group(
        request,
        "What is written",
        ("Drafts", "edit_note", "pipeline.draft"),
        ("Prompts", "psychology", "pipeline.prompt"),
    )
    if _may_see(request, "pipeline.draft"):
        queue = {
            "title": "Review",
            "icon": "rate_review",
            "link": reverse("admin:pipeline_draft_review"),
        }
        if waiting := Draft.objects.waiting().count():
            queue["badge"] = number(waiting)
        group["items"] = [queue, *group["items"]]
    return group


def _group(request: HttpRequest, title: str, *entries: tuple[str, str, str]) -> dict[str, Any]:
    items = [
        {"title": name, "icon": icon, "link": _list(model)}
        for name, icon, model in entries
        if _may_see(request, model)
    ]
    return {"title": title, "items": items}


def _list(model: str) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_changelist")


def _may_see(request: HttpRequest, model: str) -> bool:
    app, name = model.split(".")
    return any(request.user.has_perm(f"{app}.{right}_{name}") for right in ("view", "change"))
