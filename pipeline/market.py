"""What the allocator is given, read from rows: the leads in stock and the seats that take them."""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.db.models.functions import Coalesce
from psycopg import sql

from clients.models import Client, ClientStatus
from deliveries.promises import Promise, promises_of
from pipeline import reviewing, suppressing
from pipeline.allocation.domains import Had
from pipeline.allocation.pools import usual_quotas
from pipeline.allocator import Allocation, place
from pipeline.arrow import TEXT, pa
from pipeline.demand import refusals
from pipeline.models.leads import COLUMNS
from pipeline.seats import Seat
from pipeline.stock import Ints, Links, Stock, Texts

_arrow_csv: Any = import_module("pyarrow.csv")
_COMPANY = "company_domain"
RESERVE = 0.1  # of what a client is expected to get, rounded up (design, 5)

# Somebody who was given to a client once, whatever became of it, is never given to it again;
# unless it was released, as the client was paused before it could get it.
_HAD = """
SELECT lead.id, given.client_id FROM pipeline_lead lead
  JOIN deliveries_deliveredlead given ON given.key = lead.key
 WHERE lead.status = 'READY' AND NOT (given.status = 'WITHDRAWN' AND given.reason = 'released')
"""
_DRAFTED = """
SELECT lead.id, draft.client_id FROM pipeline_lead lead
  JOIN pipeline_draft draft ON draft.lead_id = lead.id
 WHERE lead.status = 'READY' AND draft.review <> 'PENDING'
"""
_OF_COMPANIES = """
SELECT given.client_id, lead.company_domain, count(*)
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS limited (client_id, since)
  JOIN deliveries_deliveredlead given USING (client_id)
  JOIN pipeline_lead lead ON lead.id = given.lead_id
 WHERE given.status IN ('ALLOCATED', 'DELIVERED') AND given.allocated_at >= limited.since
   AND lead.company_domain <> ''
 GROUP BY given.client_id, lead.company_domain
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Market:
    """Who may be given leads as of a moment, and what each is promised.

    `oldest`: no client takes a lead that came in before this, nor will once it goes on (spec A8).
    """

    as_of: dt.datetime
    clients: Sequence[Client]
    promises: Mapping[int, Promise]
    oldest: dt.datetime

    def seats(self) -> list[Seat]:
        """One per client, with what it is promised; a closed one has nothing left, and says why."""
        usual = usual_quotas(
            (client.priority, self.promises[client.pk].quota) for client in self.clients
        )
        return [
            _seat(client, self.promises[client.pk], self.as_of, usual=usual[client.priority])
            for client in self.clients
        ]

    def allocate(self) -> Allocation:
        """Who gets which lead; writes nothing. The forecast and the real thing alike."""
        found, had = self._offered()
        return place(found, self.seats(), had=had)

    def forecast(self) -> tuple[Allocation, Allocation]:
        """`allocate`, and for each client RESERVE as many more whom nobody is expected to get."""
        found, had = self._offered()
        expected = place(found, self.seats(), had=had)
        free = found.only(~np.isin(found.lead_id, expected.lead_id))
        seats = [_reserve_seat(seat, expected.per_client) for seat in self.seats()]
        return expected, place(free, seats, had=had)

    def _offered(self) -> tuple[Stock, Had]:
        seats = self.seats()
        limited = [seat for seat in seats if seat.max_per_domain is not None]
        fields = {rule.field for seat in seats for rule in seat.rules}
        found, companies = stock(fields, self.oldest, companies=bool(limited))
        return found, self._had(limited, companies)

    def _had(self, limited: Sequence[Seat], companies: Sequence[str]) -> Had:
        """How many leads of a company each limited client got this month, in its own days."""
        if not limited:
            return Had()
        since = [self.promises[seat.client_id].window("month").starts_at for seat in limited]
        number = {company: n for n, company in enumerate(companies)}
        with connection.cursor() as cursor:
            cursor.execute(_OF_COMPANIES, [[seat.client_id for seat in limited], since])
            rows = [
                (client, number[domain], n)
                for client, domain, n in cursor.fetchall()
                if domain in number
            ]
        client_id, domain, leads = _transposed(rows, 3)
        return Had(client_id=client_id, domain=domain, leads=leads)


def market(as_of: dt.datetime) -> Market:
    """The market as of that moment, from the rows of now."""
    clients = active_clients()
    return Market(
        as_of=as_of,
        clients=clients,
        promises=promises_of(clients, as_of),
        oldest=as_of - dt.timedelta(days=_greatest_age()),
    )


def _greatest_age() -> int:
    """In days, of a lead that some client takes; one that is paused will take leads again."""
    usual = settings.MAX_LEAD_AGE_DAYS
    to_serve = Client.objects.exclude(status=ClientStatus.ENDED)
    age = Coalesce("max_lead_age_days", usual)
    found: int = to_serve.aggregate(most=Coalesce(Max(age), usual))["most"]
    return found


def refusals_of(client: Client, as_of: dt.datetime) -> dict[str, int]:
    """First rule that keeps leads in stock from one client → how many; '' for those it may get.

    Cheap beside an allocation: classes are asked, not leads, and nothing is solved.
    """
    seat = _seat(client, promises_of([client], as_of)[client.pk], as_of)
    found, _ = stock({rule.field for rule in seat.rules}, dt.datetime.min.replace(tzinfo=dt.UTC))
    return refusals(found, seat)


def active_clients() -> list[Client]:
    """Clients that may be given leads, with plan and rules, in id order."""
    return list(
        Client.objects.active()
        .select_related("plan")
        .prefetch_related("target_rules")
        .order_by("pk")
    )


def lead_age(client: Client) -> int:
    """How old a lead may be for this client, in days."""
    return client.max_lead_age_days or settings.MAX_LEAD_AGE_DAYS


def _reserve_seat(seat: Seat, expected: Mapping[int, int]) -> Seat:
    """The same client, asking for what it would need should some of its leads fall out."""
    more = math.ceil(expected.get(seat.client_id, 0) * RESERVE)
    return replace(seat, left=more, quota=more, already=0, weight=None)


def _seat(client: Client, promise: Promise, as_of: dt.datetime, *, usual: int = 1) -> Seat:
    return Seat(
        client_id=client.pk,
        priority=client.priority,
        left=promise.left,
        quota=promise.quota,
        already=promise.already,
        last_given=int(promise.last_at.timestamp()) if promise.last_at else 0,
        weight=client.weight * usual if promise.quota is None else None,
        max_per_domain=client.domain_limit,
        rules=client.rules(),
        oldest=int((as_of - dt.timedelta(days=lead_age(client))).timestamp()),
        exclusive_only=client.plan.exclusive_only,
        tightest=promise.tightest or "total",
        full=promise.full,
    )


def stock(
    fields: Iterable[str], oldest: dt.datetime, *, companies: bool = False
) -> tuple[Stock, Sequence[str]]:
    """The READY leads that came in since, with the fields that rules ask for; and the companies.

    By COPY into Arrow: a row never becomes an object.
    """
    names = sorted({*fields, *([_COMPANY] if companies else [])})
    table = _copied(names, oldest)
    texts = {name: _texts(table[f"field_{n}"]) for n, name in enumerate(names)}
    company = texts[_COMPANY] if companies else Texts(values=[], code=np.zeros(0, np.int64))
    ids = _numbers(table["id"])
    found = Stock(
        lead_id=ids,
        max_clients=_numbers(table["max_clients"]),
        came_in=_numbers(table["came_in"]),
        texts=texts,
        company=np.where(np.array(company.values)[company.code] == "", -1, company.code)
        if len(company.code)
        else company.code,
        had=_links(_pairs(_HAD), ids),
        barred=_links(suppressing.barred_pairs(), ids),
        drafted=_links(_pairs(_DRAFTED), ids),
    )
    return found, company.values


def _copied(names: Sequence[str], oldest: dt.datetime) -> Any:
    columns = [
        sql.SQL("id, max_clients, floor(extract(epoch FROM created_at))::bigint AS came_in"),
        *(sql.SQL("{} AS {}").format(_text_of(name), _field(n)) for n, name in enumerate(names)),
    ]
    query = sql.SQL(
        "COPY (SELECT {} FROM pipeline_lead WHERE status = 'READY' AND created_at >= {}"
        " AND NOT {} ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"
    ).format(sql.SQL(", ").join(columns), sql.Literal(oldest), reviewing.IS_HELD)
    types = {f"field_{n}": pa.dictionary(pa.int32(), TEXT) for n in range(len(names))}
    numbers = dict.fromkeys(("id", "max_clients", "came_in"), pa.int64())
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        return _arrow_csv.read_csv(
            _Blocks(iter(copy)),
            read_options=_arrow_csv.ReadOptions(use_threads=False),
            parse_options=_arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=_arrow_csv.ConvertOptions(
                column_types={**numbers, **types}, strings_can_be_null=False
            ),
        )


def _field(number: int) -> sql.Identifier:
    return sql.Identifier(f"field_{number}")


def _text_of(name: str) -> sql.Composable:
    """The SQL of a lead's field or unmapped column, as Lead.value reads it."""
    if name in COLUMNS:
        return sql.Identifier(name)
    return sql.SQL("coalesce(extras ->> {}, '')").format(sql.Literal(name))


