"""The leads that clients were given: history of a million rows."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from deliveries.models import DeliveredLead, Delivery
from pipeline.admin.desk import BigHistory
from pipeline.admin.filters import NewestFilter, RunFilter
from pipeline.admin.leads import name_of
from pipeline.shown import label, link_to, moment, two_lines


class DeliveryFilter(NewestFilter):
    title = "delivery"
    parameter_name = "delivery"
    model = Delivery
    path = "delivery"


class RunOfDeliveryFilter(RunFilter):
    """By the deliveries of the run: a delivered lead has no index by run."""

    path = "delivery__run"


@admin.register(DeliveredLead)
class DeliveredLeadAdmin(BigHistory[DeliveredLead]):
    list_display = ("lead_link", "client", "delivery_link", "status_label", "given")
    list_filter = ("status", DeliveryFilter, "delivery__client", RunOfDeliveryFilter)
    list_select_related = ("lead", "client", "delivery", "run")
    list_display_links = None
    ordering = ("-pk",)

    @admin.display(description="Lead")
    def lead_link(self, row: DeliveredLead) -> str:
        if row.lead is None:
            return "erased"
        about = ", ".join(part for part in (name_of(row.lead), row.lead.company) if part)
        return two_lines(link_to(row.lead, row.lead.email or "erased"), about)

    @admin.display(description="Delivery")
    def delivery_link(self, row: DeliveredLead) -> str:
        delivery = link_to(row.delivery, f"Delivery {row.delivery_id}")
        return two_lines(delivery, link_to(row.run, f"run {row.run_id}"))

    @admin.display(description="Status")
    def status_label(self, row: DeliveredLead) -> SafeString:
        return label(row.status)

    @admin.display(description="Delivered")
    def given(self, row: DeliveredLead) -> str:
        return moment(row.delivered_at)
