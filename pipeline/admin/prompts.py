"""Prompts: written, previewed on real leads, put in use, tried against each other (spec P1)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import connection
from django.db.models import Avg, Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold import widgets  # type: ignore[import-untyped]

from clients.models import Client
from clients.targeting import first_refusal
from leadgen.integrations import gemini
from pipeline.admin.desk import Desk, button, signed_in
from pipeline.mapping import FIELDS
from pipeline.models import Lead, Prompt, Review
from pipeline.shown import admin_url, label, list_url, moment, number, two_lines

CHANGE = "pipeline.change_prompt"
PREVIEWED = 3
LOOKED_THROUGH = 1_000  # newest leads whose columns a prompt may name


class PromptForm(forms.ModelForm[Prompt]):
    class Meta:
        model = Prompt
        fields = ("text", "note")
        widgets = {
            "text": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 16, "class": "desk-prompt"}),
        }

    def clean_text(self) -> str:
        from pipeline import prompts  # noqa: PLC0415  (its words need large tables)

        text: str = self.cleaned_data["text"].replace("\r\n", "\n").strip() + "\n"
        if wrong := prompts.mistakes(text, variables()):
            raise forms.ValidationError(wrong)
        return text


class ShareForm(forms.Form):
    """How many of 100 leads get this version; the one in use gets the others."""

    share = forms.IntegerField(min_value=1, max_value=100)


def variables() -> list[str]:
    """What a prompt may name of a lead: our fields, and the columns of the newest leads."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT jsonb_object_keys(extras) FROM ("
            " SELECT extras FROM pipeline_lead ORDER BY id DESC LIMIT %s) newest ORDER BY 1",
            [LOOKED_THROUGH],
        )
        columns = [name for (name,) in cursor.fetchall()]
    return list(dict.fromkeys([*FIELDS, *columns]))


