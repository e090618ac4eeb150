"""The AI's ledger: each call that may have cost money, and what they came to."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from pipeline import prices, spending
from pipeline.admin.desk import History
from pipeline.admin.start import what_may_start
from pipeline.models import AiCall
from pipeline.reasons import in_words
from pipeline.shown import label, moment, number

OF_ONE_CALL = {"ai_unfit": "Its answer failed our checks"}  # of a draft: "twice"


@admin.register(AiCall)
class AiCallAdmin(History[AiCall]):
    when_empty = "No call yet: each one, and what it cost, will stand here."
    list_display = (
        "made_at", "outcome_label", "client", "run", "model", "tokens", "cents", "took", "why",
    )  # fmt: skip
    fields = readonly_fields = (
        "made_at", "outcome_label", "why", "client", "lead", "run", "model", "tokens", "cents",
        "cents_at_most", "took", "day",
    )  # fmt: skip
    list_filter = ("outcome", "client", "day")
    list_select_related = ("client", "run")
    list_before_template = "desk/ai_money.html"
    ordering = ("-pk",)
    show_full_result_count = False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), **what_may_start(request), "months": spending.months()}
        return super().changelist_view(request, context)

    @admin.display(description="Made", ordering="pk")
    def made_at(self, call: AiCall) -> str:
        return moment(call.created_at)

    @admin.display(description="Outcome", ordering="outcome")
    def outcome_label(self, call: AiCall) -> SafeString:
        return label(call.outcome, call.get_outcome_display())

    @admin.display(description="Tokens in / out")
    def tokens(self, call: AiCall) -> str:
        return f"{number(call.tokens_in)} / {number(call.tokens_out)}"

    @admin.display(description="Cents", ordering="micros")
    def cents(self, call: AiCall) -> str:
        return f"{prices.in_cents(call.micros):.4f}"

    @admin.display(description="Cents, at most")
    def cents_at_most(self, call: AiCall) -> str:
        return f"{prices.in_cents(call.reserved_micros):.4f}"

    @admin.display(description="Took")
    def took(self, call: AiCall) -> str:
        return f"{call.ms}\N{NO-BREAK SPACE}ms" if call.ms else ""

    @admin.display(description="Why no draft")
    def why(self, call: AiCall) -> str:
        return OF_ONE_CALL.get(call.reason) or in_words(call.reason) if call.reason else ""
