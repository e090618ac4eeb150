"""Leads and rejected rows: where is this record, and why?"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from deliveries.models import ACTIVE
from pipeline import lookalikes
from pipeline.admin import timeline
from pipeline.admin.desk import BigHistory, button, signed_in
from pipeline.admin.filters import (
    CountryFilter,
    FileFilter,
    LeadReasonFilter,
    LookalikeFilter,
    RejectionReasonFilter,
    RunFilter,
    RunOfFileFilter,
)
from pipeline.models import Lead, LeadStatus, Rejection
from pipeline.models.leads import COLUMNS
from pipeline.reasons import in_words
from pipeline.shown import NOTHING, admin_url, label, link_to, two_lines

CHANGE = "pipeline.change_lead"
SHOWN_FIELDS = (*COLUMNS, "country_code")
MOST_FOUND = 1_000
SHOWN_CELLS = 4
LONGEST_CELLS = 80


@admin.register(Lead)
class LeadAdmin(BigHistory[Lead]):
    when_empty = "No leads yet: they come in by lead files."
    list_display = ("person", "firm", "status_label", "came_in")
    list_filter = (
        "status",
        LeadReasonFilter,
        LookalikeFilter,
        CountryFilter,
        FileFilter,
        RunFilter,
    )
    list_select_related = ("file", "run")
    search_fields = ("email", "company", "full_name", "first_name", "last_name")
    search_help_text = "E-mail, company or name"
    ordering = ("-pk",)
    change_form_template = "desk/lead.html"
    keeps_log = True

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path(
                f"<int:lead_id>/{name}/", view(button(found, CHANGE)), name=f"pipeline_lead_{name}"
            )
            for name, found in (
                ("one_person", self.one_person_view),
                ("two_people", self.two_people_view),
            )
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        """A list needs no extras: they may be larger than all the rest of the row."""
        rows = super().get_queryset(request)
        asked = request.resolver_match
        return (
            rows.defer("extras") if asked and asked.url_name == "pipeline_lead_changelist" else rows
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Lead], search_term: str
    ) -> tuple[QuerySet[Lead], bool]:
        """A whole address finds its person under every spelling: by the key.

        Words are looked for once, in up to a million rows, and not a second time to count.
        """
        from pipeline.addresses import is_address, match_key, normalise  # noqa: PLC0415

        term = search_term.strip()
        if is_address(term):
            key = match_key(normalise(term), settings.SUPPRESSION_KEY.encode())
            return queryset.filter(key=key), False
        found, twice = super().get_search_results(request, queryset, term)
        if not term:
            return found, twice
        newest = list(found.order_by("-pk").values_list("pk", flat=True)[:MOST_FOUND])
        if len(newest) == MOST_FOUND:
            self.message_user(request, f"The newest {MOST_FOUND:,} matches are listed.")
        return queryset.filter(pk__in=newest), False

    @admin.display(description="E-mail, name")
    def person(self, lead: Lead) -> str:
        return two_lines(lead.email or "(erased)", name_of(lead))

    @admin.display(description="Company, country")
    def firm(self, lead: Lead) -> str:
        return two_lines(lead.company or NOTHING, lead.country)

    @admin.display(description="Status, why")
    def status_label(self, lead: Lead) -> str:
        return two_lines(label(lead.status), in_words(lead.reason))

    @admin.display(description="Came in")
    def came_in(self, lead: Lead) -> str:
        where = format_html("line {}, {}", lead.line, link_to(lead.run, f"run {lead.run_id}"))
        return two_lines(link_to(lead.file), where)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        may_change = signed_in(request).has_perm(CHANGE)
        context |= {**lead_context(kwargs["obj"]), "may_change": may_change}
        return super().render_change_form(request, context, *args, **kwargs)

    # Buttons

    def one_person_view(self, request: HttpRequest, lead_id: int) -> HttpResponse:
        """The lead is somebody we know: keep the older one."""
        lead = get_object_or_404(Lead, pk=lead_id)
        try:
            older = lookalikes.one_person(lead)
        except lookalikes.NotPossible as refusal:
            messages.warning(request, str(refusal))
        else:
            self.log_change(request, lead, f"The same person as lead {older.pk}.")
            messages.success(request, f"Lead {lead.pk} is a duplicate of lead {older.pk} now.")
        return redirect(admin_url(lead))

    def two_people_view(self, request: HttpRequest, lead_id: int) -> HttpResponse:
        """The lead is somebody else: it only looked like one we know."""
        lead = get_object_or_404(Lead, pk=lead_id)
        if lookalikes.two_people(lead):
            self.log_change(request, lead, "Another person than the lead it looked like.")
            messages.success(request, f"Lead {lead.pk} is a person of its own.")
        return redirect(admin_url(lead))


def name_of(lead: Lead) -> str:
    return f"{lead.first_name} {lead.last_name}".strip() or lead.full_name


def lead_context(lead: Lead) -> dict[str, Any]:
    """Where are you, and why: the whole story of one lead."""
    from pipeline import explaining  # noqa: PLC0415  (reads addresses: pandas)

    given = list(lead.delivered_leads.select_related("delivery", "client", "run").order_by("-pk"))
    return {
        "lead": lead,
        "name": name_of(lead),
        "verdict": verdict(lead, sum(row.status in ACTIVE for row in given)),
        "drafts": lead.drafts.select_related("client", "run").order_by("-pk"),
        "given": given,
        "why_not_one": lookalikes.why_not_one(lead),
        "story": timeline.story(lead, given),
        "fields": [(name, getattr(lead, name)) for name in SHOWN_FIELDS if getattr(lead, name)],
        "polished": polished(lead),
        "extras": sorted(lead.extras.items()),
        "asked": explaining.verdicts(lead, run=explaining.latest_run_for(lead)),
    }


def polished(lead: Lead) -> list[tuple[str, str]]:
    """How drafts and files speak of the person, where that is not how the file wrote it."""
    from pipeline.fields import polish  # noqa: PLC0415  (its tables are large)

    first, last = polish.person_name(lead.first_name, lead.last_name, lead.full_name)
    forms = {
        "first_name": first,
        "last_name": last,
        "company": polish.company(lead.company),
        "phone": polish.phone_e164(lead.phone, lead.country_code) or "",
    }
    return [(name, form) for name, form in forms.items() if form not in {"", getattr(lead, name)}]


def verdict(lead: Lead, clients: int) -> str:
    """One sentence on where the lead stands."""
    why = in_words(lead.reason) or "Free for the next run"
    known = {
        LeadStatus.NEW: "Imported; dedupe has not looked at it yet.",
        LeadStatus.READY: f"In stock. {why}.",
        LeadStatus.ALLOCATED: "Promised to a client; the file is not made yet.",
        LeadStatus.DELIVERED: f"Delivered to {clients} client{'s' if clients != 1 else ''}.",
        LeadStatus.ERASED: "Erased on request; only the key is kept, so that nobody comes back.",
    }
    return known.get(LeadStatus(lead.status), f"Not for sale. {why}.")


@admin.register(Rejection)
class RejectionAdmin(BigHistory[Rejection]):
    when_empty = "No row of a lead file has been refused."
    list_display = ("named", "why_listed", "cells")
    list_filter = (RejectionReasonFilter, FileFilter, RunOfFileFilter)
    list_select_related = ("file",)
    ordering = ("file", "record")
    fields = ("file_link", "line", "why", "row")
    readonly_fields = fields

    @admin.display(description="Row")
    def named(self, row: Rejection) -> str:
        return two_lines(f"Line {row.line:,}", row.file.name)

    @admin.display(description="Why")
    def why_listed(self, row: Rejection) -> str:
        return two_lines(in_words(row.code), row.code)

    @admin.display(description="Why")
    def why(self, row: Rejection) -> SafeString:
        return format_html('{} <code class="desk-code">{}</code>', in_words(row.code), row.code)

    @admin.display(description="What stood there")
    def cells(self, row: Rejection) -> str:
        """The cells that the refusal is about, and below them some that name the person."""
        mapping = row.file.mapping
        filled = [(mapping.get(header), cell) for header, cell in ordered(row) if cell.strip()]
        guilty = [cell for field, cell in filled if row.field and field == row.field]
        others = [cell for field, cell in filled if not row.field or field != row.field]
        return two_lines(shortened(guilty) or NOTHING, shortened(others[:SHOWN_CELLS]))

    @admin.display(description="File")
    def file_link(self, row: Rejection) -> str:
        return link_to(row.file)

    @admin.display(description="The row as it came")
    def row(self, row: Rejection) -> SafeString:
        lines = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", ordered(row))
        return format_html('<table class="desk-table desk-pairs">{}</table>', lines)


def shortened(cells: list[str]) -> str:
    return Truncator(", ".join(cells)).chars(LONGEST_CELLS)


def ordered(row: Rejection) -> list[tuple[str, str]]:
    """(header, cell) in the file's own order, which JSON in PostgreSQL does not keep."""
    known = [header for header in row.file.headers if header in row.raw]
    others = [header for header in row.raw if header not in known]
    return [(header, str(row.raw[header])) for header in dict.fromkeys([*known, *others])]
