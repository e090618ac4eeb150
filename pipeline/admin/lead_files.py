"""Lead files: the list of them, uploading one, and the buttons on a file's page."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import content_disposition_header

from pipeline import clock, happenings, importing, runs, starting, tasks, undo
from pipeline.admin.desk import History, button, signed_in
from pipeline.admin.preview import CheckForm, QueueForm, check_again, file_context
from pipeline.admin.start import NO_WORKER, what_may_start
from pipeline.admin.uploads import UploadForm, keep
from pipeline.models import LeadFile, SourceProfile
from pipeline.models.lead_files import KnownLeads, LeadFileStatus
from pipeline.services import live_workers
from pipeline.shown import NOTHING, admin_url, label, link_to, moment, number, two_lines

CHANGE = "pipeline.change_leadfile"


@admin.register(LeadFile)
class LeadFileAdmin(History[LeadFile]):
    when_empty = "No lead file yet. It is checked and shown first; nothing is imported unseen."
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
    keeps_log = True

    def get_urls(self) -> list[URLPattern]:
        view, of_file = self.admin_site.admin_view, "<int:file_id>/{}/".format
        own = [
            path(of_file(name), view(found), name=f"pipeline_leadfile_{name}")
            for name, found in (
                ("check", button(self.check_view, CHANGE)),
                ("queue", button(self.queue_view, CHANGE)),
                ("stop", button(self.stop_view, CHANGE)),
                ("drop", button(self.drop_view, CHANGE)),
                ("undo", button(self.undo_view, CHANGE)),
                ("rejects", self.rejects_view),
            )
        ]
        return own + super().get_urls()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return signed_in(request).has_perm("pipeline.add_leadfile")

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[LeadFile]:
        """A list needs no previews: they may be larger than all the rest of the row."""
        rows = super().get_queryset(request)
        asked = request.resolver_match
        listed = asked is not None and asked.url_name == "pipeline_leadfile_changelist"
        return rows.defer("preview") if listed else rows

    @admin.display(description="File, source", ordering="name")
    def named(self, row: LeadFile) -> str:
        return two_lines(row.name, row.source)

    @admin.display(description="Status", ordering="status")
    def status_label(self, row: LeadFile) -> str:
        part = 0 < row.records_done < row.rows
        word, tone = "", ""
        if part and row.status == LeadFileStatus.CHECKED:
            word, tone = "Stopped", "warn"
        elif importing.is_stalled(row, now=timezone.now()):
            word, tone = "Stalled", "warn"
        done = f"{number(row.records_done)} done" if part else ""
        return two_lines(label(row.status, word, tone=tone), done)

    @admin.display(description="Rows", ordering="rows")
    def count_rows(self, row: LeadFile) -> str:
        return number(row.rows) if row.rows else NOTHING

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
            found = keep(form, uploaded_by=signed_in(request).get_username())
            if found is not None:
                self.log_addition(request, found, f"Uploaded: {counted(found)}.")
                return redirect(admin_url(found))
        context = {
            **self.admin_site.each_context(request),
            "title": "Upload a lead file",
            "opts": self.opts,
            "form": form,
            "sources": SourceProfile.objects.order_by("source").values_list("source", flat=True),
            "limit": settings.MAX_UPLOAD_MB,
            "max_rows": settings.MAX_ROWS,
        }
        return TemplateResponse(request, "desk/upload.html", context)

    # One file

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        lead_file: LeadFile = kwargs["obj"]
        start = what_may_start(request)
        context |= {
            **start,
            **file_context(lead_file, active=start["active"], now=timezone.now()),
            "may_change": signed_in(request).has_perm(CHANGE),
        }
        response = super().render_change_form(request, context, *args, **kwargs)
        if request.headers.get("HX-Request") and not context["moving"]:
            response.headers["HX-Refresh"] = "true"
        return response

    # Buttons

    def check_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """Read the stored file again as the person says."""
        lead_file = get_object_or_404(LeadFile, pk=file_id)
        form = CheckForm(request.POST, lead_file=lead_file)
        if not form.is_valid():
            messages.error(request, "Nothing was changed: reload the page and choose again.")
        elif refusal := check_again(lead_file, form):
            messages.error(request, f"Nothing was changed. {refusal}")
        else:
            self.log_change(request, lead_file, "Checked again.")
            messages.success(request, "Checked again, the whole file, as you said.")
        return redirect(admin_url(lead_file))

    def queue_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """Import with the next run, or start one now."""
        lead_file = get_object_or_404(LeadFile, pk=file_id)
        form = QueueForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Nothing was queued: reload the page and press again.")
            return redirect(admin_url(lead_file))
        known = form.cleaned_data["known_leads"]
        try:
            importing.queue(
                lead_file,
                by=signed_in(request).get_username(),
                known_leads=KnownLeads(known) if known else None,
            )
        except importing.NotPossible as refusal:
            messages.warning(request, f"Not queued. {refusal}")
            return redirect(admin_url(lead_file))
        self.log_change(request, lead_file, f"Queued: {counted(lead_file)}.")
        if form.cleaned_data["press"]:
            start_now(request, press=form.cleaned_data["press"])
        return redirect(admin_url(lead_file))

    def stop_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """Take it out of the queue, or stop its import behind the slice under way."""
        lead_file = get_object_or_404(LeadFile, pk=file_id)
        try:
            stopped = importing.stop(lead_file, by=signed_in(request).get_username())
        except importing.NotPossible as refusal:
            messages.warning(request, str(refusal))
            return redirect(admin_url(lead_file))
        self.log_change(request, lead_file, "Stopped.")
        if not stopped:
            messages.info(request, "It stops behind the rows that are being written.")
        return redirect(admin_url(lead_file))

    def drop_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """Have done with a file that nobody wants imported."""
        lead_file = get_object_or_404(LeadFile, pk=file_id)
        try:
            importing.drop(lead_file)
        except importing.NotPossible as refusal:
            messages.warning(request, str(refusal))
        else:
            self.log_change(request, lead_file, "Dropped.")
            messages.success(request, f"{lead_file} is dropped; no lead came of it.")
        return redirect(admin_url(lead_file))

    def undo_view(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """Take back what the file brought; workers do it while no run is active."""
        lead_file = get_object_or_404(LeadFile, pk=file_id)
        try:
            undo.ask(lead_file, signed_in(request).get_username())
        except undo.Refused as refusal:
            messages.warning(request, f"Not undone. {refusal}")
            return redirect(admin_url(lead_file))
        self.log_change(request, lead_file, f"To be undone: {counted(lead_file)}.")
        tasks.publish_undos()
        messages.success(request, f"{lead_file} is being undone.")
        return redirect(admin_url(lead_file))

    def rejects_view(self, request: HttpRequest, file_id: int) -> HttpResponseBase:
        """rejects.csv, streamed: the rows to mend, and why."""
        from pipeline import checking, lead_files  # noqa: PLC0415  (see keep)

        lead_file = get_object_or_404(LeadFile, pk=file_id)
        if not self.has_view_permission(request, lead_file):
            raise PermissionDenied
        try:
            content = lead_files.rejects_of(lead_file)
        except checking.Refused as refusal:
            messages.error(request, str(refusal))
            return redirect(admin_url(lead_file))
        name = f"rejects of {lead_file.name.rsplit('.', 1)[0]}.csv"
        return StreamingHttpResponse(
            content,
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": content_disposition_header(as_attachment=True, filename=name)
            },
        )


def counted(lead_file: LeadFile) -> str:
    """Its rows and what becomes of them, for its history."""
    return (
        f"{happenings.counted(lead_file.rows, 'row')}, {lead_file.accepted:,} accepted,"
        f" {lead_file.duplicate_in_file:,} twice, {lead_file.invalid:,} invalid,"
        f" {lead_file.blank:,} blank"
    )


def start_now(request: HttpRequest, *, press: uuid.UUID) -> None:
    """Start a run for the file that was just queued; where one is under way, say so."""
    user = signed_in(request)
    if not user.has_perm("pipeline.add_run"):
        messages.warning(request, "Queued for the next run; you may not start one.")
        return
    try:
        run = starting.start_now(
            now=clock.database_now(),
            started_by=user.get_username(),
            request_key=f"manual:{press}",
        )
    except runs.RunIsActive as active:
        messages.warning(request, f"{active} The file goes with the run after it.")
        return
    messages.success(request, f"Run {run.pk} has started.")
    if not live_workers():
        messages.warning(request, NO_WORKER)
