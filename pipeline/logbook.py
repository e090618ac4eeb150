"""Entering deliveries in Notion, each once: a mirror of our own log, and never a condition.

The row's key is committed before the row is made. Where a create may have taken place (the key
is there, the page's id is not) the key is looked for before another create.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.db.models import QuerySet

from deliveries import outbox
from deliveries.models import Delivery, DeliveryStatus, MailStatus
from leadgen.integrations import notion
from leadgen.integrations.errors import TransientError
from pipeline import report, services
from pipeline.shown import admin_url

SETTLES_AFTER = 10  # seconds; a look right after a lost create may not see the row yet
PER_SECOND = 2  # of all workers; Notion gives three on average


def enter(
    delivery: Delivery, *, hold: Callable[[], None] = lambda: None, again: bool = False
) -> None:
    """Make the delivery's row, unless it has one; `again`: write the values of one it has anew.

    `hold` is called right before a create and may raise. Raises the service's errors.
    """
    delivery.refresh_from_db(fields=["notion_key", "notion_page_id"])  # another may have begun
    if not notion.is_configured() or (delivery.notion_page_id and not again):
        return
    book = notion.notion(pace=partial(services.pace, notion.SERVICE, per_second=PER_SECOND))
    try:
        with services.guarded(notion.SERVICE):
            page_id = _entered(book, delivery, hold)
    except notion.Ambiguous as lost:  # this row's matter: others need not wait
        raise TransientError(str(lost), service=notion.SERVICE, retry_after=SETTLES_AFTER) from None
    Delivery.objects.filter(pk=delivery.pk).update(notion_page_id=page_id)


def _entered(book: notion.Notion, delivery: Delivery, hold: Callable[[], None]) -> str:
    entry = entry_of(delivery)
    if delivery.notion_page_id:
        book.update(delivery.notion_page_id, entry)
        return delivery.notion_page_id
    book.source()
    if delivery.notion_key and (found := book.find(entry.key)):
        return found
    Delivery.objects.filter(pk=delivery.pk).update(notion_key=entry.key)
    hold()
    return book.create(entry)


def entry_of(delivery: Delivery) -> notion.Entry:
    """The row, in plain values: of the client and of counts, never of a lead."""
    drafts = report.by_source(report.split_of([delivery]))
    return notion.Entry(
        key=delivery.notion_key or f"run-{delivery.run_id}-delivery-{delivery.pk}",
        title=f"{delivery.client.name}, {delivery.run.local_date}",
        values={
            "Client": delivery.client.name,
            "Date": delivery.run.local_date.isoformat(),
            "Leads": delivery.rows,
            "AI": drafts["ai"],
            "Template": drafts["template"],
            "Human": drafts["human"],
            "Link": _link(delivery),
            "Mails": _mails(delivery),
            "Delivered at": delivery.uploaded_at.isoformat() if delivery.uploaded_at else None,
            "Run": delivery.run_id,
        },
    )


def _link(delivery: Delivery) -> str:
    """Our own signed links open the file for whoever has them: there the desk's page is named."""
    own = not delivery.link or delivery.link.startswith(settings.PUBLIC_URL)
    return settings.PUBLIC_URL + admin_url(delivery) if own else delivery.link


def _mails(delivery: Delivery) -> str:
    statuses = list(outbox.standing(delivery).values_list("status", flat=True))
    went = sum(status == MailStatus.SENT for status in statuses)
    unknown = sum(status == MailStatus.UNKNOWN for status in statuses)
    return f"{went} of {len(statuses)} sent" + (f", {unknown} unknown" if unknown else "")


def not_entered() -> QuerySet[Delivery]:
    """Deliveries that reached their end and have no row in Notion."""
    ended = Delivery.objects.filter(status=DeliveryStatus.LOGGED, notion_page_id="")
    return ended.select_related("client", "run").order_by("pk")


def entered() -> QuerySet[Delivery]:
    """Deliveries that have their row."""
    return (
        Delivery.objects.exclude(notion_page_id="").select_related("client", "run").order_by("pk")
    )
