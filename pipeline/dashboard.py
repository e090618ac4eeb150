"""The overview: where the night is, what waits, what is wrong, and what may be pressed now."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from deliveries.models import Delivery, DeliveryStatus, Mail, MailStatus
from pipeline import figures, importing, services
from pipeline.admin.schedule import next_night
from pipeline.admin.stages import stage_cards
from pipeline.admin.start import what_may_start
from pipeline.admin.upkeep import SERVICES
from pipeline.health import OLDEST_TICK
from pipeline.models import Draft, Heartbeat, LeadFile, Run, ServiceState
from pipeline.models.lead_files import LeadFileStatus
from pipeline.shown import admin_url, list_url
from pipeline.states import RunStatus

LAST_DELIVERIES = 8
LOOK_BACK = dt.timedelta(days=14)  # older failures are history, not news


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something a person should look at: a sentence, and where."""

    words: str
    url: str
    tone: str = "bad"


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What DASHBOARD_CALLBACK asks for: the context of the index page."""
    now = timezone.now()
    run = Run.objects.prefetch_related("stage_runs").order_by("-pk").first()
    queued = LeadFile.objects.filter(status=LeadFileStatus.QUEUED).aggregate(
        files=Count("pk"), rows=Sum("accepted")
    )
    may = what_may_start(request)
    fills = figures.fills(now)
    stock = figures.stock(now)
    return {
        **context,
        **may,
        "run": run,
        "running": run is not None and run.status == RunStatus.RUNNING,
        "cards": stage_cards(run, now=now) if run else [],
        "queued": queued,
        "waiting": sum(row.leads for row in stock),
        "stock": stock,
        "ages": figures.AGE_TITLES,
        "fills": fills[: figures.SHOWN_CLIENTS],
        "further_clients": max(len(fills) - figures.SHOWN_CLIENTS, 0),
        "next_night": next_night(now),
        "deliveries": Delivery.objects.select_related("client", "run").order_by("-pk")[
            :LAST_DELIVERIES
        ],
        "problems": [*problems(now=now, workers=may["workers"]), *_schedules(fills)],
    }


def problems(*, now: dt.datetime, workers: list[str]) -> list[Problem]:
    """Everything that a person should look at, most urgent first."""
    return [
        *_machines(workers),
        *_services(now),
        *_failed_run(),
        *_deliveries(now),
        *_mails(now),
        *_drafts(),
        *_files(now),
    ]


def _machines(workers: list[str]) -> list[Problem]:
    found = []
    if not workers:
        found.append(
            Problem(
                words="No worker is alive: nothing is worked on. Start one with `make up`.",
                url=list_url(Heartbeat),
            )
        )
    silent = services.seconds_since("tick")
    if workers and silent > OLDEST_TICK:
        since = f"for {silent / 60:.0f} minutes" if math.isfinite(silent) else "at all so far"
        found.append(
            Problem(
                words=f"No tick has come through {since}: beat or the broker is down.",
                url=list_url(Heartbeat),
                tone="warn",
            )
        )
    return found


def _services(now: dt.datetime) -> list[Problem]:
    down = ServiceState.objects.filter(open_until__gt=now).order_by("service")
    return [
        Problem(
            words=f"{SERVICES.get(state.service, state.service)} does not answer: {state.last_error}",
            url=list_url(ServiceState),
            tone="warn",
        )
        for state in down
    ]


def _failed_run() -> list[Problem]:
    last = Run.objects.order_by("-pk").first()
    if last is None or last.status != RunStatus.FAILED:
        return []
    return [Problem(words=f"Run {last.pk} failed: {last.error}", url=admin_url(last))]


def _deliveries(now: dt.datetime) -> list[Problem]:
    recent = {"created_at__gt": now - LOOK_BACK}  # what is counted, and what the link shows
    counts = dict(
        Delivery.objects.filter(
            **recent, status__in=[DeliveryStatus.FAILED, DeliveryStatus.WAITING]
        )
        .order_by()
        .values_list("status")
        .annotate(count=Count("pk"))
    )
    failed = counts.get(DeliveryStatus.FAILED, 0)
    waiting = counts.get(DeliveryStatus.WAITING, 0)
    return _told(
        (
            failed,
            f"{_counted(failed, 'delivery', 'deliveries')} failed for good.",
            list_url(Delivery, status__exact=DeliveryStatus.FAILED, **recent),
            "bad",
        ),
        (
            waiting,
            _counted(
                waiting,
                "delivery waits and will go on by itself.",
                "deliveries wait and will go on by themselves.",
            ),
            list_url(Delivery, status__exact=DeliveryStatus.WAITING, **recent),
            "warn",
        ),
    )


def _mails(now: dt.datetime) -> list[Problem]:
    recent = {"created_at__gt": now - LOOK_BACK, "superseded_by__isnull": True}
    rows = Mail.objects.filter(**recent)
    unknown = rows.filter(status=MailStatus.UNKNOWN).count()
    failed = rows.filter(status=MailStatus.FAILED).count()
    return _told(
        (
            unknown,
            f"Of {_counted(unknown, 'mail', 'mails')} nobody knows whether it went: ask the client.",
            list_url(Mail, status__exact=MailStatus.UNKNOWN, **recent),
            "warn",
        ),
        (
            failed,
            f"{_counted(failed, 'mail', 'mails')} refused by the mail server.",
            list_url(Mail, status__exact=MailStatus.FAILED, **recent),
            "bad",
        ),
    )


def _drafts() -> list[Problem]:
    waiting = Draft.objects.waiting().count()
    words = f"{_counted(waiting, 'draft waits', 'drafts wait')} for a review."
    return _told((waiting, words, reverse("admin:pipeline_draft_review"), "warn"))


def _files(now: dt.datetime) -> list[Problem]:
    recent = {"created_at__gt": now - LOOK_BACK}
    rows = LeadFile.objects.filter(**recent).defer("preview")
    refused = rows.filter(status=LeadFileStatus.REFUSED).order_by("-pk")
    stalled = rows.filter(
        status=LeadFileStatus.IMPORTING, progress_at__lt=now - importing.STALLED_AFTER
    )
    waiting = rows.filter(status=LeadFileStatus.CHECKED).count()
    return [
        *(
            Problem(words=f"{row.name} was refused: {row.error}", url=admin_url(row))
            for row in refused
        ),
        *(
            Problem(words=f"The import of {row.name} stands still.", url=admin_url(row))
            for row in stalled.order_by("-pk")
        ),
        *_told(
            (
                waiting,
                f"{_counted(waiting, 'checked file waits', 'checked files wait')} to be queued.",
                list_url(LeadFile, status__exact=LeadFileStatus.CHECKED, **recent),
                "warn",
            )
        ),
    ]


def _schedules(fills: list[figures.Fill]) -> list[Problem]:
    """Clients to which nothing will ever be delivered as they stand."""
    found = []
    for row in fills:
        if not row.client.delivery_days:
            words = f"{row.client} has no delivery day: nothing is ever delivered to it."
        elif row.promise.closed == "no_time_zone":
            words = f"{row.client}: {row.client.time_zone} is no time zone; it gets nothing."
        else:
            continue
        found.append(Problem(words=words, url=admin_url(row.client), tone="warn"))
    return found


def _told(*rows: tuple[int, str, str, str]) -> list[Problem]:
    """(how many, sentence, address, tone) of what there is any of."""
    return [Problem(words=words, url=url, tone=tone) for count, words, url, tone in rows if count]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def stylesheet(_request: HttpRequest) -> str:
    """Where the desk's own styles are; unfold's hold only the classes it uses itself."""
    return static("desk/desk.css")


def favicon(_request: HttpRequest) -> str:
    return static("desk/favicon.svg")
