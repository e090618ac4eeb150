"""A person's whole story, and why each client did or did not get them (spec A9).

Nothing of it is stored per lead and client: it is worked out when somebody asks, of what the run
kept of each client and of what the lead says now.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from clients.models import Client
from deliveries.models import DeliveredLead, DeliveredLeadStatus
from pipeline import refusals, reviewing, suppressing
from pipeline.addresses import domain_keys_of, match_key, normalise, spellings
from pipeline.models import Draft, Lead, LeadStatus, Rejection, Run, RunClient
from pipeline.models.leads import COLUMNS, LIVE
from pipeline.reasons import in_words, inside
from pipeline.refusals import Person, Verdict
from pipeline.states import Stage, StageStatus
from pipeline.suppressing import Since

_HOLDING = """
SELECT DISTINCT rejection.id
  FROM pipeline_rejection rejection
  JOIN pipeline_leadfile file ON file.id = rejection.file_id
 CROSS JOIN LATERAL jsonb_array_elements_text(file.fields) WITH ORDINALITY AS col (field, n)
 WHERE col.field IN ('email', 'email_alt')
   AND rejection.raw ->> (file.headers ->> (col.n - 1)::int) ~* %s
 ORDER BY rejection.id
"""
_OF_COMPANY = """
SELECT given.client_id, count(*)
  FROM unnest(%(clients)s::bigint[], %(since)s::timestamptz[]) AS limited (client_id, since)
  JOIN deliveries_deliveredlead given USING (client_id)
  JOIN pipeline_lead lead ON lead.id = given.lead_id
 WHERE given.status IN ('ALLOCATED', 'DELIVERED') AND lead.company_domain = %(company)s
   AND given.allocated_at >= limited.since AND given.allocated_at <= %(as_of)s
   AND given.run_id <= %(run)s
 GROUP BY given.client_id
"""


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What each client of a run says of a lead; `note`: what should be known beside it."""

    run: Run | None
    clients: Sequence[Verdict] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Story:
    """All that is known of an address."""

    email: str
    leads: Sequence[Lead] = ()
    rejections: Sequence[Rejection] = ()
    drafts: Sequence[Draft] = ()
    deliveries: Sequence[DeliveredLead] = ()
    suppressed: Sequence[Since] = ()
    verdicts: Verdicts = field(default_factory=lambda: Verdicts(run=None))

    @property
    def found(self) -> bool:
        """Whether anything is known of it at all."""
        known = (self.leads, self.rejections, self.drafts, self.deliveries, self.suppressed)
        return any(known)

    def as_json(self) -> dict[str, Any]:
        """The object of `manage.py explain --json` (contract.md)."""
        run = self.verdicts.run
        return {
            "email": self.email,
            "found": self.found,
            "leads": [_lead(lead) for lead in self.leads],
            "rejections": [
                {"file": row.file.name, "row": row.record, "code": row.code}
                for row in self.rejections
            ],
            "drafts": [
                {
                    "client": row.client.name,
                    "source": row.source,
                    "reason": row.reason,
                    "at": utc(row.created_at),
                }
                for row in self.drafts
            ],
            "deliveries": [_delivery(row) for row in self.deliveries],
            "suppressed": [{"scope": row.scope, "at": utc(row.at)} for row in self.suppressed],
            "run": run and run.pk,
            "clients": [each.as_json() for each in self.verdicts.clients],
            "note": self.verdicts.note,
        }


def _lead(lead: Lead) -> dict[str, Any]:
    return {
        "id": lead.pk,
        "status": lead.status,
        "reason": lead.reason,
        "file": lead.file.name,
        "row": lead.record,
        "imported_at": utc(lead.created_at),
        "twin_of": lead.twin_id,
    }


def _delivery(row: DeliveredLead) -> dict[str, Any]:
    return {
        "client": row.client.name,
        "run": row.run_id,
        "status": row.status,
        "at": utc(row.delivered_at or row.allocated_at),
    }


