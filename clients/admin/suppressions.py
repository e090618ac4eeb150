"""Who must never be written to: kept as keyed hashes, so the list shows no address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold import widgets  # type: ignore[import-untyped]

from clients.models import Client, Suppression
from pipeline import services
from pipeline.admin.desk import Desk, signed_in
from pipeline.shown import list_url, moment, number

if TYPE_CHECKING:  # pandas costs 100 MB and a second: only who reads a list pays for it
    from clients.do_not_contact import Listed, Taken

SHOWN = 5  # lines that were not understood


class SuppressionForm(forms.Form):
    """Takes addresses, domains and phones and keeps only their keys: nobody can read them again."""

    entries = forms.CharField(
        label="Addresses, domains, phones",
        required=False,
        widget=widgets.UnfoldAdminTextareaWidget(
            attrs={"rows": 6, "placeholder": "eve@example.com\nexample.org\n+49 30 1234567"}
        ),
        help_text="One a line. A domain stands for everybody at it and below it.",
    )
    file = forms.FileField(
        label="Or a list",
        required=False,
        widget=widgets.UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,text/csv"}),
        help_text="A .csv or .txt file. Of each line one kind counts: addresses, else phones,"
        " else domains.",
    )
    client = forms.ModelChoiceField(
        Client.objects.order_by("name"),
        label="Suppressed for",
        required=False,
        empty_label="Everybody",
        widget=widgets.UnfoldAdminSelectWidget,
    )

    def clean_file(self) -> str:
        from clients import do_not_contact  # noqa: PLC0415

        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is None:
            return ""
        if (file.size or 0) > settings.MAX_UPLOAD_MB * 1_000_000:
            raise forms.ValidationError(f"At most {settings.MAX_UPLOAD_MB} MB (MAX_UPLOAD_MB).")
        content = file.read()
        if b"\x00" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise forms.ValidationError("This is no text file. Save the list as CSV.")
        return do_not_contact.text_of(content)

    def clean(self) -> dict[str, Any]:
        """`listed` is what both fields hold; it is refused where that is nothing."""
        from clients import do_not_contact  # noqa: PLC0415

        if not services.suppression_key_is_ours():  # what is taken would match nobody
            raise forms.ValidationError(" ".join(services.OTHER_KEY))
        found: dict[str, Any] = super().clean() or self.cleaned_data
        typed = do_not_contact.read(found.get("entries", ""))
        listed = do_not_contact.read(found.get("file", ""))
        listed.entries |= typed.entries
        listed.not_understood = typed.not_understood + listed.not_understood
        if not listed.entries and not self.errors:
            raise forms.ValidationError(
                f"No address, domain or phone: {some_of(listed.not_understood)}."
                if listed.not_understood
                else "Type at least one address, domain or phone, or choose a file."
            )
        return {**found, "listed": listed}


@admin.register(Suppression)
class SuppressionAdmin(Desk[Suppression]):
    fields = ("what", "scope", "since")
    readonly_fields = fields
    when_empty = (
        "Nobody is suppressed. Whoever stands here, by address, domain or phone, is"
        " given to no client, or not to one of them."
    )
    list_display = ("named", "what", "scope", "since")
    list_filter = ("kind", "client")
    list_select_related = ("client",)
    search_fields = ("key",)
    search_help_text = "A whole address, domain or phone"
    ordering = ("-pk",)
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        """What is typed is hashed as well: the list holds no addresses to compare with."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(named_by(search_term)), False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One entry or a whole list, in one transaction."""
        from clients import do_not_contact  # noqa: PLC0415

        if not self.has_add_permission(request):
            raise PermissionDenied
        form = SuppressionForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            listed: Listed = form.cleaned_data["listed"]
            with transaction.atomic():
                client = form.cleaned_data["client"]
                taken = do_not_contact.suppress(listed.entries, client=client)
                self._log(request, taken, client)
            level = messages.WARNING if listed.not_understood else messages.SUCCESS
            messages.add_message(request, level, outcome(taken, listed))
            return redirect(list_url(Suppression))
        context = {
            **self.admin_site.each_context(request),
            "title": "Suppress people",
            "opts": self.opts,
            "form": form,
            "limit": settings.MAX_UPLOAD_MB,
        }
        return TemplateResponse(request, "desk/suppress.html", context)

    def _log(self, request: HttpRequest, taken: Taken, client: Client | None) -> None:
        """Who suppressed how many, and for whom: a person will ask. It names nobody."""
        LogEntry.objects.create(
            user=signed_in(request),
            content_type=ContentType.objects.get_for_model(Suppression),
            object_repr=f"{number(taken.taken)} taken, {number(taken.known)} known already",
            action_flag=ADDITION,
            change_message=f"Suppressed for {client or 'everybody'}.",
        )

    @admin.display(description="Entry", ordering="pk")
    def named(self, row: Suppression) -> str:
        return f"Entry {row.pk} (hashed)"

    @admin.display(description="Kind", ordering="kind")
    def what(self, row: Suppression) -> str:
        return Suppression.Kind(row.kind).label

    @admin.display(description="Suppressed for")
    def scope(self, row: Suppression) -> str:
        return f"{row.client} only" if row.client else "Everybody"

    @admin.display(description="Since", ordering="created_at")
    def since(self, row: Suppression) -> str:
        return moment(row.created_at)


def named_by(text: str) -> Q:
    """The rows whose key is that of the text."""
    from clients import do_not_contact  # noqa: PLC0415
    from pipeline.addresses import match_key  # noqa: PLC0415

    entry = do_not_contact.entry_of(text)
    if entry is None:
        return Q(pk=None)
    kind, normal = entry
    return Q(kind=kind, key=match_key(normal, settings.SUPPRESSION_KEY.encode()))


def outcome(taken: Taken, listed: Listed) -> str:
    """What became of the list, in one sentence."""
    said = f"{number(taken.taken)} taken, {number(taken.known)} known already"
    if not listed.not_understood:
        return f"{said}."
    count = number(len(listed.not_understood))
    return f"{said}, {count} not understood: {some_of(listed.not_understood)}."


def some_of(lines: list[str]) -> str:
    """The first lines that are no entry, shortened."""
    shown = ", ".join(line[:60] for line in lines[:SHOWN])
    return f"{shown} …" if len(lines) > SHOWN else shown
