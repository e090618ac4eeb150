"""Plans: what clients have bought."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from clients.admin.changes import Told
from clients.models import WINDOWS, Plan
from pipeline.shown import number

CAPS = tuple(f"cap_{window}" for window in WINDOWS)
CONVENTIONS = (
    "0 is none. A day, a week (from Monday) and a calendar month begin at the"
    " client's own midnight. What counts is what was allocated and not returned or withdrawn."
)


def cap_in_words(cap: int | None) -> str:
    """A cap as a person says it: none and unlimited are no numbers."""
    if cap is None:
        return "unlimited"
    return number(cap) if cap else "none"


class PlanForm(forms.ModelForm[Plan]):
    def clean_currency(self) -> str:
        """Three letters, as in ISO 4217, however they were typed."""
        code: str = self.cleaned_data["currency"].upper()
        if not re.fullmatch("[A-Z]{3}", code):
            raise forms.ValidationError("Give the currency's three letters, such as USD or EUR.")
        return code


@admin.register(Plan)
class PlanAdmin(Told[Plan]):
    form = PlanForm
    when_empty = (
        "No plan yet. It says how many leads a client gets a day, week or month, and"
        " what one costs."
    )
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
        (
            "At most",
            {
                "fields": (CAPS[:2], CAPS[2:], "max_per_domain"),
                "description": f"Blank is unlimited, {CONVENTIONS}",
            },
        ),
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