def utc(at: dt.datetime) -> str:
    """ISO 8601, in UTC."""
    return at.astimezone(zoneinfo.ZoneInfo("UTC")).isoformat().replace("+00:00", "Z")


def story(email: str, *, run: Run | None) -> Story:
    """What is known of an address, and what the clients of a run said; by default the latest."""
    normal = normalise(email)
    secret = settings.SUPPRESSION_KEY.encode()
    key = match_key(normal, secret)
    leads = list(Lead.objects.filter(key=key).select_related("file", "run").order_by("pk"))
    # By client and key there is an index; by the key alone all that was ever given would be read.
    rows = DeliveredLead.objects.select_related("client")
    given = rows.barring().filter(client__in=Client.objects.values("pk"), key=key)
    given = given.union(rows.released().filter(lead__in=leads))
    drafts = Draft.objects.filter(lead__in=leads).select_related("client")
    return Story(
        email=email,
        leads=leads,
        rejections=rejections_of(email),
        drafts=list(drafts.order_by("pk")),
        deliveries=list(given.order_by("pk")),
        suppressed=suppressing.of_one(key, domain_keys_of(normal, secret), phones_of(leads)),
        verdicts=verdicts(kept(leads), run=run or latest_run()),
    )


def phones_of(leads: Iterable[Lead]) -> list[UUID]:
    return [lead.phone_key for lead in leads if lead.phone_key is not None]


def rejections_of(email: str) -> list[Rejection]:
    """Refused rows that hold the address, under any spelling of it, where the address stands."""
    if not email.strip():
        return []  # it would be in every cell
    with connection.cursor() as cursor:
        cursor.execute(_HOLDING, [spellings(email)])
        found = [row[0] for row in cursor.fetchall()]
    rows = Rejection.objects.filter(pk__in=found).select_related("file")
    return list(rows.order_by("file", "record"))


def kept(leads: Sequence[Lead]) -> Lead | None:
    """Of one person's leads the one that was or could be sold: live, else no duplicate, else newest."""
    return max(
        leads,
        key=lambda lead: (lead.status in LIVE, lead.status != LeadStatus.DUPLICATE, lead.pk),
        default=None,
    )


def latest_run() -> Run | None:
    """The latest run that allocated leads."""
    return allocated_runs().order_by("-pk").first()


def latest_run_for(lead: Lead) -> Run | None:
    """The run that says most of a lead: the one that gave it away, else the latest."""
    given = lead.delivered_leads.barring().select_related("run").order_by("-pk").first()
    return (
        given.run if given and allocated_runs().filter(pk=given.run_id).exists() else latest_run()
    )


def allocated_runs() -> QuerySet[Run]:
    return Run.objects.filter(stage_runs__stage=Stage.ALLOCATE, stage_runs__status=StageStatus.DONE)


def verdicts(lead: Lead | None, *, run: Run | None) -> Verdicts:
    """What each client of the run said of the lead, or in one sentence why none was asked."""
    if run is None:
        return Verdicts(run=None, note="No run has allocated leads yet.")
    if lead is None:
        return Verdicts(run=run, note="There is no lead of this address, so no client was asked.")
    rows = list(run.run_clients.select_related("client").order_by("client__name"))
    if not rows:
        return Verdicts(run=run, clients=_unasked(run, rows), note=_nothing_kept(run))
    return _asked(lead, run, rows)


def _asked(lead: Lead, run: Run, rows: Sequence[RunClient]) -> Verdicts:
    end = run.stage_runs.get(stage=Stage.ALLOCATE).ended_at or run.as_of
    given = lead.delivered_leads.filter(run=run).exists()
    absent = "" if given else _not_offered(lead, run, end)
    if absent:
        return Verdicts(run=run, note=absent)
    person = _person(lead, run, rows, end)
    found = [*(refusals.verdict(person, row) for row in rows), *_unasked(run, rows)]
    found.sort(key=lambda each: each.client)
    return Verdicts(run=run, clients=found, note=_changed(lead, end))


