"""The overview's figures: how full each client is, and what lies in stock for how long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from clients.models import Client
from deliveries.promises import Promise, promises_of
from pipeline.reasons import OF_A_CLIENT

SHOWN_CLIENTS = 12


@dataclass(frozen=True, kw_only=True)
class Fill:
    """One client's row: what it has had of what, and what it comes to."""

    client: Client
    promise: Promise

    @property
    def closed(self) -> str:
        return OF_A_CLIENT.get(self.promise.closed, "")

    @property
    def share(self) -> float:
        """How much of its quota it has; 1 where it has no quota to fill."""
        return self.promise.already / self.promise.quota if self.promise.quota else 1.0


def fills(now: dt.datetime) -> list[Fill]:
    """The active clients, the least filled first."""
    clients = list(Client.objects.active().select_related("plan"))
    promises = promises_of(clients, now)
    rows = [Fill(client=client, promise=promises[client.pk]) for client in clients]
    return sorted(rows, key=lambda row: (row.share, row.client.name))


AGES = (("0 to 7 days", 8), ("8 to 14", 15), ("15 to 30", 31))  # up to, not including
OLDER = "over 30"
AGE_TITLES = (*(title for title, _ in AGES), OLDER)

_STOCK = """
SELECT reason,
       count(*) FILTER (WHERE created_at > %(fresh)s),
       count(*) FILTER (WHERE created_at <= %(fresh)s AND created_at > %(middle)s),
       count(*) FILTER (WHERE created_at <= %(middle)s AND created_at > %(old)s),
       count(*) FILTER (WHERE created_at <= %(old)s)
  FROM pipeline_lead WHERE status = 'READY' GROUP BY reason ORDER BY count(*) DESC, reason
"""


@dataclass(frozen=True, kw_only=True)
class Stock:
    """Leads READY of one reason, by how many days ago they came in."""

    reason: str
    by_age: tuple[int, ...]

    @property
    def leads(self) -> int:
        return sum(self.by_age)

    @property
    def ages(self) -> Iterator[tuple[str, int]]:
        """How old → how many."""
        return zip(AGE_TITLES, self.by_age, strict=True)


def stock(now: dt.datetime) -> list[Stock]:
    """What no client has taken, the most frequent reason first; one pass over the stock."""
    names = ("fresh", "middle", "old")
    limits = {
        name: now - dt.timedelta(days=days) for name, (_, days) in zip(names, AGES, strict=True)
    }
    with connection.cursor() as cursor:
        cursor.execute(_STOCK, limits)
        return [Stock(reason=row[0], by_age=tuple(row[1:])) for row in cursor.fetchall()]
