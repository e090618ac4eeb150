"""Who may not be sold: the one place where leads are compared with the suppressions (spec D5, C1).

Asked at dedupe, again when leads are allocated, and once more before a file is made: a
suppression is in force from the moment it is committed. An address, a phone or a domain that is
empty matches nothing: its key is NULL, or in no list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

EVERYBODY = "global"  # the scope of a suppression that holds for all clients

# Over a relation `person` (id, key, domain_keys, phone_key): who is listed, for which client
# (NULL: for everybody), by what, since when. A domain bars all below it, because domain_keys
# holds the domain's parents too.
LISTED = """
    SELECT person.id, listed.client_id, listed.kind, listed.created_at
      FROM person
      JOIN clients_suppression listed ON listed.kind = 'ADDRESS' AND listed.key = person.key
     UNION ALL
    SELECT person.id, listed.client_id, listed.kind, listed.created_at
      FROM person
     CROSS JOIN LATERAL unnest(person.domain_keys) AS domain (key)
      JOIN clients_suppression listed ON listed.kind = 'DOMAIN' AND listed.key = domain.key
     UNION ALL
    SELECT person.id, listed.client_id, listed.kind, listed.created_at
      FROM person
      JOIN clients_suppression listed ON listed.kind = 'PHONE' AND listed.key = person.phone_key
"""

_STOCK = """
WITH person AS (
    SELECT id, key, domain_keys, phone_key FROM pipeline_lead WHERE status = 'READY'
)
"""

# Materialised, or a plan made before anything was analysed looks again for each client.
_BARRED = f"""
{_STOCK}, found AS MATERIALIZED ({LISTED})
SELECT DISTINCT found.id, client.id
  FROM found
  JOIN clients_client client
    ON client.status = 'ACTIVE' AND (found.client_id IS NULL OR found.client_id = client.id)
"""  # noqa: S608  (made of our own words)

_SET_ASIDE = f"""
{_STOCK}
UPDATE pipeline_lead lead SET status = 'SUPPRESSED', reason = 'suppressed_global'
 WHERE lead.status = 'READY'
   AND lead.id IN (SELECT id FROM ({LISTED}) found WHERE client_id IS NULL)
"""  # noqa: S608

# One person, who may have several phones, and need not be a lead at all.
_OF_ONE = f"""
WITH person AS (
    SELECT n AS id, CASE WHEN n = 1 THEN %(key)s::uuid END AS key,
           CASE WHEN n = 1 THEN %(domains)s::uuid[] END AS domain_keys, phone_key
      FROM unnest(NULL::uuid || %(phones)s::uuid[]) WITH ORDINALITY AS phone (phone_key, n)
)
SELECT client.name, found.client_id, min(found.created_at)
  FROM ({LISTED}) found LEFT JOIN clients_client client ON client.id = found.client_id
 GROUP BY client.name, found.client_id
 ORDER BY found.client_id NULLS FIRST
"""  # noqa: S608

# The key is the delivered row's own, which stays when the lead is erased meanwhile.
_IN_DELIVERY = f"""
WITH person AS (
    SELECT given.id, given.lead_id, given.key, lead.domain_keys, lead.phone_key
      FROM deliveries_deliveredlead given
      LEFT JOIN pipeline_lead lead ON lead.id = given.lead_id
     WHERE given.delivery_id = %(delivery)s AND given.status IN ('ALLOCATED', 'DELIVERED')
)
SELECT person.id, person.lead_id, bool_or(found.client_id IS NULL)
  FROM ({LISTED}) found JOIN person ON person.id = found.id
 WHERE found.client_id IS NULL OR found.client_id = %(client)s
 GROUP BY person.id, person.lead_id
"""  # noqa: S608

_KEYS = """
SELECT DISTINCT asked.kind, asked.key
  FROM unnest(%(kinds)s::text[], %(keys)s::uuid[]) AS asked (kind, key)
  JOIN clients_suppression listed USING (kind, key)
 WHERE listed.client_id IS NULL OR listed.client_id = %(client)s
"""


@dataclass(frozen=True, kw_only=True)
class Since:
    """Somebody is suppressed for a client, None for everybody, since then."""

    client_id: int | None
    scope: str
    at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Barred:
    """A lead given to a client that may not have it; `everywhere`: nobody may."""

    delivered_lead_id: int
    lead_id: int | None
    everywhere: bool


def barred_pairs() -> list[tuple[int, int]]:
    """READY lead and active client that may not have it; a lead nobody may have, with all of them."""
    with connection.cursor() as cursor:
        cursor.execute(_BARRED)
        found: list[tuple[int, int]] = cursor.fetchall()
        return found


def set_aside() -> int:
    """READY leads that nobody may have become SUPPRESSED; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_SET_ASIDE)
        return int(cursor.rowcount)


def of_one(key: UUID, domain_keys: Sequence[UUID], phone_keys: Sequence[UUID]) -> list[Since]:
    """For whom a person is suppressed, by whatever of theirs is listed; for everybody first."""
    with connection.cursor() as cursor:
        cursor.execute(
            _OF_ONE, {"key": key, "domains": list(domain_keys), "phones": list(phone_keys)}
        )
        return [
            Since(client_id=client_id, scope=name or EVERYBODY, at=at)
            for name, client_id, at in cursor.fetchall()
        ]


def barred_keys(keys: Collection[tuple[str, UUID]], *, client_id: int) -> set[tuple[str, UUID]]:
    """Of these kinds and keys those that are listed for the client, or for everybody."""
    if not keys:
        return set()
    kinds, listed = zip(*keys, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_KEYS, {"kinds": [*kinds], "keys": [*listed], "client": client_id})
        return set(cursor.fetchall())


def barred_from(*, delivery_id: int, client_id: int) -> list[Barred]:
    """The active rows of a delivery that its client may not have, as of now."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_DELIVERY, {"delivery": delivery_id, "client": client_id})
        return [
            Barred(delivered_lead_id=row, lead_id=lead, everywhere=everywhere)
            for row, lead, everywhere in cursor.fetchall()
        ]
