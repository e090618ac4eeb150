"""What the page of one delivery shows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings

from deliveries import links
from deliveries.models import DeliveredLead, Delivery
from pipeline import report, retrying
from pipeline.models import Chunk
from pipeline.shown import list_url
from pipeline.states import ChunkStatus

SHOWN_LEADS = 10
SHOWN_DOWNLOADS = 10


def delivery_context(delivery: Delivery, *, now: dt.datetime) -> dict[str, Any]:
    # By "pk" alone, PostgreSQL would look for the first ten among all that was ever delivered.
    rows = delivery.delivered_leads.select_related("lead").order_by("status", "pk")
    return {
        "delivery": delivery,
        "steps": steps_of(delivery),
        "mails": delivery.mails.order_by("pk"),
        "rows": rows[:SHOWN_LEADS],
        "withdrawn": rows.exclude(status__in=["ALLOCATED", "DELIVERED"]).count(),
        "rows_url": list_url(DeliveredLead, delivery=delivery.pk),
        "drafts": report.split_of([delivery]),
        "is_stuck": delivery.status in retrying.STUCK,
        "next_try_at": next_try_at(delivery),
        **link_context(delivery, now=now),
    }


def link_context(delivery: Delivery, *, now: dt.datetime) -> dict[str, Any]:
    """The link that the client has, our own in its place where it no longer works, who used it."""
    expires_at = links.expires_at(delivery.link)
    fetched = delivery.downloads.order_by("-pk")
    return {
        "expires_at": expires_at,
        "expired": expires_at is not None and expires_at <= now,
        "is_on_drive": links.is_on_drive(delivery),
        "fresh_link": links.link_for(delivery.pk) if delivery.storage_name else "",
        "link_days": settings.LINK_DAYS,
        "downloads": fetched[:SHOWN_DOWNLOADS],
        "count_downloads": fetched.count(),
    }


def place_in_words(delivery: Delivery) -> str:
    if not delivery.link:
        return ""
    return "Google Drive" if links.is_on_drive(delivery) else "our own link"


def next_try_at(delivery: Delivery) -> dt.datetime | None:
    """When a worker takes it up again by itself."""
    waiting = Chunk.objects.filter(
        stage_run__run=delivery.run_id, ref_id=delivery.pk, status=ChunkStatus.PENDING,
        stage_run__stage__in=list(retrying.BEFORE),
    )  # fmt: skip
    return waiting.exclude(error="").values_list("next_try_at", flat=True).first()


def steps_of(delivery: Delivery) -> list[tuple[str, dt.datetime | None]]:
    """The way of a delivery, with the moments it has come past."""
    return [
        ("Leads allocated", delivery.created_at),
        ("File stored", delivery.uploaded_at),
        ("Client told", delivery.notified_at),
        ("Logged", delivery.logged_at),
    ]
