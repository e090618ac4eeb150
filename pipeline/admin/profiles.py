"""Sources: what is remembered of how their files are to be read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold import widgets  # type: ignore[import-untyped]

from pipeline.admin.desk import Desk, signed_in
from pipeline.mapping import FIELDS
from pipeline.models import SourceProfile
from pipeline.shown import label, moment, number, two_lines


class ProfileForm(forms.ModelForm[SourceProfile]):
    """The mapping as lines that a person can read."""

    columns = forms.CharField(
        required=False,
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text="One a line: column = our field. Nothing behind the = keeps the column as it is.",
    )

    class Meta:
        model = SourceProfile
        fields = ("source", "needs_review")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = (f"{header} = {name}".rstrip() for header, name in self.instance.fields.items())
        self.fields["columns"].initial = "\n".join(lines)

    def clean_source(self) -> str:
        source: str = self.cleaned_data["source"].strip()
        others = SourceProfile.objects.exclude(pk=self.instance.pk)
        if others.filter(source__iexact=source).exists():
            raise forms.ValidationError("There is a profile of this source already.")
        return source

    def clean_columns(self) -> dict[str, str]:
        lines = [line.strip() for line in self.cleaned_data["columns"].splitlines()]
        return dict(_parsed(line) for line in lines if line)


def _parsed(line: str) -> tuple[str, str]:
    header, sign, name = (part.strip() for part in line.rpartition("="))
    if not sign or not header:
        raise forms.ValidationError(f"Write {line!r} as column = field.")
    if name and name not in FIELDS:
        raise forms.ValidationError(f"There is no field {name!r}; there are {', '.join(FIELDS)}.")
    return header, name


@admin.register(SourceProfile)
class SourceProfileAdmin(Desk[SourceProfile]):
    form = ProfileForm
    when_empty = (
        "No source yet. How you map the columns of an upload is remembered here, under"
        " the name of its source, for the next files of it."
    )
    list_display = ("source", "count_columns", "review", "updated")
    list_filter = ("needs_review",)
    search_fields = ("source",)
    ordering = ("source",)
    fields = ("source", "needs_review", "columns")

    @admin.display(description="Columns remembered")
    def count_columns(self, profile: SourceProfile) -> str:
        return number(len(profile.fields))

    @admin.display(description="Its files", ordering="needs_review")
    def review(self, profile: SourceProfile) -> SafeString:
        if profile.needs_review:
            return label("", "wait for a review", tone="warn")
        return label("", "go with the next run", tone="calm")

    @admin.display(description="Last changed", ordering="updated_at")
    def updated(self, profile: SourceProfile) -> str:
        return two_lines(moment(profile.updated_at), f"by {profile.updated_by}")

    def save_model(
        self,
        request: HttpRequest,
        obj: SourceProfile,
        form: Any,
        change: bool,  # noqa: FBT001  (Django's signature)
    ) -> None:
        obj.fields = form.cleaned_data["columns"]
        obj.updated_by = signed_in(request).get_username()
        super().save_model(request, obj, form, change)
