"""Undoing a lead file (spec U8): what it brought goes, what it changed is taken back.

Asked for by a person, done slice by slice while no run is active; each slice is one transaction,
so that it may stop anywhere and go on later. A lead that was ever in a delivery is kept, and
listed. Where a lead goes that another file brought too, that file's row takes its place.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction

from deliveries.models import DeliveredLead, DeliveredLeadStatus
from pipeline import between_runs, filling, importing, restoring
from pipeline.models import Lead, LeadFile, LeadStatus, Rejection, Run
from pipeline.models.lead_files import LeadFileStatus

logger = logging.getLogger(__name__)

LEADS_AT_ONCE = 20_000
SHOWN = 20  # leads and fields that the result names

_NOTHING: dict[str, Any] = {
    "removed": 0,
    "rejections": 0,
    "restored": 0,
    "promoted": 0,
    "kept": {"count": 0, "leads": []},
    "kept_changes": {"count": 0, "changes": []},
    "up_to_record": 0,
}
_WHY_KEPT = {
    DeliveredLeadStatus.ALLOCATED: "A client is to get it",
    DeliveredLeadStatus.DELIVERED: "A client has it",
    DeliveredLeadStatus.RETURNED: "A client had it and gave it back",
    DeliveredLeadStatus.WITHDRAWN: "It was withdrawn from a client's delivery",
}

# A lead with all that hangs on it. Not the ORM's delete(), which would load each lead first: it
# takes five times as long. A table that is forgotten here is refused by its foreign key.
_REMOVE = (
    "UPDATE pipeline_lead SET twin_id = NULL WHERE twin_id = ANY(%(gone)s)",
    "UPDATE pipeline_lead SET lookalike_by = '' WHERE lookalike_id = ANY(%(gone)s)",
    "UPDATE pipeline_lead SET lookalike_id = NULL WHERE lookalike_id = ANY(%(gone)s)",
    "DELETE FROM pipeline_draft WHERE lead_id = ANY(%(gone)s)",
    "DELETE FROM pipeline_forecastpair WHERE lead_id = ANY(%(gone)s)",
    "DELETE FROM pipeline_leadchange WHERE lead_id = ANY(%(gone)s)",
    "UPDATE pipeline_aicall SET lead_id = NULL WHERE lead_id = ANY(%(gone)s)",  # the bill stays
    "DELETE FROM pipeline_lead WHERE id = ANY(%(gone)s)",
)

# Of the rows that lost their twin the first lives on, unless the person is live elsewhere.
_PROMOTE = """
WITH orphan AS (
    SELECT id, key, file_id, record FROM pipeline_lead WHERE id = ANY(%(orphans)s)
), heir AS (
    SELECT DISTINCT ON (orphan.key) orphan.key, coalesce(live.id, orphan.id) AS id,
           coalesce(live.file_id, orphan.file_id) AS file_id
      FROM orphan
      LEFT JOIN pipeline_lead live
             ON live.key = orphan.key
            AND live.status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED')
     ORDER BY orphan.key, orphan.file_id, orphan.record
)
UPDATE pipeline_lead lead
   SET status = CASE WHEN lead.id = heir.id THEN 'READY' ELSE 'DUPLICATE' END,
       reason = CASE WHEN lead.id = heir.id THEN 'twin_undone'
                     WHEN lead.file_id = heir.file_id THEN 'dup_file' ELSE 'dup_db' END,
       twin_id = CASE WHEN lead.id <> heir.id THEN heir.id END
  FROM orphan JOIN heir ON heir.key = orphan.key
 WHERE lead.id = orphan.id