def _unasked(run: Run, rows: Sequence[RunClient]) -> list[Verdict]:
    return refusals.of_paused_clients(rows) if run == latest_run() else []


def _nothing_kept(run: Run) -> str:
    if allocated_runs().filter(pk=run.pk).exists():
        return f"Run {run.pk} keeps no client's rules and caps any more, or there was no client."
    return f"Run {run.pk} has not allocated leads."


def _not_offered(lead: Lead, run: Run, end: dt.datetime) -> str:
    """Why the lead was not in stock when the run allocated; '' where it was."""
    if lead.run_id > run.pk or lead.created_at > end:
        return f"It came in after run {run.pk} had allocated: by run {lead.run_id}."
    before = lead.delivered_leads.active().filter(run__lt=run).select_related("client")
    taken = before.order_by("pk").first()
    if taken is not None:
        return f"Run {taken.run_id} had given it to {taken.client} before."
    # An EXPIRED one is judged by its age then, as each client sees it.
    absent = lead.status in {LeadStatus.DUPLICATE, LeadStatus.ERASED} or (
        lead.status == LeadStatus.SUPPRESSED and None in _barred(lead, end)
    )
    if absent:
        return f"It is {inside(lead.get_status_display())}: {in_words(lead.reason or 'erased')}."
    return ""


def _changed(lead: Lead, end: dt.datetime) -> str:
    change = lead.changes.filter(created_at__gt=end).select_related("file").order_by("pk").first()
    if change is None:
        return ""
    return (
        f"The lead has changed since, by {change.file.name} on {change.created_at:%Y-%m-%d};"
        " it is judged by what it says now."
    )


def _person(lead: Lead, run: Run, rows: Sequence[RunClient], end: dt.datetime) -> Person:
    asked = [row.client_id for row in rows]
    barring = DeliveredLead.objects.barring()
    given = list(barring.filter(client__in=asked, key=lead.match_key, run__lte=run).order_by("pk"))
    released = list(lead.delivered_leads.released().filter(client__in=asked, run=run))
    winners = {row.client_id for row in [*given, *released] if row.run_id == run.pk}
    withdrawn = [row for row in [*given, *released] if row.status == DeliveredLeadStatus.WITHDRAWN]
    fields = {rule["field"] for row in rows for rule in row.rules}
    return Person(
        values={name: lead.value(name) for name in {*COLUMNS, *fields}},
        came_in=lead.created_at,
        as_of=run.as_of,
        max_clients=lead.max_clients,
        company=lead.company_domain,
        had={row.client_id: row.allocated_at for row in given if row.run_id < run.pk},
        barred={pk: at for pk, at in _barred(lead, end).items() if pk is not None},
        winners=[row for row in rows if row.client_id in winners],
        withdrawn={row.client_id: row.reason for row in withdrawn},
        of_company=_of_company(lead, run, rows),
        held_for=reviewing.kept_for(lead),
    )


def _barred(lead: Lead, end: dt.datetime) -> dict[int | None, dt.datetime]:
    """Client, or None for everybody → since when; of what was listed by then."""
    found = suppressing.of_one(lead.match_key, lead.domain_keys, phones_of([lead]))
    return {row.client_id: row.at for row in found if row.at <= end}


def _of_company(lead: Lead, run: Run, rows: Sequence[RunClient]) -> Mapping[int, int]:
    limited = [row for row in rows if row.terms.get("max_per_domain") is not None]
    if not limited or not lead.company_domain:
        return {}
    known: dict[str, Any] = {
        "clients": [row.client_id for row in limited],
        "since": [refusals.month_began(row, run.as_of) for row in limited],
        "company": lead.company_domain,
        "as_of": run.as_of,
        "run": run.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OF_COMPANY, known)
        return dict(cursor.fetchall())
