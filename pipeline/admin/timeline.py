"""A lead's story in the order of time, read of the rows that exist (spec G2).

Nothing is stored for it but what people decide, which Django's own log keeps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Sum
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deliveries.models import DeliveredLead, DeliveredLeadStatus, Delivery, MailStatus
from pipeline.happenings import counted
from pipeline.models import AiCall, Draft, Lead
from pipeline.reasons import in_words, inside
from pipeline.shown import link_to, number
from pipeline.states import Stage

SHOWN = 20  # of each kind: one person may have come again a hundred times
LEFT_ALONE = ("DUPLICATE", "SUPPRESSED")  # what dedupe decided, and never changes
TAKEN_BACK = {DeliveredLeadStatus.RETURNED: "by", DeliveredLeadStatus.WITHDRAWN: "from"}


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened; `at` None: it holds now."""

    at: dt.datetime | None
    title: str
    words: SafeString


def story(lead: Lead, given: Iterable[DeliveredLead]) -> list[Event]:
    """All that is known of the lead, oldest first; what holds now comes last."""
    events = [
        *_came_in(lead),
        *_deduped(lead),
        *_learned(lead),
        *_came_again(lead),
        *_drafted(lead),
        *(event for row in given for event in _given(row)),
        *_decided(lead),
    ]
    dated = [event for event in events if event.at is not None]
    dated.sort(key=lambda event: event.at or dt.datetime.max.replace(tzinfo=dt.UTC))
    return [*dated, *(event for event in events if event.at is None)]


def _came_in(lead: Lead) -> Iterator[Event]:
    yield Event(
        at=lead.file.created_at,
        title="Came in",
        words=format_html(
            "on line {} (record {}) of {}, uploaded by {}.",
            number(lead.line), number(lead.record), link_to(lead.file, lead.file.name),
            lead.file.uploaded_by,
        ),
    )  # fmt: skip
    words = format_html("by {}.", link_to(lead.run, f"run {lead.run_id}"))
    yield Event(at=lead.created_at, title="Imported", words=words)


def _deduped(lead: Lead) -> Iterator[Event]:
    """What dedupe made of it; a reason that may change with the next run stands as of now."""
    ended = lead.run.stage_runs.filter(stage=Stage.DEDUPE).values_list("ended_at", flat=True)
    decided = lead.status in LEFT_ALONE
    if not decided and (at := ended.first()):
        yield Event(
            at=at, title="New", words=format_html("{}", "to us, and suppressed for nobody.")
        )
    if lead.reason:
        twin = format_html("; the one we keep is {}", _lead(lead.twin)) if lead.twin else ""
        yield Event(
            at=ended.first() if decided else None,
            title=lead.get_status_display(),
            words=format_html(
                '{} <code class="desk-code">{}</code>{}', in_words(lead.reason), lead.reason, twin
            ),
        )


def _lead(lead: Lead) -> SafeString:
    return format_html("{} (lead {})", link_to(lead, lead.email or "erased"), lead.pk)


def _learned(lead: Lead) -> Iterator[Event]:
    for change in lead.changes.select_related("file").order_by("pk")[:SHOWN]:
        fields = ", ".join(sorted(change.after)).replace("_", " ")
        yield Event(
            at=change.created_at,
            title="Learned",
            words=format_html("{} from {}.", fields, link_to(change.file, change.file.name)),
        )


def _came_again(lead: Lead) -> Iterator[Event]:
    for twin in lead.duplicates.select_related("file").order_by("pk")[:SHOWN]:
        yield Event(
            at=twin.created_at,
            title="Came again",
            words=format_html(
                "on line {} of {}: {}, kept as a duplicate.",
                number(twin.line), link_to(twin.file, twin.file.name), link_to(twin, f"lead {twin.pk}"),
            ),
        )  # fmt: skip
    for other in lead.lookalikes.order_by("pk")[:SHOWN]:
        words = format_html(
            "{}: {}; to be decided there.", _lead(other), inside(other.get_lookalike_by_display())
        )
        yield Event(at=other.created_at, title="Alike", words=words)


def _drafted(lead: Lead) -> Iterator[Event]:
    costs = dict(
        AiCall.objects.filter(lead=lead)
        .order_by()
        .values_list("client")
        .annotate(micros=Sum("micros"))
    )
    for draft in lead.drafts.select_related("client", "run").order_by("pk"):
        yield Event(at=draft.created_at, title="Drafted", words=_draft(draft, costs))


def _draft(draft: Draft, costs: dict[int, int]) -> SafeString:
    by = {"AI": "by AI", "TEMPLATE": "by the template", "HUMAN": "by a person"}[draft.source]
    why = f": {inside(in_words(draft.reason))}" if draft.reason else ""
    micros = costs.get(draft.client_id, 0)
    cost = f", for ${micros / 1_000_000:.4f}" if micros else ""
    run = link_to(draft.run, f"run {draft.run_id}")
    return format_html("for {} {}{}{}, in {}.", link_to(draft.client), by, why, cost, run)


def _given(row: DeliveredLead) -> Iterator[Event]:
    to = format_html("to {} in {}", link_to(row.client), link_to(row.run, f"run {row.run_id}"))
    yield Event(at=row.delivery.created_at, title="Allocated", words=format_html("{}.", to))
    delivery = link_to(row.delivery, f"delivery {row.delivery_id}")
    if row.delivered_at:
        words = format_html("{}, in the file of {}.", to, delivery)
        # The row names the whole second at which the file was begun.
        at = row.delivery.uploaded_at or row.delivered_at
        yield Event(at=at, title="Delivered", words=words)
        yield from _told(row.delivery)
    status = DeliveredLeadStatus(row.status)
    if status in TAKEN_BACK:
        why = f": {inside(in_words(row.reason))}" if row.reason else ""
        words = format_html("{} {}{}.", TAKEN_BACK[status], link_to(row.client), why)
        yield Event(at=None, title=status.label, words=words)


def _told(delivery: Delivery) -> Iterator[Event]:
    if delivery.notified_at:
        statuses = list(delivery.mails.filter(superseded_by=None).values_list("status", flat=True))
        went = statuses.count(MailStatus.SENT)
        words = format_html("{} of {} went out.", went, counted(len(statuses), "mail"))
        yield Event(at=delivery.notified_at, title="Client told", words=words)
    if delivery.logged_at:
        where = "in Notion, too." if delivery.notion_page_id else "in our own log."
        yield Event(at=delivery.logged_at, title="Logged", words=format_html("{}", where))


def _decided(lead: Lead) -> Iterator[Event]:
    """What people pressed on the lead's page."""
    kind = ContentType.objects.get_for_model(Lead)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(lead.pk))
    for entry in entries.select_related("user").order_by("pk")[:SHOWN]:
        words = format_html("{}: {}", entry.user.get_username(), entry.get_change_message())
        yield Event(at=entry.action_time, title="Decided", words=words)