"""


class Refused(Exception):
    """The file cannot be undone now: one sentence for the operator."""


def ask(lead_file: LeadFile, by: str) -> None:
    """Have the file undone; one that is only queued is dropped at once. Raises Refused."""
    with transaction.atomic():
        if not between_runs.hold_soon():
            raise Refused(between_runs.BUSY)
        found = LeadFile.objects.select_for_update().get(pk=lead_file.pk)
        refusal = _why_not(found)
        if refusal:
            raise Refused(refusal)
        found.undo_by, found.undo_result = by, _NOTHING
        if not found.records_done:
            found.status = LeadFileStatus.UNDONE
            found.preview = importing.without_people(found.preview)
        found.save(update_fields=["undo_by", "undo_result", "status", "preview"])
    lead_file.refresh_from_db()


def _why_not(lead_file: LeadFile) -> str:
    run = Run.objects.running().first()
    if run is not None:
        return f"Run {run.pk} is in progress; a file can be undone once it has ended."
    if lead_file.status == LeadFileStatus.UNDONE:
        return f"{lead_file.name} has been undone already."
    if lead_file.undo_by:
        return f"{lead_file.name} is being undone already, as {lead_file.undo_by} asked."
    return _not_ripe(lead_file)


def _not_ripe(lead_file: LeadFile) -> str:
    match LeadFileStatus(lead_file.status):
        case LeadFileStatus.IMPORTED | LeadFileStatus.QUEUED:
            return ""
        case LeadFileStatus.CHECKED | LeadFileStatus.REFUSED if lead_file.records_done:
            return ""
        case LeadFileStatus.IMPORTING:
            return f"{lead_file.name} is half imported; stop it first."
        case _:
            return f"Nothing of {lead_file.name} was imported, so there is nothing to undo."


def asked() -> list[int]:
    """Files whose undoing is owed and may go on now, oldest first."""
    if Run.objects.running().exists():
        return []
    owed = LeadFile.objects.exclude(undo_by="").exclude(status=LeadFileStatus.UNDONE)
    return list(owed.order_by("pk").values_list("pk", flat=True))


def go_on(lead_file_id: int, max_leads: int = LEADS_AT_ONCE) -> bool:
    """Do the next slice of what was asked; returns whether more may be done now.

    Does nothing while a run is active, or while somebody else is at the file.
    """
    with transaction.atomic():
        between_runs.hold()
        owed = LeadFile.objects.select_for_update(skip_locked=True).exclude(undo_by="")
        lead_file = owed.filter(pk=lead_file_id).order_by("pk").first()
        if lead_file is None or lead_file.status == LeadFileStatus.UNDONE:
            return False
        if Run.objects.running().exists():
            return False
        more = any(step(lead_file, max_leads) for step in (_restore, _take_out, _drop_rejections))
        if not more:
            lead_file.status = LeadFileStatus.UNDONE
            logger.info("file undone", extra={"file": lead_file.pk, **lead_file.undo_result})
        lead_file.save(update_fields=["undo_result", "status"])
    return more


def _restore(lead_file: LeadFile, max_leads: int) -> bool:
    result = lead_file.undo_result
    kept = result["kept_changes"]
    done = restoring.restore(
        lead_file, changes=max_leads, shown=max(SHOWN - len(kept["changes"]), 0)
    )
    if done is None:
        return False
    result["restored"] += done.restored
    kept["count"] += done.kept
    kept["changes"] += [
        {"lead": lead, "field": field, "why": "It was changed again since"}
        for lead, field in done.shown
    ]
    return True


def _take_out(lead_file: LeadFile, max_leads: int) -> bool:
    """The next leads in the order of the file; those ever delivered are passed by."""
    result = lead_file.undo_result
    part = list(
        lead_file.leads.filter(record__gt=result["up_to_record"])
        .order_by("record")
        .values_list("pk", "record")[:max_leads]
    )
    if not part:
        return False
    given = DeliveredLead.objects.filter(lead__in=[pk for pk, _ in part])
    why = dict(given.order_by("pk").values_list("lead", "status"))
    result["removed"] += _remove(lead_file, [pk for pk, _ in part if pk not in why], result)
    _note_kept(result["kept"], why)
    result["up_to_record"] = part[-1][1]
    return True


def _note_kept(kept: dict[str, Any], why: Mapping[int, str]) -> None:
    kept["count"] += len(why)
    room = max(SHOWN - len(kept["leads"]), 0)
    kept["leads"] += [
        {"lead": lead, "why": _WHY_KEPT[DeliveredLeadStatus(status)]}
        for lead, status in list(why.items())[:room]
    ]


def _remove(lead_file: LeadFile, gone: list[int], result: dict[str, Any]) -> int:
    duplicates = Lead.objects.filter(twin__in=gone, status=LeadStatus.DUPLICATE)
    orphans = list(duplicates.exclude(file=lead_file).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        for statement in _REMOVE:
            cursor.execute(statement, {"gone": gone})
    if orphans:
        _promote(orphans)
        alive = Lead.objects.ready().filter(pk__in=orphans)
        result["promoted"] += alive.count()
    return len(gone)


def _promote(orphans: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_PROMOTE, {"orphans": orphans})
    filling.fill_from(orphans)


def _drop_rejections(lead_file: LeadFile, max_leads: int) -> bool:
    ids = list(lead_file.rejections.order_by("pk").values_list("pk", flat=True)[:max_leads])
    Rejection.objects.filter(pk__in=ids).delete()
    lead_file.undo_result["rejections"] += len(ids)
    return bool(ids)
