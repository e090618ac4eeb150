"""Who must never be written to: kept as keyed hashes, so the list shows no address."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold import widgets  # type: ignore[import-untyped]

from clients.models import Suppression
from pipeline.addresses import is_address, match_key, normalise
from pipeline.admin.desk import Desk
from pipeline.shown import moment


class SuppressionForm(forms.ModelForm[Suppression]):
    """Takes an address and keeps only its key: nobody can read it from the database."""

    address = forms.CharField(
        label="E-mail address",
        max_length=254,
        widget=widgets.UnfoldAdminEmailInputWidget,
        help_text="Stored only as a keyed hash: it works, but nobody can read it again.",
    )

    class Meta:
        model = Suppression
        fields = ("client",)

    def clean_address(self) -> uuid.UUID:
        address = self.cleaned_data["address"].strip()
        if not is_address(address):
            raise forms.ValidationError("This is no e-mail address.")
        return key_of(address)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        key, client = found.get("address"), found.get("client")
        if key and Suppression.objects.filter(key=key, client=client).exists():
            raise forms.ValidationError("This address is suppressed already.")
        if key:
            self.instance.key = key
        return found


@admin.register(Suppression)
class SuppressionAdmin(Desk[Suppression]):
    form = SuppressionForm
    fields = ("address", "client")
    autocomplete_fields = ("client",)
    list_display = ("named", "scope", "since")
    list_filter = ("client",)
    list_select_related = ("client",)
    search_fields = ("key",)
    search_help_text = "A whole e-mail address"
    ordering = ("-pk",)
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> tuple[str, ...]:
        return ("address", "client") if obj is None else ("scope", "since")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Suppression | None = None
    ) -> tuple[str, ...]:
        return () if obj is None else ("scope", "since")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        """What is typed is hashed as well: the list holds no addresses to compare with."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(key=key_of(search_term)), False

    @admin.display(description="Entry", ordering="pk")
    def named(self, row: Suppression) -> str:
        return f"Address {row.pk} (hashed)"

    @admin.display(description="Suppressed for")
    def scope(self, row: Suppression) -> str:
        return f"{row.client} only" if row.client else "Everybody"

    @admin.display(description="Since", ordering="created_at")
    def since(self, row: Suppression) -> str:
        return moment(row.created_at)


def key_of(address: str) -> uuid.UUID:
    return match_key(normalise(address), settings.SUPPRESSION_KEY.encode())
