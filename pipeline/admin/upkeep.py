"""Which outside services answer, and which of our own processes live."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString

from pipeline.admin.desk import History, button
from pipeline.models import Chunk, Heartbeat, ServiceState
from pipeline.services import WORKER_IS_GONE_AFTER
from pipeline.shown import duration, label, moment


@admin.register(ServiceState)
class ServiceStateAdmin(History[ServiceState]):
    list_display = ("service", "state", "failures", "asked_again", "last_error")
    ordering = ("service",)

    @admin.display(description="State")
    def state(self, row: ServiceState) -> SafeString:
        return state_of(row)

    @admin.display(description="Asked again")
    def asked_again(self, row: ServiceState) -> str:
        return moment(row.open_until)


@admin.register(Heartbeat)
class HeartbeatAdmin(History[Heartbeat]):
    list_display = ("process", "state", "age", "last_seen")
    list_before_template = "desk/services.html"
    ordering = ("name",)

    def get_urls(self) -> list[URLPattern]:
        look = self.admin_site.admin_view(button(doctor_view, "pipeline.change_heartbeat"))
        own = path("doctor/", look, name="pipeline_heartbeat_doctor")
        return [own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Heartbeat]:
        """Without the schedule's memory, which is kept beside the heartbeats but is none."""
        return super().get_queryset(request).exclude(name__startswith="schedule:")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Above our own processes: the outside services that have failed of late."""
        context = {
            **(extra_context or {}),
            "title": "Services",
            "states": [
                (row, SERVICES.get(row.service, row.service), state_of(row))
                for row in ServiceState.objects.order_by("service")
            ],
        }
        return super().changelist_view(request, context)

    @admin.display(description="Process", ordering="name")
    def process(self, row: Heartbeat) -> str:
        known = {"tick": "Ticks", "beat": "Beat"}
        return known.get(row.name) or row.name.replace("worker:", "Worker ")

    @admin.display(description="State")
    def state(self, row: Heartbeat) -> SafeString:
        alive = seconds_old(row) < WORKER_IS_GONE_AFTER
        return label("alive") if alive else label("silent")

    @admin.display(description="Last sign of life")
    def age(self, row: Heartbeat) -> str:
        return f"{duration(max(seconds_old(row), 0))} ago"

    @admin.display(description="At", ordering="at")
    def last_seen(self, row: Heartbeat) -> str:
        return moment(row.at)


def doctor_view(request: HttpRequest) -> HttpResponse:
    """What `manage.py doctor` says, as a page; asked when the button is pressed."""
    from pipeline import doctor  # noqa: PLC0415  (asks services that other pages need not load)

    found = [
        (PARTS.get(each.part, each.part), each, DOCTOR_LABELS[each.state])
        for each in doctor.examine()
    ]
    context = {**admin.site.each_context(request), "title": "Doctor", "found": found}
    return TemplateResponse(request, "desk/doctor.html", context)


DOCTOR_LABELS = {
    "ok": ("DONE", "Ok"),
    "not_configured": ("", "Not set up"),
    "failing": ("FAILED", "Failing"),
}
SERVICES = {
    "smtp": "Mail server",
    "storage": "File storage",
    "gemini": "Gemini",
    "drive": "Google Drive",
    "notion": "Notion",
}
PARTS = {
    **SERVICES,
    "postgres": "PostgreSQL",
    "redis": "Redis or Valkey",
    "worker": "Workers",
    "beat": "Beat",
}


def state_of(row: ServiceState) -> SafeString:
    if row.open_until and row.open_until > timezone.now():
        return label("FAILED", "Does not answer")
    return label("WAITING", "Failed of late") if row.failures else label("DONE", "Answers")


def seconds_old(row: Heartbeat) -> float:
    return (timezone.now() - row.at).total_seconds()


@admin.register(Chunk)
class ChunkAdmin(History[Chunk]):
    """Parts of stages, for whoever looks for a stuck one; the run page says the same in words."""

    list_display = ("id", "stage_run", "status_label", "worker", "attempt", "failures", "error")
    list_filter = ("status",)
    list_select_related = ("stage_run",)
    ordering = ("-pk",)

    @admin.display(description="Status")
    def status_label(self, row: Chunk) -> SafeString:
        return label(row.status)
