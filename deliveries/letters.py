"""The mail that tells a client about a delivery: count, link, who wrote the drafts, its quota."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from clients import wording
from clients.file_terms import Access
from clients.models import WINDOWS
from deliveries import links
from deliveries.models import Delivery, Mail
from leadgen.integrations.mail import Letter
from pipeline import report
from pipeline.models import RunClient
from pipeline.report import Split

SUBJECT = "{leads} for you ({date})"
INTRO = "Hello {client},\n\nyour {leads} of {date} are ready."
SOURCES = {
    "AI": "written by AI",
    "TEMPLATE": "from our template, not by AI",
    "HUMAN": "written by a person",
}
# Why no AI wrote a draft, as a client is told; what went wrong with our account is not its affair.
BECAUSE = {
    "no_ai_account": "no AI is in use",
    "no_draft": "they were added after the drafts had been written",
    "ai_quota": "the day's share of the AI was used up",
    "ai_budget": "the budget for the AI was used up",
    "ai_blocked": "the AI withheld its answer",
    "ai_unfit": "the AI's words did not pass our checks",
    "missing_value": "too little is known of these leads",
    "unreviewed": "nobody looked at the AI's words in time",
    "rejected": "a person refused the AI's words",
}
ELSE = "the AI could not be reached or gave no usable answer"
IN_WORDS = {"day": "today", "week": "this week", "month": "this month", "total": "in all"}


@dataclass(frozen=True, kw_only=True)
class Share:
    """So many drafts of one source, and why, where that is worth saying."""

    count: int
    words: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One capped window after this delivery."""

    words: str
    used: int
    cap: int

    @property
    def left(self) -> int:
        return max(self.cap - self.used, 0)


def sender_name() -> str:
    """Who the mails come from, as a person reads it."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return name or address


def about_delivery(delivery: Delivery, mail: Mail) -> Letter:
    """The letter to one address; what it says is read from rows, and the same for all of them."""
    context = context_of(delivery)
    return Letter(
        recipient=mail.recipient,
        message_id=mail.message_id,
        subject=context["subject"],
        text=render_to_string("mails/delivery.txt", context),
        html=render_to_string("mails/delivery.html", context),
        reply_to=delivery.client.reply_to,
    )


def context_of(delivery: Delivery) -> dict[str, Any]:
    """What both twins of the mail are filled with."""
    client = delivery.client
    values = {"client": client.name, "leads": _new_leads(delivery.rows), "date": _date(delivery)}
    counted = {**values, "leads": str(delivery.rows)}  # in the client's own words: the number
    return {
        "delivery": delivery,
        "subject": _said(client.mail_subject, counted) or wording.fill(SUBJECT, values),
        "intro": _said(client.mail_intro, counted) or wording.fill(INTRO, values),
        "shares": shares_of(report.split_of([delivery])),
        "quotas": quotas_of(
            RunClient.objects.filter(run=delivery.run, client=client).first(), rows=delivery.rows
        ),
        "access": access_to(delivery),
        "sender": sender_name(),
    }


def _said(own: str, values: Mapping[str, object]) -> str:
    return wording.fill(own, values) if own else ""


def _new_leads(count: int) -> str:
    return f"{count:,} new lead{'' if count == 1 else 's'}"


def _date(delivery: Delivery) -> str:
    on = delivery.run.local_date
    return f"{on.day} {on:%B %Y}"


def access_to(delivery: Delivery) -> str:
    """Who can open the file behind the link, and for how long."""
    client = delivery.client
    if not links.is_on_drive(delivery):
        return f"The link works for {_days(settings.LINK_DAYS)}, for whoever has it."
    if client.access == Access.ANYONE:
        return "The file is on Google Drive, where whoever has the link can open it."
    ends = f", for {_days(client.access_days)}" if client.access_days else ""
    return (
        "The file is on Google Drive, where only the addresses that this mail goes to can open"
        f" it{ends}."
    )


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def shares_of(split: Iterable[Split]) -> list[Share]:
    """Who wrote the drafts that go out, most first; what a client is told in the same words counts
    together.
    """
    found: dict[tuple[str, str], int] = {}
    for one in split:
        key = (one.source, BECAUSE.get(one.reason, ELSE) if one.source == "TEMPLATE" else "")
        found[key] = found.get(key, 0) + one.count
    return [
        Share(count=count, words=SOURCES[source], why=why)
        for (source, why), count in sorted(found.items(), key=lambda each: -each[1])
    ]


def quotas_of(promised: RunClient | None, *, rows: int) -> list[Quota]:
    """What is used of each cap, as the run froze it, with the rows of this delivery; no cap, no
    line. Who was withdrawn since has freed the slot.
    """
    if promised is None:
        return []
    capped = {row["window"]: row for row in promised.windows if row["cap"] is not None}
    return [
        Quota(
            words=IN_WORDS[window],
            used=capped[window]["used"] + rows,
            cap=capped[window]["cap"],
        )
        for window in WINDOWS
        if window in capped
    ]
