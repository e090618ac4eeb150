"""The rows of a delivery's file, streamed out of PostgreSQL.

No lead becomes an object, and memory holds a hundred rows of however many there are. Only leads
that have no draft are looked at one by one: the template writes it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Generator, Mapping, Sequence
from typing import IO

from django.db import connection, transaction

from clients.file_terms import FileKind
from deliveries import csv_export, xlsx_export
from deliveries.csv_export import Block
from deliveries.models import ACTIVE, Delivery
from pipeline import alternates, drafting, drafts
from pipeline.drafts import Words
from pipeline.fields import polish
from pipeline.fields.second_keys import is_one_number
from pipeline.models import Draft, Lead, Review
from pipeline.models.leads import COLUMNS

SUFFIXES = {FileKind.EXCEL: ".csv", FileKind.PLAIN: ".csv", FileKind.XLSX: ".xlsx"}
SPAM_SCORE = "spam_score"  # a column that a client may ask for; advice, 0 to 10
_DRAFTED = frozenset(("subject", "body", "icebreaker", SPAM_SCORE))
_NAMES = ("first_name", "last_name", "full_name")  # whichever of them the file has
# Rows that lie in memory: so few that a processor's cache holds them, each at some 1,000 bytes.
_FETCHED = 100
# A worker's threads share one interpreter: two that render at once take longer than one after the
# other, and hold more in memory. Uploads go on meanwhile; more processes render more at once.
_ALONE = threading.Lock()

# First the delivery's own rows, by their index: in the order of leads the planner would rather
# walk through everybody's. A night writes a client's drafts under one run: they are found by that
# together, as one by one they lie among everybody's. Those of an earlier run are looked up.
_ROWS = """
WITH given AS MATERIALIZED (
    SELECT lead_id FROM deliveries_deliveredlead
     WHERE delivery_id = %s AND status = ANY(%s) AND lead_id IS NOT NULL
     ORDER BY lead_id
)
SELECT {cells}, CASE WHEN draft.id IS NULL THEN lead.id END
  FROM given
  JOIN ONLY pipeline_lead lead ON lead.id = given.lead_id
  LEFT JOIN pipeline_draft draft
         ON draft.client_id = %s AND draft.run_id = %s AND draft.lead_id = given.lead_id
        AND draft.review <> 'PENDING'
 ORDER BY given.lead_id
