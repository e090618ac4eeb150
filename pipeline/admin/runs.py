"""Runs: start one, watch its stages, continue or cancel it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString

from deliveries.models import DeliveryStatus
from pipeline import clock, report, runs, services, spending, starting, tasks
from pipeline.admin import simulation
from pipeline.admin.desk import History, button, signed_in
from pipeline.admin.stages import stage_cards
from pipeline.admin.start import NO_WORKER, what_may_start
from pipeline.happenings import counted
from pipeline.models import Run
from pipeline.models.runs import RunKind
from pipeline.shown import admin_url, day, duration, label, number
from pipeline.states import RunStatus, Stage

ENDED = (DeliveryStatus.LOGGED, DeliveryStatus.WITHDRAWN)
SHOWN_PROMISES = 30


class StartForm(forms.Form):
    """A press of the start button: its id makes a second press the same request."""

    press = forms.UUIDField()


@admin.register(Run)
class RunAdmin(History[Run]):
    when_empty = "No run yet: the next night starts one, or you do."
    list_display = (
        "named",
        "status_label",
        "kind",
        "business_day",
        "count_rows",
        "count_ready",
        "count_allocated",
        "count_deliveries",
        "took",
        "started_by",
    )
    list_filter = ("status", "kind")
    ordering = ("-pk",)
    list_before_template = "desk/runs_top.html"
    change_form_template = "desk/run.html"
    keeps_log = True

    def get_urls(self) -> list[URLPattern]:
        view, of_run = self.admin_site.admin_view, "<int:run_id>/{}/".format
        start = view(button(self.start_view, "pipeline.add_run"))
        resume = view(button(self.continue_view, "pipeline.change_run"))
        cancel = view(button(self.cancel_view, "pipeline.change_run"))
        simulate = view(button(simulation.simulate_view, "pipeline.add_run"))
        try_five = view(button(simulation.try_view, "pipeline.add_run"))
        own = [
            path("start/", start, name="pipeline_run_start"),
            path("simulate/", simulate, name="pipeline_run_simulate"),
            path("try/", try_five, name="pipeline_run_try"),
            path(of_run("continue"), resume, name="pipeline_run_continue"),
            path(of_run("cancel"), cancel, name="pipeline_run_cancel"),
        ]
        return own + super().get_urls()

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return super().get_queryset(request).prefetch_related("stage_runs")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), **what_may_start(request)}
        return super().changelist_view(request, context)

    @admin.display(description="Run", ordering="pk")
    def named(self, run: Run) -> str:
        return f"Run {run.pk}"

    @admin.display(description="Status", ordering="status")
    def status_label(self, run: Run) -> SafeString:
        return label(run.status)

    @admin.display(description="Business day", ordering="local_date")
    def business_day(self, run: Run) -> str:
        return day(run.local_date)

    @admin.display(description="Leads from files")
    def count_rows(self, run: Run) -> str:
        return kept_by(run, Stage.VALIDATE)

    @admin.display(description="New")
    def count_ready(self, run: Run) -> str:
        return kept_by(run, Stage.DEDUPE)

    @admin.display(description="Allocated")
    def count_allocated(self, run: Run) -> str:
        return kept_by(run, Stage.ALLOCATE)

    @admin.display(description="Delivered files")
    def count_deliveries(self, run: Run) -> str:
        return kept_by(run, Stage.LOG)

    @admin.display(description="Took")
    def took(self, run: Run) -> str:
        return duration(seconds_taken(run))

    # One run

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        run: Run = kwargs["obj"]
        context |= run_context(request, run)
        response = super().render_change_form(request, context, *args, **kwargs)
        if request.headers.get("HX-Request") and run.status != RunStatus.RUNNING:
            response.headers["HX-Refresh"] = "true"  # it has ended: the buttons change, too
        return response

    # Buttons

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Start a run; the same press sent twice starts one."""
        form = StartForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Nothing was started: reload the page and press again.")
            return redirect("admin:pipeline_run_changelist")
        try:
            run = starting.start_now(
                now=clock.database_now(),
                started_by=signed_in(request).get_username(),
                request_key=f"manual:{form.cleaned_data['press']}",
            )
        except runs.RunIsActive as active:
            messages.warning(request, str(active))
            return redirect(admin_url(active.run))
        self.log_addition(request, run, started_in_words(run))
        self._say_started(request, run)
        return redirect(admin_url(run))

    def _say_started(self, request: HttpRequest, run: Run) -> None:
        messages.success(request, f"Run {run.pk} has started.")
        if not services.live_workers():
            messages.warning(request, NO_WORKER)

    def continue_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Go on with a failed run at the stage that failed."""
        run = get_object_or_404(Run, pk=run_id)
        try:
            runs.resume(run.pk)
        except (runs.NotPossible, runs.RunIsActive) as refusal:
            messages.warning(request, f"Not continued. {refusal}")
        else:
            tasks.publish()
            self.log_change(request, run, "Continued.")
            messages.success(request, f"Run {run.pk} goes on where it failed.")
        return redirect(admin_url(run))

    def cancel_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Stop a run that has promised nothing to anybody."""
        run = get_object_or_404(Run, pk=run_id)
        try:
            runs.cancel(run.pk)
        except runs.NotPossible as refusal:
            messages.warning(request, f"Not cancelled. {refusal}")
        else:
            self.log_change(request, run, "Cancelled.")
            messages.success(
                request, f"Run {run.pk} is cancelled; the next run takes up what it left."
            )
        return redirect(admin_url(run))


