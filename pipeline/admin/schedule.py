"""When the nightly run starts: the one schedule that an operator edits."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold import widgets  # type: ignore[import-untyped]

from pipeline import clock, schedule
from pipeline.admin.desk import ZONES, ModelAdmin
from pipeline.shown import admin_url

DAYS = (
    ("1", "Mon"),
    ("2", "Tue"),
    ("3", "Wed"),
    ("4", "Thu"),
    ("5", "Fri"),
    ("6", "Sat"),
    ("0", "Sun"),
)

# The tick's interval is ours to set, and the other kinds of schedule mean nothing here.
for _model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(_model)


class NightForm(forms.ModelForm[PeriodicTask]):
    """A crontab as a person says it: a time, days of the week, a time zone."""

    at = forms.TimeField(
        label="Starts at",
        input_formats=["%H:%M", "%H:%M:%S"],
        widget=widgets.UnfoldAdminTextInputWidget(attrs={"type": "time"}),
    )
    weekdays = forms.MultipleChoiceField(
        label="On",
        choices=DAYS,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Of a missed night the run is caught up as soon as a worker lives again.",
    )
    time_zone = forms.ChoiceField(
        choices=ZONES,
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="Where a clock change skips the time, the run starts that much later.",
    )

    class Meta:
        model = PeriodicTask
        fields = ("enabled",)
        help_texts = {"enabled": "Off: no night starts by itself; runs by hand still do."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        crontab = self.instance.crontab
        if crontab is not None:
            times = crontab.schedule
            self.initial.update(
                at=f"{min(times.hour):02}:{min(times.minute):02}",
                weekdays=[str(day) for day in times.day_of_week],
                time_zone=str(crontab.timezone),
            )


@admin.register(PeriodicTask)
class NightAdmin(ModelAdmin[PeriodicTask]):
    form = NightForm
    fields = ("next_run", "enabled", "at", "weekdays", "time_zone")
    readonly_fields = ("next_run",)
    change_form_template = "desk/night.html"

    def get_fields(self, request: HttpRequest, obj: PeriodicTask | None = None) -> Any:
        """Who may only look is told when; the rest is no column, and would be shown as blank."""
        found = super().get_fields(request, obj)
        return found if self.has_change_permission(request, obj) else found[:2]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeriodicTask]:
        return super().get_queryset(request).filter(name=schedule.NIGHTLY).select_related("crontab")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one schedule, so its list is its page."""
        night = self.get_queryset(request).order_by("pk").first()
        if night is not None and self.has_view_or_change_permission(request, night):
            return redirect(admin_url(night))
        return super().changelist_view(request, extra_context)

    @admin.display(description="Next run")
    def next_run(self, task: PeriodicTask) -> str:
        """As it is stored: a refused form has changed the task at hand."""
        stored = PeriodicTask.objects.select_related("crontab").get(pk=task.pk)
        return in_words(stored, clock.database_now())

    def save_model(
        self,
        request: HttpRequest,
        obj: PeriodicTask,
        form: forms.ModelForm[Any],
        change: bool,  # noqa: FBT001
    ) -> None:
        wanted = form.cleaned_data
        obj.crontab = crontab_at(obj.crontab, wanted["at"], wanted["weekdays"], wanted["time_zone"])
        super().save_model(request, obj, form, change)


def crontab_at(
    former: CrontabSchedule | None, at: dt.time, weekdays: list[str], time_zone: str
) -> CrontabSchedule:
    """The crontab for that time, shared with whoever uses the same; days of the month stay."""
    says = {
        "minute": str(at.minute),
        "hour": str(at.hour),
        "day_of_week": "*" if len(weekdays) == len(DAYS) else ",".join(sorted(weekdays)),
        "day_of_month": former.day_of_month if former else "*",
        "month_of_year": former.month_of_year if former else "*",
        "timezone": zoneinfo.ZoneInfo(time_zone),
    }
    known = CrontabSchedule.objects.filter(**says).order_by("pk").first()
    return known or CrontabSchedule.objects.create(**says)


def next_night(now: dt.datetime) -> dt.datetime | None:
    """When the nightly run starts next, in its own zone; None where it is switched off."""
    tasks = PeriodicTask.objects.filter(name=schedule.NIGHTLY, enabled=True)
    task = tasks.select_related("crontab").order_by("pk").first()
    if task is None or task.crontab is None:
        return None
    return _next(task.crontab, now)


def _next(crontab: CrontabSchedule, now: dt.datetime) -> dt.datetime | None:
    for ahead in range(1, schedule.LOOK_BACK_DAYS + 1):
        night = schedule.last_night(crontab, now + dt.timedelta(days=ahead))
        if night is not None and night.moment > now:
            return night.moment.astimezone(zoneinfo.ZoneInfo(str(crontab.timezone)))
    return None


def in_words(task: PeriodicTask, now: dt.datetime) -> str:
    """Monday, 24 November 2025, 02:00 (Europe/Berlin), in 5 h."""
    if not task.enabled:
        return "Switched off: no night starts by itself. Runs can still be started by hand."
    at = _next(task.crontab, now) if task.crontab else None
    if at is None:
        return f"Not within {schedule.LOOK_BACK_DAYS} days."
    hours = (at - now).total_seconds() / 3600
    return f"{date_format(at, 'l, j F Y, H:i')} ({at.tzinfo}), in {hours:.0f} h"