@admin.register(Prompt)
class PromptAdmin(Desk[Prompt]):
    form = PromptForm
    list_display = (
        "version_label",
        "share_label",
        "count_drafts",
        "count_ai",
        "count_template",
        "count_edited",
        "count_rejected",
        "count_spam",
        "made",
    )
    ordering = ("-version",)
    list_before_template = "desk/prompts_top.html"
    change_form_template = "desk/prompt.html"
    actions = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        use = view(button(self.use_view, CHANGE))
        preview = view(button(self.preview_view, CHANGE))
        return [
            path("preview/", preview, name="pipeline_prompt_preview"),
            path("<int:prompt_id>/use/", use, name="pipeline_prompt_use"),
            *super().get_urls(),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Prompt | None = None) -> bool:
        """Drafts name the words they came from."""
        return False

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prompt]:
        """Each version with what became of its drafts."""
        of = {
            "ai": Q(drafts__source="AI"),
            "template": Q(drafts__source="TEMPLATE") & ~Q(drafts__review=Review.REJECTED),
            "edited": Q(drafts__source="HUMAN"),
            "rejected": Q(drafts__review=Review.REJECTED),
        }
        rows = super().get_queryset(request)
        return rows.annotate(
            all_drafts=Count("drafts"),
            spam=Avg("drafts__spam_score", filter=Q(drafts__source__in=["AI", "HUMAN"])),
            **{f"n_{name}": Count("drafts", filter=which) for name, which in of.items()},
        )

    @admin.display(description="Version", ordering="version")
    def version_label(self, prompt: Prompt) -> str:
        return two_lines(prompt.label, prompt.note)

    @admin.display(description="Leads get it", ordering="share")
    def share_label(self, prompt: Prompt) -> SafeString | str:
        return label("ACTIVE", f"{prompt.share} %") if prompt.share else "-"

    @admin.display(description="Drafts")
    def count_drafts(self, prompt: Any) -> str:
        return number(prompt.all_drafts)

    @admin.display(description="By AI")
    def count_ai(self, prompt: Any) -> str:
        return number(prompt.n_ai)

    @admin.display(description="Template instead")
    def count_template(self, prompt: Any) -> str:
        return _part(prompt.n_template, prompt.all_drafts)

    @admin.display(description="Edited")
    def count_edited(self, prompt: Any) -> str:
        return _part(prompt.n_edited, prompt.all_drafts)

    @admin.display(description="Rejected")
    def count_rejected(self, prompt: Any) -> str:
        return _part(prompt.n_rejected, prompt.all_drafts)

    @admin.display(description="Spam score")
    def count_spam(self, prompt: Any) -> str:
        return "-" if prompt.spam is None else f"{prompt.spam:.1f}"

    @admin.display(description="Written")
    def made(self, prompt: Prompt) -> str:
        return two_lines(moment(prompt.created_at), f"by {prompt.created_by}")

    # One version

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version begins with the words of the one that most leads get."""
        best = Prompt.objects.order_by("-share", "-version").first()
        return {"text": best.text if best else _built_in()}

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= prompt_context(kwargs.get("obj"))
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(
        self,
        request: HttpRequest,
        obj: Prompt,
        form: Any,
        change: bool,  # noqa: FBT001  (Django's signature)
    ) -> None:
        """What was used stays as it was: its edit becomes the next version."""
        before = Prompt.objects.filter(pk=obj.pk).first()
        if before is None or (before.is_used() and "text" in form.changed_data):
            if before is not None:
                messages.info(
                    request, f"{before.label} has been used and stays as it is; this is a new one."
                )
            obj.pk, obj.share = None, 0
            obj.version = 1 + (Prompt.objects.aggregate(last=Max("version"))["last"] or 0)
            obj.created_by = signed_in(request).get_username()
            obj._state.adding = True  # noqa: SLF001  (Django's own way to save a copy)
        super().save_model(request, obj, form, change)

    def use_view(self, request: HttpRequest, prompt_id: int) -> HttpResponse:
        """Give this version to all leads, or to some of 100, the rest to the one in use."""
        prompt = get_object_or_404(Prompt, pk=prompt_id)
        form = ShareForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Not changed: give a number of leads from 1 to 100.")
            return redirect(admin_url(prompt))
        share = form.cleaned_data["share"]
        other = Prompt.objects.in_use().exclude(pk=prompt.pk).order_by("-share", "-pk").first()
        if other is None or share == 100:  # noqa: PLR2004  (percent)
            Prompt.objects.put_in_use({prompt.pk: 100})
            said = f"All leads get {prompt.label} from now on."
        else:
            Prompt.objects.put_in_use({prompt.pk: share, other.pk: 100 - share})
            said = f"{share} of 100 leads get {prompt.label} from now on, the others {other.label}."
        self.log_change(request, prompt, said)
        messages.success(request, said)
        return redirect(list_url(Prompt))

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """What would be sent for three real leads, saved or not; nothing is kept."""
        form = PromptForm(request.POST)
        client = _chosen_client(request)
        context: dict[str, Any] = {
            "errors": form.errors.get("text", []),
            "client": client,
            "no_account": not gemini.is_set_up(),
        }
        if form.is_valid() and client is not None:
            wants_answer = "try" in request.POST
            context["shown"] = previews(form.cleaned_data["text"], client, ask=wants_answer)
        elif client is None:
            context["errors"] = [*context["errors"], "There is no client yet to preview it for."]
        return TemplateResponse(request, "desk/prompt_preview.html", context)


def _part(count: int, whole: int) -> str:
    """12 (4 %)."""
    return f"{number(count)} ({100 * count / whole:.0f} %)" if count else number(count)


def _built_in() -> str:
    from pipeline import prompts  # noqa: PLC0415  (its words need large tables)

    return prompts.BUILT_IN.text


def _chosen_client(request: HttpRequest) -> Client | None:
    chosen = request.POST.get("preview_client", "")
    rows = Client.objects.order_by("name")
    found = rows.filter(pk=chosen).first() if chosen.isdecimal() else None
    return found or rows.filter(status="ACTIVE").first() or rows.first()


def prompt_context(prompt: Prompt | None) -> dict[str, Any]:
    """What the page of a version shows beside the form."""
    from pipeline import reviewing  # noqa: PLC0415  (its words need large tables)

    in_use = Prompt.objects.in_use().order_by("-share", "-pk")
    return {
        "prompt": prompt,
        "is_used": prompt is not None and prompt.is_used(),
        "other": in_use.exclude(pk=prompt.pk).first() if prompt else None,
        "clients": Client.objects.order_by("name").only("name"),
        "variables": variables(),
        "may_try": reviewing.writer() is not None,
    }


def previews(text: str, client: Client, *, ask: bool) -> list[dict[str, Any]]:
    """For three leads: what is sent, what is missing, and what stands in without an answer."""
    from pipeline import drafting, drafts, prompts, reviewing  # noqa: PLC0415

    prompt = drafts.Prompt(version="preview", text=text)
    writer = reviewing.writer() if ask else None
    model = writer.model if writer else "preview"
    leads = _real_leads(client)
    requests = [drafting.request_for(lead, client, prompt=prompt, model=model) for lead in leads]
    asked = [each for each in requests if not each.missing] if writer else []
    answers = writer.write(asked) if writer else []
    written = {each.lead_id: words for each, words in zip(asked, answers, strict=True)}
    found = []
    for lead, request in zip(leads, requests, strict=True):
        words = written.get(lead.pk) or drafts.from_template(request, reason=drafts.NO_ACCOUNT)
        found.append(
            {
                "lead": lead,
                "missing": request.missing,
                "fallbacks": request.fallbacks,
                "instruction": prompts.instruction(prompt, request),
                "words": words,
                "whole": drafting.letter(words.body, client),
            }
        )
    return found


def _real_leads(client: Client) -> list[Lead]:
    """Of the newest in stock those that fit the client; where there are none, the newest at all."""
    newest = Lead.objects.exclude(email="").order_by("-pk")
    rules = client.rules()
    fitting = [
        lead
        for lead in newest.filter(status="READY")[:LOOKED_THROUGH]
        if first_refusal(rules, {rule.field: lead.value(rule.field) for rule in rules}) is None
    ]
    return fitting[:PREVIEWED] or list(newest[:PREVIEWED])