"""


class TooManyRows(Exception):
    """More leads than an Excel sheet has rows; the message says what to do."""

    def __init__(self) -> None:
        super().__init__(
            f"An Excel sheet holds {xlsx_export.MOST_ROWS:,} leads at most: give the client a CSV."
        )


def render(delivery: Delivery, delivered_at: dt.datetime, stream: IO[bytes]) -> int:
    """Write the delivery's file as its client wants it; returns how many leads are in it.

    Raises TooManyRows.
    """
    client = delivery.client
    if client.file_kind == FileKind.XLSX and delivery.rows > xlsx_export.MOST_ROWS:
        raise TooManyRows
    columns = csv_export.columns_of(client.columns, client.extra_columns)
    headers = [column.header for column in columns]
    blocks = blocks_of(delivery, delivered_at, [column.field for column in columns])
    # Whoever writes may fail: then its transaction must end here, and not when Python gets to it.
    with _ALONE, contextlib.closing(blocks):
        if client.file_kind == FileKind.XLSX:
            return xlsx_export.write(blocks, stream, headers)
        return csv_export.write(blocks, stream, headers, excel=client.file_kind == FileKind.EXCEL)


def blocks_of(
    delivery: Delivery, delivered_at: dt.datetime, fields: Sequence[str]
) -> Generator[Block]:
    """The rows of the file, in the order in which the leads came in, a hundred at a time."""
    moment = delivered_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = [*dict.fromkeys([*fields, *_NAMES])]
    cells, values = _selected(known)
    signed, client_id = drafting.signing(delivery.client), delivery.client_id
    query = _ROWS.format(cells=", ".join(cells))
    with transaction.atomic(), connection.cursor() as plain, connection.chunked_cursor() as cursor:
        plain.execute("SET LOCAL cursor_tuple_fraction = 1")  # all of its rows are wanted
        of_night = [client_id, delivery.run_id]
        cursor.execute(query, [delivery.pk, list(ACTIVE), *values, *of_night])
        while rows := cursor.fetchmany(_FETCHED):
            *columns, missing = zip(*rows, strict=True)
            found: dict[str, Sequence[str]] = dict(zip(known, columns, strict=True))
            found["delivered_at"] = [moment] * len(rows)
            _fill(found, missing, _look_up(delivery, [pk for pk in missing if pk]))
            polished(found)
            found |= _without_barred(found, values, client_id)
            if "body" in found:
                found["body"] = list(map(signed, found["body"]))
            yield [found[field] for field in fields]


def _without_barred(
    found: dict[str, Sequence[str]], names: Sequence[str], client_id: int
) -> dict[str, Sequence[str]]:
    """These columns, and the phones that may hold more than the first number, by which a lead is
    judged, without what the client may not have.
    """
    phones = list(found.get("phone", ()))
    several = [n for n, phone in enumerate(phones) if not is_one_number(phone)]
    if not names and not several:
        return {}
    looked_at = {name: found[name] for name in names} | {"phone": [phones[n] for n in several]}
    left = alternates.allowed(looked_at, client_id)
    for n, phone in zip(several, left.pop("phone"), strict=True):
        phones[n] = phone
    return left | ({"phone": phones} if several else {})


def _selected(fields: Sequence[str]) -> tuple[list[str], list[str]]:
    """An SQL expression for each field, and the names of a file's own columns among them."""
    own = {"lead_id": "lead.id::text", "delivered_at": "NULL"}
    own |= {name: f'lead."{name}"' for name in COLUMNS}
    own |= {name: f'draft."{name}"::text' for name in _DRAFTED}
    cells = [own.get(field, "coalesce(lead.extras ->> %s, '')") for field in fields]
    return cells, [field for field in fields if field not in own]


def polished(found: dict[str, Sequence[str]]) -> None:
    """Names as people write them (spec V3)."""
    first, last, full = (found[name] for name in _NAMES)
    found["first_name"], found["last_name"] = polish.person_names(first, last, full)
    if "company" in found:
        found["company"] = list(map(polish.company, found["company"]))


def _fill(
    found: dict[str, Sequence[str]],
    missing: Sequence[int | None],
    written: Mapping[int, Words | Draft],
) -> None:
    """Put these words where this night's run wrote none."""
    if not written:
        return
    for name in _DRAFTED & found.keys():
        found[name] = [
            cell if pk is None else str(getattr(written[pk], name))
            for pk, cell in zip(missing, found[name], strict=True)
        ]


def _look_up(delivery: Delivery, lead_ids: Sequence[int]) -> dict[int, Words | Draft]:
    """What an earlier run wrote of these leads for the client; the template of all others."""
    if not lead_ids:
        return {}
    earlier = Draft.objects.filter(client=delivery.client_id, lead__in=lead_ids)
    kept = {draft.lead_id: draft for draft in earlier.exclude(review=Review.PENDING)}
    return kept | write_missing(delivery, [pk for pk in lead_ids if pk not in kept])


def write_missing(delivery: Delivery, lead_ids: Sequence[int]) -> dict[int, Words]:
    """A lead that the forecast did not expect here gets the template, and says so.

    It keeps an icebreaker that was written for it in the same language: that is paid for. What a
    person was to look at, and did not, never goes out.
    """
    if not lead_ids:
        return {}
    client = delivery.client
    leads = list(Lead.objects.filter(pk__in=lead_ids))
    known = drafting.icebreakers(leads, client.language)
    requests = [drafting.request_for(lead, client) for lead in leads]
    written = [
        (
            each,
            drafts.from_template(
                each, reason=drafts.NO_DRAFT, icebreaker=known.get(each.lead_id, "")
            ),
        )
        for each in requests
    ]
    drafting.store(delivery.run, written)
    return {request.lead_id: words for request, words in written}