def started_in_words(run: Run) -> str:
    """What a run took up when it was started by hand, for its history."""
    files = run.lead_files.count()
    rows = run.lead_files.aggregate(rows=Sum("accepted"))["rows"] or 0
    return f"Started by hand, with {counted(files, 'file')} and {counted(rows, 'row')}."


def run_context(request: HttpRequest, run: Run) -> dict[str, Any]:
    """What the run page shows."""
    now = timezone.now()
    deliveries = list(run.deliveries.select_related("client").order_by("client__name"))
    return {
        **what_may_start(request),
        "run": run,
        "kind": RunKind(run.kind).label,
        "cards": stage_cards(run, now=now),
        "took": ((run.ended_at or now) - run.created_at).total_seconds(),
        "lead_files": run.lead_files.order_by("pk"),
        "deliveries": deliveries,
        "promised": run.run_clients.select_related("client").order_by("-shortfall", "client__name")[
            :SHOWN_PROMISES
        ],
        "unfinished": [row for row in deliveries if row.status not in ENDED],
        "drafts": report.split_in(run.drafts.all()),
        **ai_context(run),
        "may_continue": run.status == RunStatus.FAILED and runs_may_continue(run),
        "may_cancel": run.status == RunStatus.RUNNING and not deliveries,
        "running": run.status == RunStatus.RUNNING,
    }


def ai_context(run: Run) -> dict[str, Any]:
    """What the AI was expected to cost and did; nothing where there is no account nor any call."""
    stands_in = spending.who_stands_in()
    if stands_in == spending.NO_ACCOUNT and not run.ai_calls.exists():
        return {}
    return {"ai": spending.of_run(run), "ai_stands_in": stands_in}


def runs_may_continue(run: Run) -> bool:
    """Whether `runs.resume` would agree: no later run has taken up what this one left."""
    return not Run.objects.filter(pk__gt=run.pk).exists() or run.deliveries.exists()


def kept_by(run: Run, stage: Stage) -> str:
    """What a stage of a run in the list has kept; the stages are prefetched."""
    kept = {row.stage: row.kept for row in run.stage_runs.all()}
    return number(kept.get(stage))


def seconds_taken(run: Run) -> float | None:
    return (run.ended_at - run.created_at).total_seconds() if run.ended_at else None
