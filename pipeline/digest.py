"""What operators are mailed: after each run, and when a night did not run (spec N4).

Owed once for each outcome of a run and once for a late night, by whoever ticks; sent through the
outbox like every mail. The words are put together when the mail is sent, from the rows.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string

from deliveries import letters, outbox
from deliveries.models import Mail
from leadgen.integrations.mail import Letter
from pipeline import happenings, schedule
from pipeline.models import Run
from pipeline.shown import admin_url, day, moment
from pipeline.states import RunStatus

LATE_AFTER = dt.timedelta(hours=1)  # a night that has not begun by then is told of
NEWS_FOR = dt.timedelta(days=1)  # a run that ended longer ago is no news
STEPS = {RunStatus.DONE: 0, RunStatus.FAILED: 1}  # one that failed and was continued has both


def recipients() -> list[str]:
    """OPERATOR_EMAILS, or else every superuser that is active and has an address."""
    if settings.OPERATOR_EMAILS:
        return list(settings.OPERATOR_EMAILS)
    users = User.objects.filter(is_active=True, is_superuser=True).exclude(email="")
    return list(users.order_by("pk").values_list("email", flat=True))


def owe_for_ended_runs(now: dt.datetime) -> None:
    """A digest about each run that has ended and has none for that ending."""
    for status, step in STEPS.items():
        told = Mail.objects.filter(kind=Mail.Kind.DIGEST, run=OuterRef("pk"), step=step)
        ended = Run.objects.filter(~Exists(told), status=status, ended_at__gt=now - NEWS_FOR)
        for run_id in ended.values_list("pk", flat=True):
            outbox.owe_digest(recipients(), run_id=run_id, step=step)


def owe_for_late_night(now: dt.datetime) -> None:
    """Asked before a due night is started: one that is late by now did not run in time."""
    night = schedule.due_night(now)
    if night is not None and now - night.moment > LATE_AFTER:
        outbox.owe_digest(recipients(), night=night.local_date, step=0)


def letter(mail: Mail) -> Letter:
    """The letter of a digest, as things stand now."""
    context = about_run(mail.run) if mail.run else about_night(mail)
    context = {**context, "sender": letters.sender_name(), "zone": settings.TIME_ZONE}
    return Letter(
        recipient=mail.recipient,
        message_id=mail.message_id,
        subject=f"[AILeadGen] {context['subject']}",
        text=render_to_string("mails/digest.txt", context),
        html=render_to_string("mails/digest.html", context),
    )


def about_run(run: Run) -> dict[str, Any]:
    """What a run came to: ran, ran and found nothing, or failed."""
    told = happenings.of_run(run)
    return {
        "subject": _subject(run, told),
        "tone": "bad" if run.status == RunStatus.FAILED else "warn" if told.problems else "good",
        "verdict": _verdict(run, told),
        "told": told,
        "link": settings.PUBLIC_URL + admin_url(run),
        "link_words": f"Open run {run.pk}",
    }


def _subject(run: Run, told: happenings.Told) -> str:
    if run.status == RunStatus.FAILED:
        return f"Run {run.pk} failed"
    if not told.leads:
        return f"Run {run.pk} ran and found nothing to deliver"
    still = f", {told.open_deliveries} still open" if told.open_deliveries else ""
    return f"Run {run.pk} ran: {told.in_numbers}{still}"


def _verdict(run: Run, told: happenings.Told) -> str:
    when = f"of {day(run.local_date)}, started {moment(run.created_at)} by {run.started_by}"
    if run.status == RunStatus.FAILED:
        return (
            f"The run {when}, failed: {run.error} What was committed stays: press Continue on its"
            " page, or the next run takes up what it left."
        )
    if not told.leads:
        return f"The run {when}, ended in order. There was no lead that any client could take."
    still = "; what is still open stands below" if told.open_deliveries else ""
    return f"The run {when}, gave {told.in_numbers}{still}."


def about_night(mail: Mail) -> dict[str, Any]:
    """A night that did not run in time, and what became of it since."""
    night = mail.night or mail.created_at.date()
    skipped = schedule.skipped_before(night)
    gone = ", ".join(day(each) for each in skipped)
    return {
        "subject": f"The night of {day(night)} did not run in time",
        "tone": "bad",
        "verdict": _why_late(night),
        "told": happenings.Told(
            problems=[f"Not run at all, and not caught up: {gone}."] if skipped else []
        ),
        "link": settings.PUBLIC_URL + "/admin/",
        "link_words": "Open the desk",
    }


def _why_late(night: dt.date) -> str:
    caught_up = Run.objects.filter(kind="NIGHTLY", local_date__gte=night).order_by("pk").first()
    if caught_up is not None:
        return (
            f"Nothing was there to start it when it was due: no beat and no worker. It was caught"
            f" up at {moment(caught_up.created_at)} as run {caught_up.pk}."
        )
    active = Run.objects.running().order_by("pk").first()
    if active is not None:
        return f"Run {active.pk} is still under way; the night starts when it has ended."
    return "It has not been started yet. `manage.py doctor` says which part is missing."