class _Blocks(io.RawIOBase):
    """What COPY sends, as a file that Arrow reads."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._rows = rows  # psycopg hands out a row at a time
        self._rest = bytearray()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        for row in self._rows:
            self._rest += row
            if 0 <= size <= len(self._rest):
                break
        found = bytes(self._rest[:size] if size >= 0 else self._rest)
        del self._rest[: len(found)]
        return found


def _texts(column: Any) -> Texts:
    whole = column.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    return Texts(values=whole.dictionary.to_pylist(), code=_numbers(whole.indices))


def _numbers(column: Any) -> Ints:
    return np.asarray(column.to_numpy(), np.int64)


def _pairs(query: str) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _links(pairs: Sequence[tuple[int, int]], ids: Ints) -> Links:
    """Pairs of lead id and client as positions in the stock; those of no lead in it fall away."""
    lead_id, client_id = _transposed(pairs, 2)
    position = np.searchsorted(ids, lead_id).clip(max=max(len(ids) - 1, 0))
    known = ids[position] == lead_id if len(ids) else np.zeros(len(lead_id), np.bool_)
    return Links(position=position[known], client_id=client_id[known])


def _transposed(rows: Sequence[tuple[int, ...]], width: int) -> Ints:
    return np.array(rows, np.int64).reshape(-1, width).T
