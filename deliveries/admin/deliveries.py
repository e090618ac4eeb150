"""Deliveries: what became of each, its file, its link, and what is in it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deliveries import links, views
from deliveries.models import DeliveredLead, Delivery
from pipeline import report
from pipeline.admin.desk import History
from pipeline.admin.filters import RunFilter
from pipeline.shown import (
    NOTHING,
    admin_url,
    label,
    link_to,
    list_url,
    moment,
    number,
    size,
)

SHOWN_LEADS = 10


@admin.register(Delivery)
class DeliveryAdmin(History[Delivery]):
    list_display = (
        "named",
        "client",
        "run_link",
        "count_leads",
        "status_label",
        "count_size",
        "uploaded",
        "download_link",
    )
    list_filter = ("status", "client", RunFilter)
    list_select_related = ("client", "run")
    search_fields = ("client__name",)
    search_help_text = "Client"
    ordering = ("-pk",)
    change_form_template = "desk/delivery.html"

    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(self.download_view)
        own = path("<int:delivery_id>/download/", download, name="deliveries_delivery_download")
        return [own, *super().get_urls()]

    # The list

    @admin.display(description="Delivery", ordering="pk")
    def named(self, delivery: Delivery) -> str:
        return f"Delivery {delivery.pk}"

    @admin.display(description="Run")
    def run_link(self, delivery: Delivery) -> str:
        return link_to(delivery.run, f"Run {delivery.run_id}")

    @admin.display(description="Leads", ordering="rows")
    def count_leads(self, delivery: Delivery) -> str:
        return number(delivery.rows)

    @admin.display(description="Status", ordering="status")
    def status_label(self, delivery: Delivery) -> SafeString:
        return format_html('<span title="{}">{}</span>', delivery.error, label(delivery.status))

    @admin.display(description="Size", ordering="size")
    def count_size(self, delivery: Delivery) -> str:
        return size(delivery.size)

    @admin.display(description="File made", ordering="uploaded_at")
    def uploaded(self, delivery: Delivery) -> str:
        return moment(delivery.uploaded_at)

    @admin.display(description="File")
    def download_link(self, delivery: Delivery) -> SafeString | str:
        if not delivery.storage_name:
            return NOTHING
        url = reverse("admin:deliveries_delivery_download", args=[delivery.pk])
        return format_html('<a class="desk-link" href="{}">Download</a>', url)

    # One delivery

    def download_view(self, request: HttpRequest, delivery_id: int) -> HttpResponseBase:
        """The stored bytes, for whoever may see deliveries."""
        delivery = get_object_or_404(Delivery, pk=delivery_id)
        if not self.has_view_permission(request, delivery):
            raise PermissionDenied
        if not delivery.storage_name:
            messages.warning(request, f"Delivery {delivery.pk} has no file yet.")
            return redirect(admin_url(delivery))
        return views.download(delivery)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= delivery_context(kwargs["obj"], now=timezone.now())
        return super().render_change_form(request, context, *args, **kwargs)


def delivery_context(delivery: Delivery, *, now: dt.datetime) -> dict[str, Any]:
    """What the page of a delivery shows."""
    rows = delivery.delivered_leads.select_related("lead").order_by("pk")
    expires_at = link_expiry(delivery)
    return {
        "delivery": delivery,
        "steps": steps_of(delivery),
        "mails": delivery.mails.order_by("pk"),
        "rows": rows[:SHOWN_LEADS],
        "withdrawn": rows.exclude(status__in=["ALLOCATED", "DELIVERED"]).count(),
        "rows_url": list_url(DeliveredLead, delivery=delivery.pk),
        "drafts": [
            (source.upper(), count)
            for source, count in report.drafts_of([delivery]).items()
            if count
        ],
        "expires_at": expires_at,
        "expired": expires_at is not None and expires_at <= now,
        "fresh_link": links.link_for(delivery.pk) if delivery.storage_name else "",
        "link_days": settings.LINK_DAYS,
    }


def link_expiry(delivery: Delivery) -> dt.datetime | None:
    """When the link that was mailed stops working: it was signed as the file was made."""
    if not delivery.link or delivery.uploaded_at is None:
        return None
    return delivery.uploaded_at + dt.timedelta(days=settings.LINK_DAYS)


def steps_of(delivery: Delivery) -> list[tuple[str, dt.datetime | None]]:
    """The way of a delivery, with the moments it has come past."""
    return [
        ("Leads allocated", delivery.created_at),
        ("File stored", delivery.uploaded_at),
        ("Client told", delivery.notified_at),
        ("Logged", delivery.logged_at),
    ]
