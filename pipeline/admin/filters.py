"""Filters that stay quick on a million rows: none of them asks the table what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from pipeline.models import LeadFile, Run
from pipeline.reasons import OF_A_CLIENT, REASONS

NEWEST = 12  # as many as can be read at a glance; any other is reached by a link


class NewestFilter(admin.SimpleListFilter):
    """Choice among the newest rows that ours hang on; a link may name an older one."""

    model: ClassVar[Any]
    path: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = {row.pk: row for row in self.model.objects.order_by("-pk")[:NEWEST]}
        asked = self.value()
        if asked and asked.isdecimal() and int(asked) not in rows:
            rows.update(self.model.objects.in_bulk([int(asked)]))
        return [(str(pk), self.named(row)) for pk, row in rows.items()]

    def named(self, row: Any) -> str:
        return str(row)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        if not asked:
            return queryset
        return queryset.filter(**{self.path: asked}) if asked.isdecimal() else queryset.none()


class RunFilter(NewestFilter):
    title = "run"
    parameter_name = "run"
    model = Run
    path = "run"

    def named(self, row: Run) -> str:
        return f"Run {row.pk}, {row.local_date}"


class FileFilter(NewestFilter):
    title = "file"
    parameter_name = "file"
    model = LeadFile
    path = "file"

    def named(self, row: LeadFile) -> str:
        return f"{row.pk}, {row.name}"


class RunOfFileFilter(RunFilter):
    """The run that imported the file a rejected row stood in."""

    path = "file__run"


class CodeFilter(admin.SimpleListFilter):
    """By reason, in words; subclasses name the codes that can occur."""

    title = "reason"
    parameter_name = "reason"
    codes: ClassVar[tuple[str, ...]]
    column: ClassVar[str] = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, REASONS[code]) for code in self.codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        return queryset.filter(**{self.column: asked}) if asked else queryset


class RejectionReasonFilter(CodeFilter):
    codes = (
        "blank",
        "bad_email",
        "missing_field",
        "too_many_cells",
        "unclosed_quote",
        "nul_byte",
        "disposable",
        "role",
        "no_mx",
    )
    column = "code"


# Every code that may stand at a lead: of dedupe, the review, the allocation, and its way out.
# Named one by one: `seats` would load NumPy into every process.
LEAD_CODES = (
    "dup_file", "dup_db", "suppressed_global", "twin_undone", "held_review",
    "no_client", "filter", "not_exclusive", "too_old", "suppressed_client", "dup_client",
    *(code for code in OF_A_CLIENT if code != "no_stock"), "cap_domain", "outbid",
    "suppressed_before_delivery", "released",
)  # fmt: skip


class LeadReasonFilter(CodeFilter):
    codes = LEAD_CODES


class TypedFilter(admin.SimpleListFilter):
    """A value that the operator types: for columns of free text."""

    template = "desk/typed_filter.html"
    column: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.value() or "", self.value() or "")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = (self.value() or "").strip()
        return queryset.filter(**{f"{self.column}__iexact": asked}) if asked else queryset

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Also the other filters in use, which the small form must send along."""
        kept = {
            name: values
            for name, values in changelist.filter_params.items()
            if name != self.parameter_name
        }
        yield {
            "selected": not self.value(),
            "query_string": changelist.get_query_string(remove=[str(self.parameter_name)]),
            "display": "All",
            "kept": [(name, value) for name, values in kept.items() for value in values],
        }
        if self.value():
            yield {"selected": True, "query_string": "", "display": self.value()}


class LookalikeFilter(admin.SimpleListFilter):
    """Leads of which a person is to say whether they are somebody we know."""

    title = "looks like another lead"
    parameter_name = "lookalike"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes, to be decided")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(lookalike__isnull=False) if self.value() == "yes" else queryset


class CountryFilter(TypedFilter):
    title = "country"
    parameter_name = "country"
    column = "country"
