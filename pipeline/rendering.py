"""The rows of a delivery's file, streamed out of PostgreSQL.

No lead becomes an object, and memory holds some thousand rows of however many there are. Only
for leads without a draft, a thousand at a time, the template is asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import IO

from django.db import connection, transaction

from clients.file_terms import FileKind
from deliveries import csv_export, xlsx_export
from deliveries.csv_export import Column
from deliveries.models import ACTIVE, Delivery
from pipeline import drafting, drafts
from pipeline.fields import polish
from pipeline.models import Lead
from pipeline.models.leads import COLUMNS

SUFFIXES = {FileKind.EXCEL: ".csv", FileKind.PLAIN: ".csv", FileKind.XLSX: ".xlsx"}
_DRAFTED = frozenset(("subject", "body", "icebreaker"))
_AT_ONCE = 1_000  # drafts that are made and stored together
_FETCHED = 1_000  # rows that lie in memory

_ROWS = """
SELECT {cells}, lead.first_name, lead.last_name, lead.full_name
  FROM deliveries_deliveredlead given
  JOIN pipeline_lead lead ON lead.id = given.lead_id
  JOIN pipeline_draft draft ON draft.lead_id = lead.id AND draft.client_id = given.client_id
 WHERE given.delivery_id = %s AND given.status = ANY(%s)
 ORDER BY lead.id
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
    write_missing(delivery)
    columns = csv_export.columns_of(client.columns, client.extra_columns)
    headers = [column.header for column in columns]
    rows = rows_of(delivery, delivered_at, columns)
    if client.file_kind == FileKind.XLSX:
        return xlsx_export.write(rows, stream, headers)
    return csv_export.write(rows, stream, headers, excel=client.file_kind == FileKind.EXCEL)


def rows_of(
    delivery: Delivery, delivered_at: dt.datetime, columns: Sequence[Column]
) -> Iterator[list[str]]:
    """The cells of each lead, in the order in which the leads came in."""
    fields = [column.field for column in columns]
    cells, values = _selected(fields, delivered_at)
    query = _ROWS.format(cells=", ".join(cells))
    polished = _Polish(fields)
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.itersize = _FETCHED  # type: ignore[attr-defined]  # psycopg's own, behind the wrapper
        cursor.execute(query, [*values, delivery.pk, list(ACTIVE)])
        for row in cursor:
            yield polished.row(row)


def _selected(fields: Sequence[str], delivered_at: dt.datetime) -> tuple[list[str], list[str]]:
    """An SQL expression for each field, and the values that they name."""
    moment = delivered_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    cells, values = [], []
    for field in fields:
        if field in COLUMNS:
            cells.append(f'lead."{field}"')
        elif field in _DRAFTED:
            cells.append(f'draft."{field}"')
        elif field == "lead_id":
            cells.append("lead.id::text")
        else:
            is_moment = field == "delivered_at"
            cells.append("%s" if is_moment else "coalesce(lead.extras ->> %s, '')")
            values.append(moment if is_moment else field)
    return cells, values


class _Polish:
    """Names as people write them, put where a row has its columns for them (spec V3)."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._width = len(fields)
        self._at = {
            name: fields.index(name) if name in fields else None
            for name in ("first_name", "last_name", "company")
        }

    def row(self, found: tuple[str, ...]) -> list[str]:
        cells = list(found[: self._width])
        first, last, company = self._at.values()
        if first is not None or last is not None:
            names = polish.person_name(*found[self._width :])
            if first is not None:
                cells[first] = names[0]
            if last is not None:
                cells[last] = names[1]
        if company is not None:
            cells[company] = polish.company(cells[company])
        return cells


def write_missing(delivery: Delivery) -> None:
    """A lead that the forecast did not expect here gets the template, and says so."""
    given = delivery.delivered_leads.active()
    drafted = delivery.client.drafts.values("lead")
    undrafted = Lead.objects.filter(pk__in=given.values("lead")).exclude(pk__in=drafted)
    while leads := list(undrafted.order_by("pk")[:_AT_ONCE]):
        requests = [drafting.request_for(lead, delivery.client) for lead in leads]
        drafting.store(
            delivery.run,
            [(each, drafts.from_template(each, reason=drafts.NO_DRAFT)) for each in requests],
        )
