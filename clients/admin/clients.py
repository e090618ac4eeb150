"""Clients, their plans and targeting rules, and who must never be written to."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold import widgets  # type: ignore[import-untyped]

from clients.models import WINDOWS, Client, Plan, TargetRule
from deliveries import quotas
from pipeline.admin.desk import ZONES, Desk, TabularInline
from pipeline.shown import label, number

LAST_DELIVERIES = 5
_CAPS = tuple(f"cap_{window}" for window in WINDOWS)
_SMALL = {
    ArrayField: {"widget": widgets.UnfoldAdminTextInputWidget},
    models.TextField: {"widget": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3})},
}


def cap_in_words(cap: int | None) -> str:
    """A cap as a person says it: none and unlimited are no numbers."""
    if cap is None:
        return "unlimited"
    return number(cap) if cap else "none"


@admin.register(Plan)
class PlanAdmin(Desk[Plan]):
    list_display = (
        "name",
        "count_day",
        "count_week",
        "count_month",
        "count_total",
        "count_price",
        "exclusive_only",
        "count_clients",
    )
    search_fields = ("name",)
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name",)}),
        ("At most", {"fields": (_CAPS[:2], _CAPS[2:])}),
        ("Price", {"fields": (("price_cents", "currency"), "exclusive_only")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        return super().get_queryset(request).annotate(client_count=Count("clients"))

    @admin.display(description="A day", ordering="cap_day")
    def count_day(self, plan: Plan) -> str:
        return cap_in_words(plan.cap_day)

    @admin.display(description="A week", ordering="cap_week")
    def count_week(self, plan: Plan) -> str:
        return cap_in_words(plan.cap_week)

    @admin.display(description="A month", ordering="cap_month")
    def count_month(self, plan: Plan) -> str:
        return cap_in_words(plan.cap_month)

    @admin.display(description="In all", ordering="cap_total")
    def count_total(self, plan: Plan) -> str:
        return cap_in_words(plan.cap_total)

    @admin.display(description="A lead costs", ordering="price_cents")
    def count_price(self, plan: Plan) -> str:
        return f"{plan.price_cents / 100:,.2f} {plan.currency}"

    @admin.display(description="Clients")
    def count_clients(self, plan: Any) -> str:
        return number(plan.client_count)


class ClientForm(forms.ModelForm[Client]):
    """A client's own caps win over its plan's, so a blank one means the plan's."""

    time_zone = forms.ChoiceField(
        choices=ZONES,
        initial="UTC",
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="Days, weeks and months of the caps begin at this zone's midnight.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan = self.instance.plan if self.instance.plan_id else None
        for name in _CAPS:
            plans = f", {cap_in_words(getattr(plan, name))}" if plan else ""
            self.fields[name].help_text = f"Blank: the plan's{plans}. 0: none."


class TargetRuleInline(TabularInline[TargetRule, Client]):
    model = TargetRule
    extra = 0
    hide_title = True
    formfield_overrides = _SMALL
    verbose_name = "targeting rule"
    verbose_name_plural = "targeting rules: a lead must fit all of them"


@admin.register(Client)
class ClientAdmin(Desk[Client]):
    form = ClientForm
    inlines = (TargetRuleInline,)
    formfield_overrides = _SMALL
    list_display = (
        "name",
        "status_label",
        "plan",
        "priority",
        "count_day",
        "count_month",
        "addresses",
        "zone",
    )
    list_filter = ("status", "plan", "priority")
    list_select_related = ("plan",)
    search_fields = ("name", "offer")
    search_help_text = "Name or offer"
    ordering = ("name",)
    change_form_template = "desk/client.html"
    fieldsets = (
        (None, {"fields": ("name", ("status", "priority"), "plan", "time_zone", "emails")}),
        ("What the drafts say", {"fields": ("offer", "sender_name", "footer")}),
        (
            "Own caps",
            {
                "fields": (_CAPS[:2], _CAPS[2:]),
                "description": "Only where this client gets more or fewer leads than its plan says.",
            },
        ),
        ("The file", {"fields": ("extra_columns",)}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Client | None = None) -> bool:
        """A client is ended, not deleted: its suppressions and its history must stay."""
        return False

    @admin.display(description="Status", ordering="status")
    def status_label(self, client: Client) -> SafeString:
        return label(client.status)

    @admin.display(description="A day")
    def count_day(self, client: Client) -> str:
        return cap_in_words(client.cap("day"))

    @admin.display(description="A month")
    def count_month(self, client: Client) -> str:
        return cap_in_words(client.cap("month"))

    @admin.display(description="Mails go to")
    def addresses(self, client: Client) -> str:
        return ", ".join(client.emails)

    @admin.display(description="Time zone", ordering="time_zone")
    def zone(self, client: Client) -> str:
        return client.time_zone

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if kwargs.get("obj") is not None:
            context |= client_context(kwargs["obj"], now=timezone.now())
        return super().render_change_form(request, context, *args, **kwargs)


def client_context(client: Client, *, now: dt.datetime) -> dict[str, Any]:
    """What a client has had and may still get, above its form."""
    windows = quotas.windows_of([client], now)[client.pk]
    return {
        "client": client,
        "windows": [
            {"title": title, "window": window}
            for title, window in zip(
                ("Today", "This week", "This month", "In all"), windows, strict=True
            )
        ],
        "least_left": quotas.least_left(windows),
        "deliveries": client.deliveries.select_related("run").order_by("-pk")[:LAST_DELIVERIES],
    }
