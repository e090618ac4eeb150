"""Uploading a lead file: the form, and what becomes of it."""

from __future__ import annotations

from typing import IO, Any, cast

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold import widgets  # type: ignore[import-untyped]

from pipeline.models import LeadFile
from pipeline.shown import link_to


class UploadForm(forms.Form):
    """What a person says about a file; what is in it, the check finds out."""

    file = forms.FileField(
        label="Lead file",
        widget=widgets.UnfoldAdminFileFieldWidget(
            attrs={"accept": ".csv,.tsv,.txt,.xlsx,.gz,.zip,text/csv"}
        ),
    )
    source = forms.CharField(
        max_length=120,
        required=False,
        widget=widgets.UnfoldAdminTextInputWidget(
            attrs={"placeholder": "Apollo", "list": "sources", "autocomplete": "off"}
        ),
        help_text="Where the leads come from, in your words. What you say of its columns is"
        " remembered for its next files.",
    )
    insisted = forms.BooleanField(
        label="Import again although these very bytes were uploaded before",
        required=False,
        widget=widgets.UnfoldBooleanWidget,
    )

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > settings.MAX_UPLOAD_MB * 1_000_000:
            raise forms.ValidationError(
                f"The file has {(file.size or 0) // 1_000_000} MB;"
                f" {settings.MAX_UPLOAD_MB} are allowed (MAX_UPLOAD_MB). Split it."
            )
        return file


def keep(form: UploadForm, *, uploaded_by: str) -> LeadFile | None:
    """Check and keep the file; None where it was refused: the form then says why."""
    # pandas costs 100 MB and a second: only a process that checks a file pays for it.
    from pipeline import checking, lead_files  # noqa: PLC0415

    upload: UploadedFile[Any] = form.cleaned_data["file"]
    try:
        return lead_files.keep(
            cast("IO[bytes]", upload.file),
            name=upload.name or "unnamed",
            source=form.cleaned_data["source"],
            uploaded_by=uploaded_by,
            insisted=form.cleaned_data["insisted"],
        )
    except lead_files.UploadedBefore as before:
        form.add_error("file", _link_to_first(before.lead_file))
    except checking.Refused as refusal:
        form.add_error("file", str(refusal))
    return None


def _link_to_first(lead_file: LeadFile) -> SafeString:
    return format_html(
        "These very bytes were uploaded before, as {}. To import them again, choose the file once"
        " more and tick the box below.",
        link_to(lead_file, f"file {lead_file.pk}, {lead_file.name}"),
    )
