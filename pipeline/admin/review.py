"""Drafts, and the queue of those that a person looks at before they go out (spec P8)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from clients.models import Client
from pipeline.admin.desk import BigHistory, button, signed_in
from pipeline.admin.filters import RunFilter
from pipeline.admin.review_queue import (
    client_of,
    draft_context,
    go_on,
    page_of,
    queue_of,
    queues,
    shown_in,
)
from pipeline.happenings import counted
from pipeline.models import Draft, Run
from pipeline.models import Review as State
from pipeline.reasons import in_words
from pipeline.shown import admin_url, label, link_to, list_url, moment, number, two_lines

CHANGE = "pipeline.change_draft"
AT_ONCE = 500  # drafts that one press of a list's action takes


class EditForm(forms.Form):
    """A person's words. Anything may be said but nothing."""

    subject = forms.CharField(max_length=200)
    icebreaker = forms.CharField(max_length=600)
    body = forms.CharField(max_length=6_000, widget=forms.Textarea)


@admin.register(Draft)
class DraftAdmin(BigHistory[Draft]):
    actions = ("approve_these", "redo_these")
    when_empty = "No drafts yet: a run writes them, for the leads that it expects to give out."
    list_display = ("letter", "client_link", "source_label", "review_label", "spam", "written")
    list_filter = ("review", "source", "client", "prompt", RunFilter)
    list_select_related = ("lead", "client", "run", "prompt")
    search_fields = ("lead__email", "lead__company", "subject")
    search_help_text = "E-mail, company or subject"
    ordering = ("-pk",)
    change_form_template = "desk/draft.html"
    list_before_template = "desk/drafts_top.html"
    keeps_log = True

    def get_urls(self) -> list[URLPattern]:
        view, of_draft = self.admin_site.admin_view, "<int:draft_id>/{}/".format
        buttons = {
            "approve": self.approve_view,
            "edit": self.edit_view,
            "redo": self.redo_view,
            "reject": self.reject_view,
        }
        own = [
            path(of_draft(name), view(button(found, CHANGE)), name=f"pipeline_draft_{name}")
            for name, found in buttons.items()
        ]
        redo = view(button(self.redo_templates_view, CHANGE))
        return [
            path("review/", view(self.review_view), name="pipeline_draft_review"),
            path("redo-templates/", redo, name="pipeline_draft_redo_templates"),
            *own,
            *super().get_urls(),
        ]

    # The list

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "queues": queues()}
        return super().changelist_view(request, context)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return signed_in(request).has_perm(CHANGE)

    @admin.display(description="For whom")
    def letter(self, draft: Draft) -> str:
        return two_lines(draft.lead.email or "(erased)", draft.subject)

    @admin.display(description="Client", ordering="client")
    def client_link(self, draft: Draft) -> str:
        return link_to(draft.client)

    @admin.display(description="Written by")
    def source_label(self, draft: Draft) -> str:
        return two_lines(label(draft.source, draft.get_source_display()), in_words(draft.reason))

    @admin.display(description="Review", ordering="review")
    def review_label(self, draft: Draft) -> SafeString | str:
        if draft.review == State.NONE:
            return "-"
        return label(draft.review, draft.get_review_display())

    @admin.display(description="Spam, of 10", ordering="spam_score")
    def spam(self, draft: Draft) -> str:
        return str(draft.spam_score)

    @admin.display(description="Written")
    def written(self, draft: Draft) -> str:
        version = f", prompt {draft.prompt}" if draft.prompt else ""
        return two_lines(moment(draft.created_at), f"run {draft.run_id}{version}")

    @admin.action(description="Approve those that wait", permissions=["decide"])
    def approve_these(self, request: HttpRequest, queryset: QuerySet[Draft]) -> None:
        from pipeline import reviewing  # noqa: PLC0415  (its words need large tables)

        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        done = reviewing.approve(ids, by=signed_in(request).get_username())
        left = len(ids) - done
        rest = f" {number(left)} did not wait for a review and stay as they are." if left else ""
        messages.success(request, f"{number(done)} approved.{rest}")

    @admin.action(description="Let AI write templates anew", permissions=["decide"])
    def redo_these(self, request: HttpRequest, queryset: QuerySet[Draft]) -> None:
        _say_redone(request, queryset)

    # The queue

    def review_view(self, request: HttpRequest) -> HttpResponse:
        """The first draft that waits, of one client where one is named."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        client = client_of(request)
        first = queue_of(client).order_by("pk").first()
        if first is None:
            whose = " of this client" if client else ""
            messages.success(request, f"No draft{whose} waits for a review.")
            return redirect(list_url(Draft))
        return redirect(page_of(first, client))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        may_change = signed_in(request).has_perm(CHANGE)
        draft: Draft = kwargs["obj"]
        context |= draft_context(draft, client_of(request)) | {"may_change": may_change}
        context.setdefault("edit", EditForm(initial=model_to_dict(draft)))
        return super().render_change_form(request, context, *args, **kwargs)

    # Buttons

    def approve_view(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        from pipeline import reviewing  # noqa: PLC0415  (its words need large tables)

        then = "the next run may deliver it"
        return self._decide(request, draft_id, reviewing.approve_shown, "approved", then)

    def reject_view(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        from pipeline import reviewing  # noqa: PLC0415  (its words need large tables)

        then = "the lead may go out with the template"
        return self._decide(request, draft_id, reviewing.reject, "rejected", then)

    def _decide(
        self, request: HttpRequest, draft_id: int, act: Callable[..., object], word: str, then: str
    ) -> HttpResponse:
        """Approve or reject what was shown; who came too late looks at it again."""
        from pipeline import reviewing  # noqa: PLC0415  (its words need large tables)

        draft = get_object_or_404(Draft, pk=draft_id)
        by = signed_in(request).get_username()
        try:
            act(draft.pk, shown=shown_in(request), by=by)
        except reviewing.NotPossible as refusal:
            messages.warning(request, f"Not {word}. {refusal}")
            return redirect(page_of(draft, client_of(request)))
        self.log_change(request, draft, f"{word.capitalize()}.")
        messages.success(request, f"{word.capitalize()}: {then}.")
        return go_on(request, draft)

    def edit_view(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        from pipeline import reviewing  # noqa: PLC0415  (its words need large tables)

        draft = get_object_or_404(Draft, pk=draft_id)
        form = EditForm(request.POST)
        if not form.is_valid():
            return self._refused(request, draft, form)
        by = signed_in(request).get_username()
        try:
            reviewing.edit(draft.pk, **form.cleaned_data, shown=shown_in(request), by=by)
        except reviewing.NotPossible as refusal:
            form.add_error(refusal.field, str(refusal))
            return self._refused(request, draft, form)
        self.log_change(request, draft, "Edited; the words are a person's now.")
        messages.success(request, "Saved and approved: the words are yours now.")
        return go_on(request, draft)

    def _refused(self, request: HttpRequest, draft: Draft, form: EditForm) -> HttpResponse:
        """The draft's page with the words as typed; the admin shows a page to a GET only."""
        messages.error(request, " ".join(["Not saved.", *form.non_field_errors()]))
        shown = copy.copy(request)
        shown.method = "GET"
        return self.change_view(shown, str(draft.pk), extra_context={"edit": form})

    def redo_view(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        from pipeline import reviewing  # noqa: PLC0415  (its words need large tables)

        draft = get_object_or_404(Draft, pk=draft_id)
        writer = reviewing.writer()
        try:
            reviewing.redo(draft.pk, shown=shown_in(request), writer=writer)
        except reviewing.NotPossible as refusal:
            messages.warning(request, str(refusal))
            return redirect(page_of(draft, client_of(request)))
        self.log_change(request, draft, "Other words were asked for.")
        if writer is not None:
            messages.success(request, "Written anew.")
            return redirect(page_of(draft, client_of(request)))
        messages.success(
            request, "The next run writes it anew; until then the template stands there."
        )
        return go_on(request, draft)

    def redo_templates_view(self, request: HttpRequest) -> HttpResponse:
        """All templates in stock of one client or one run."""
        asked = RedoForm(request.POST)
        if not asked.is_valid():
            messages.error(request, "Nothing was changed: reload the page and press again.")
            return redirect(list_url(Draft))
        client, run = asked.cleaned_data["client"], asked.cleaned_data["run"]
        rows = Draft.objects.all()
        rows = rows.filter(client=client) if client else rows.filter(run=run)
        _say_redone(request, rows)
        return redirect(admin_url(client or run))


class RedoForm(forms.Form):
    """Whose templates AI is to write anew."""

    client = forms.ModelChoiceField(Client.objects.all(), required=False)
    run = forms.ModelChoiceField(Run.objects.all(), required=False)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(found.get("client")) == bool(found.get("run")):
            raise forms.ValidationError("Name a client or a run.")
        return found


def _say_redone(request: HttpRequest, rows: QuerySet[Draft]) -> None:
    from pipeline import reviewing  # noqa: PLC0415  (its words need large tables)

    count = reviewing.redo_templates(rows)
    if count:
        messages.success(
            request,
            f"{counted(count, 'template')} to be written anew, by the next run that expects the"
            f" lead{'' if count == 1 else 's'} to go out, if there is an AI account then.",
        )
    else:
        messages.warning(request, "No template of a lead in stock is among them.")
