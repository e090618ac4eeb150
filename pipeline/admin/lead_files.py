"""Lead files: upload one, see what was found in it, and what became of it."""

from __future__ import annotations

from typing import IO, Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from unfold import widgets  # type: ignore[import-untyped]

from pipeline.admin.desk import History, signed_in
from pipeline.admin.runs import what_may_start
from pipeline.models import LeadFile, Rejection
from pipeline.models.leads import LeadFileStatus, LeadStatus
from pipeline.shown import admin_url, label, link_to, list_url, moment, number, two_lines

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


class UploadForm(forms.Form):
    """What a person says about a file; what is in it, the check finds out."""

    file = forms.FileField(
        label="Lead file",
        widget=widgets.UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    source = forms.CharField(
        max_length=120,
        required=False,
        widget=widgets.UnfoldAdminTextInputWidget(attrs={"placeholder": "Apollo"}),
        help_text="Where the leads come from, in your words.",
    )
    columns = forms.CharField(
        label="Columns by hand",
        required=False,
        widget=widgets.UnfoldAdminTextareaWidget(
            attrs={"rows": 2, "placeholder": "Work address = email"}
        ),
        help_text="Only where a column's name says too little: one a line, column = our field.",
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

    def clean_columns(self) -> dict[str, str]:
        found = {}
        for line in self.cleaned_data["columns"].splitlines():
            if not line.strip():
                continue
            header, sign, field = line.rpartition("=")
            if not sign or not header.strip() or not field.strip():
                raise forms.ValidationError(f"Write {line.strip()!r} as column = field.")
            found[header.strip()] = field.strip()
        return found


@admin.register(LeadFile)
class LeadFileAdmin(History[LeadFile]):
    list_display = (
        "named",
        "status_label",
        "count_rows",
        "count_accepted",
        "count_duplicate",
        "count_invalid",
        "count_blank",
        "run_link",
        "uploaded",
    )
    list_filter = ("status",)
    list_before_template = "desk/lead_files_top.html"
    show_add_link = False  # a button with words stands above the list
    list_select_related = ("run",)
    search_fields = ("name", "source")
    search_help_text = "File or source"
    ordering = ("-pk",)
    change_form_template = "desk/lead_file.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return signed_in(request).has_perm("pipeline.add_leadfile")

    # The list

    @admin.display(description="File, source", ordering="name")
    def named(self, row: LeadFile) -> str:
        return two_lines(row.name, row.source)

    @admin.display(description="Status", ordering="status")
    def status_label(self, row: LeadFile) -> SafeString:
        return label(row.status)

    @admin.display(description="Rows", ordering="rows")
    def count_rows(self, row: LeadFile) -> str:
        return number(row.rows)

    @admin.display(description="Accepted", ordering="accepted")
    def count_accepted(self, row: LeadFile) -> str:
        return number(row.accepted)

    @admin.display(description="Twice")
    def count_duplicate(self, row: LeadFile) -> str:
        return number(row.duplicate_in_file)

    @admin.display(description="Invalid", ordering="invalid")
    def count_invalid(self, row: LeadFile) -> str:
        return number(row.invalid)

    @admin.display(description="Blank")
    def count_blank(self, row: LeadFile) -> str:
        return number(row.blank)

    @admin.display(description="Run")
    def run_link(self, row: LeadFile) -> str:
        return link_to(row.run, f"Run {row.run_id}")

    @admin.display(description="Uploaded", ordering="pk")
    def uploaded(self, row: LeadFile) -> str:
        return two_lines(moment(row.created_at), f"by {row.uploaded_by}")

    # Uploading

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The whole file is checked in this request; a refused one leaves nothing behind."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            found = take_in(form, uploaded_by=signed_in(request).get_username())
            if found is not None:
                self.log_addition(request, found, "Uploaded.")
                taken, rows = number(found.accepted), number(found.rows)
                messages.success(
                    request, f"{found.name} is queued: {taken} of its {rows} rows will be taken in."
                )
                return redirect(admin_url(found))
        context = {
            **self.admin_site.each_context(request),
            "title": "Upload a lead file",
            "opts": self.opts,
            "form": form,
            "limit": settings.MAX_UPLOAD_MB,
            "max_rows": settings.MAX_ROWS,
        }
        return TemplateResponse(request, "desk/upload.html", context)

    # One file

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        lead_file: LeadFile = kwargs["obj"]
        context |= {**what_may_start(request), **file_context(lead_file)}
        response = super().render_change_form(request, context, *args, **kwargs)
        if request.headers.get("HX-Request") and not context["importing"]:
            response.headers["HX-Refresh"] = "true"
        return response


def take_in(form: UploadForm, *, uploaded_by: str) -> LeadFile | None:
    """Check, keep and queue the file; None where it was refused: the form then says why."""
    # pandas costs 100 MB and a second: only a process that checks a file pays for it.
    from pipeline import lead_files  # noqa: PLC0415

    upload: UploadedFile[Any] = form.cleaned_data["file"]
    try:
        return lead_files.take_in(
            cast("IO[bytes]", upload.file),
            name=upload.name or "unnamed",
            source=form.cleaned_data["source"],
            overrides=form.cleaned_data["columns"],
            uploaded_by=uploaded_by,
            insisted=form.cleaned_data["insisted"],
        )
    except lead_files.Refused as refusal:
        form.add_error("file", str(refusal))
        return None


def file_context(lead_file: LeadFile) -> dict[str, Any]:
    """What the page of a file shows."""
    imported = lead_file.status in {LeadFileStatus.IMPORTED, LeadFileStatus.IMPORTING}
    return {
        "file": lead_file,
        "delimiter": DELIMITERS.get(lead_file.delimiter, lead_file.delimiter),
        "parts": parts_of(lead_file),
        "reasons": reasons_of(lead_file, listed=imported),
        "columns": [
            (header or "(no name)", name)
            for header, name in zip(lead_file.headers, lead_file.fields, strict=True)
        ],
        "importing": lead_file.status == LeadFileStatus.IMPORTING,
        "queued": lead_file.status == LeadFileStatus.QUEUED,
        "leads": leads_of(lead_file) if imported else [],
    }


def parts_of(lead_file: LeadFile) -> list[dict[str, Any]]:
    """What the rows add up from: the sum that the page shows."""
    return [
        {"words": "accepted", "count": lead_file.accepted, "tone": "good"},
        {"words": "twice in the file", "count": lead_file.duplicate_in_file, "tone": "calm"},
        {"words": "invalid", "count": lead_file.invalid, "tone": "bad"},
        {"words": "blank", "count": lead_file.blank, "tone": "idle"},
    ]


def reasons_of(lead_file: LeadFile, *, listed: bool) -> list[dict[str, Any]]:
    """Why rows are invalid, most frequent first, with the list of them once it is there."""
    ordered = sorted(lead_file.reasons.items(), key=lambda item: -item[1])
    return [
        {
            "code": code,
            "count": count,
            "url": list_url(Rejection, file=lead_file.pk, reason=code) if listed else "",
        }
        for code, count in ordered
    ]


def leads_of(lead_file: LeadFile) -> list[tuple[LeadStatus, int]]:
    """Where the file's leads are now: status → how many."""
    rows = lead_file.leads.order_by().values_list("status").annotate(count=Count("pk"))
    counts = dict(rows)
    return [(status, counts[status]) for status in LeadStatus if counts.get(status)]
