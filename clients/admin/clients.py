"""Clients: what they are promised, whom they want, and what they have had."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import ModelForm, formset_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold import widgets  # type: ignore[import-untyped]

from clients.admin.changes import Told
from clients.admin.client_page import client_context, rule_warnings, stock_context
from clients.admin.forms import FIELD_NAMES, ClientForm, TargetRuleForm, as_rule, field_names
from clients.admin.plans import CAPS, CONVENTIONS, cap_in_words
from clients.models import Client, TargetRule
from clients.targeting import contradictions
from deliveries.promises import promises_of
from pipeline import matching
from pipeline.admin.desk import TabularInline
from pipeline.reasons import OF_A_CLIENT
from pipeline.shown import label, number, two_lines

_SMALL = {
    ArrayField: {"widget": widgets.UnfoldAdminTextInputWidget},
    models.TextField: {"widget": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3})},
}


class TargetRuleInline(TabularInline[TargetRule, Client]):
    model = TargetRule
    form = TargetRuleForm
    extra = 0
    hide_title = True
    verbose_name = "targeting rule"
    verbose_name_plural = "targeting rules: a lead must fit all of them"


@admin.register(Client)
class ClientAdmin(Told[Client]):
    form = ClientForm
    inlines = (TargetRuleInline,)
    formfield_overrides = _SMALL
    when_empty = "No client yet. Each gets leads by a plan, and by its own rules and limits."
    list_display = (
        "name",
        "status_label",
        "plan",
        "priority",
        "count_day",
        "count_month",
        "left_now",
        "addresses",
        "zone",
    )
    list_filter = ("status", "plan", "priority", "pacing")
    list_select_related = ("plan",)
    search_fields = ("name", "offer")
    search_help_text = "Name or offer"
    ordering = ("name",)
    change_form_template = "desk/client.html"
    fieldsets = (
        (None, {"fields": ("name", ("status", "priority"), "time_zone", "emails")}),
        (
            "Plan and caps",
            {
                "fields": (
                    "plan",
                    CAPS[:2],
                    CAPS[2:],
                    ("max_per_domain", "weight"),
                    ("money_limit_cents", "max_lead_age_days"),
                ),
                "description": f"Blank is the plan's, {CONVENTIONS}",
            },
        ),
        (
            "When",
            {
                "fields": (
                    "delivery_days",
                    ("pacing", "carry_over"),
                    ("starts_on", "ends_on"),
                    "paused_until",
                )
            },
        ),
        (
            "What drafts say",
            {"fields": ("offer", "call_to_action", ("language", "tone"))},
        ),
        ("Who signs them", {"fields": ("sender_name", "footer")}),
        (
            "Who looks at them first",
            {"fields": (("review", "review_percent"), "unreviewed")},
        ),
        ("Mails", {"fields": ("reply_to", "mail_subject", "mail_intro")}),
        (
            "The file",
            {
                "fields": (
                    ("file_kind", "place"),
                    ("access", "access_days"),
                    "columns",
                    "extra_columns",
                )
            },
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        ours = path(
            "targeting/",
            self.admin_site.admin_view(require_POST(self.preview_targeting)),
            name="clients_client_targeting",
        )
        stock = path(
            "<int:client_id>/stock/",
            self.admin_site.admin_view(self.stock_view),
            name="clients_client_stock",
        )
        return [ours, stock, *super().get_urls()]

    def get_form(
        self,
        request: HttpRequest,
        obj: Client | None = None,
        change: bool = False,  # noqa: FBT001, FBT002  (the signature is Django's)
        **kwargs: Any,
    ) -> type[ModelForm[Client]]:
        """Who may only look gets no form of ours: there is no field in it to explain."""
        if obj is not None and not self.has_change_permission(request, obj):
            kwargs["form"] = ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The page's clients, each with what it is promised now; one query for all of them."""
        changelist = super().get_changelist_instance(request)
        listed: list[Any] = list(changelist.result_list)
        promises = promises_of(listed, timezone.now())
        for client in listed:
            client.promise = promises[client.pk]
        changelist.result_list = listed
        return changelist

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

    @admin.display(description="Left now")
    def left_now(self, client: Any) -> SafeString | str:
        """What a run would give it now at most, or why nothing."""
        promise = client.promise
        if promise.closed:
            return two_lines(number(0), OF_A_CLIENT[promise.closed])
        return cap_in_words(promise.left)

    @admin.display(description="Mails go to")
    def addresses(self, client: Client) -> str:
        return ", ".join(client.emails)

    @admin.display(description="Time zone", ordering="time_zone")
    def zone(self, client: Client) -> str:
        return client.time_zone

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= {"field_names": field_names(), "field_names_id": FIELD_NAMES}
        # A refused form is the page: what stands above it otherwise would hide what to mend.
        if kwargs.get("obj") is not None and not context["errors"]:
            context |= client_context(kwargs["obj"], now=timezone.now())
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(
        self,
        request: HttpRequest,
        form: ModelForm[Client],
        formsets: Any,
        change: bool,  # noqa: FBT001  (the signature is Django's)
    ) -> None:
        """Rules that cannot be met together are kept, and named."""
        super().save_related(request, form, formsets, change)
        for words in contradictions(form.instance.rules()):
            messages.warning(request, words)

    def stock_view(self, request: HttpRequest, client_id: int) -> HttpResponse:
        """What keeps the leads in stock from a client, by the first rule."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        client = get_object_or_404(Client, pk=client_id)
        return TemplateResponse(
            request, "desk/stock.html", stock_context(client, now=timezone.now())
        )

    def preview_targeting(self, request: HttpRequest) -> HttpResponse:
        """What the rules would take as they stand in the form, saved or not."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        typed = formset_factory(TargetRuleForm, can_delete=True)(
            request.POST, prefix="target_rules"
        )
        context: dict[str, Any] = {"errors": rule_errors(typed)}
        if not context["errors"]:
            rules = [
                as_rule(each) for each in typed.cleaned_data if each and not each.get("DELETE")
            ]
            preview = matching.preview(rules)
            context |= {"preview": preview, "warnings": rule_warnings(rules, preview)}
        return TemplateResponse(request, "desk/targeting.html", context)


def rule_errors(typed: Any) -> list[str]:
    """The sentences of a set of rule forms that cannot be read; none where all can."""
    if typed.is_valid():
        return []
    found = [*typed.non_form_errors()]
    for form in typed.forms:
        found += [words for each in form.errors.values() for words in each]
    return list(dict.fromkeys(found))
