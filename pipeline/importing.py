"""What a person may do with a checked file: queue it, stop its import, let it go on (spec U7).

Each move is a compare-and-set, for the night or another person may be at the same file:
CHECKED or REFUSED → QUEUED by `queue`, QUEUED → CHECKED by `stop` while no worker has begun, and
while one is at it `stop` leaves word, which validate reads between two slices. IMPORTING ends by
`close`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count

from pipeline import profiles
from pipeline.counts import Counts
from pipeline.headers.known_headers import to_remember
from pipeline.models import LeadFile
from pipeline.models.lead_files import KnownLeads, LeadFileStatus
from pipeline.states import RunStatus

OWED = (LeadFileStatus.QUEUED, LeadFileStatus.IMPORTING)  # to the run that froze it
MAY_BE_QUEUED = (LeadFileStatus.CHECKED, LeadFileStatus.REFUSED)
STALLED_AFTER = dt.timedelta(minutes=10)


class NotPossible(Exception):
    """The file is not in a state for that; the message says why, in one sentence."""


def queue(lead_file: LeadFile, *, by: str, known_leads: KnownLeads | None = None) -> None:
    """Let the next run import the file, or go on with it. Raises NotPossible.

    What a person corrected in its mapping is remembered for its source.
    """
    if lead_file.preview.get("question"):
        raise NotPossible("It cannot be queued yet: which column holds the addresses?")
    changes = {} if known_leads is None else {"known_leads": known_leads}
    mine = LeadFile.objects.filter(pk=lead_file.pk, undo_by="", status__in=MAY_BE_QUEUED)
    try:
        with transaction.atomic():
            queued = mine.update(
                status=LeadFileStatus.QUEUED, error="", stop_by="", run=None, **changes
            )
            if not queued:
                raise NotPossible(f"{lead_file} is {now_is(lead_file)}, so it cannot be queued.")
            profiles.remember(lead_file, said_by_a_person(lead_file), by=by)
    except IntegrityError:  # a refused file's bytes may come again
        raise NotPossible(f"{lead_file} was uploaded again since, as another file.") from None


def drop(lead_file: LeadFile) -> None:
    """Have done with a checked file of which nothing is imported. Raises NotPossible."""
    dropped = LeadFile.objects.filter(
        pk=lead_file.pk, status=LeadFileStatus.CHECKED, records_done=0
    ).update(status=LeadFileStatus.UNDONE, preview=without_people(lead_file.preview))
    if not dropped:
        raise NotPossible(f"{lead_file} is {now_is(lead_file)}, so it cannot be dropped.")


def said_by_a_person(lead_file: LeadFile) -> dict[str, str]:
    """Header → field, as a person put it on this file's page; a header without text says nothing."""
    chosen = map(int, lead_file.preview.get("chosen", {}))
    return to_remember(lead_file.headers, lead_file.fields, chosen)


def without_people(preview: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a preview once rows are imported: they are leads and rejections now."""
    kept = ("ours", "replaced", "surplus", "chosen")
    return {name: preview[name] for name in kept if name in preview}


def stop(lead_file: LeadFile, *, by: str) -> bool:
    """Take the file out of the queue, or stop its import; True where it has stopped already.

    False: a worker is at it, and stops behind the slice that it is writing. What is imported
    stays. Raises NotPossible.
    """
    rows = LeadFile.objects.filter(pk=lead_file.pk)
    if rows.filter(status=LeadFileStatus.QUEUED).update(status=LeadFileStatus.CHECKED, run=None):
        return True
    importing = rows.filter(status=LeadFileStatus.IMPORTING)
    # Nobody is at a file whose run has ended; the next run would take it up.
    if importing.exclude(run__status=RunStatus.RUNNING).update(
        status=LeadFileStatus.CHECKED, stop_by=by
    ):
        return True
    if not importing.update(stop_by=by):
        raise NotPossible(f"{lead_file} is {now_is(lead_file)}, so there is nothing to stop.")
    return False


def close(lead_file_id: int, *, run_id: int, refusal: str = "", put_off: str = "") -> Counts:
    """Say how the import ended, and return what no run has counted yet; inside a transaction.

    `put_off`: why the next run is to go on with it. Nothing where the run had ended, and somebody
    has moved the file since.
    """
    ours = LeadFile.objects.filter(pk=lead_file_id, run=run_id, status__in=OWED)
    lead_file = ours.select_for_update().order_by("pk").first()
    if lead_file is None:
        return Counts()
    begun = bool(lead_file.records_done)
    ours.update(
        status=LeadFileStatus.QUEUED if put_off else _ended(lead_file, refusal),
        error=refusal or put_off,
        run=None if put_off else run_id,
        preview=without_people(lead_file.preview) if begun or not put_off else lead_file.preview,
        records_counted=lead_file.records_done,
    )
    return count(lead_file)


def _ended(lead_file: LeadFile, refusal: str) -> LeadFileStatus:
    if refusal:
        return LeadFileStatus.REFUSED
    done = lead_file.records_done == lead_file.rows
    return LeadFileStatus.IMPORTED if done else LeadFileStatus.CHECKED


def count(lead_file: LeadFile) -> Counts:
    """What became of the rows that no run has counted yet, counted from the rows themselves.

    Those of a run that failed are among them: it closed no stage, so the run that took the file
    over counts them.
    """
    behind, upto = lead_file.records_counted, lead_file.records_done
    rejected = lead_file.rejections.filter(record__gt=behind, record__lte=upto)
    kept = lead_file.leads.filter(record__gt=behind, record__lte=upto).count()
    codes = rejected.order_by().values_list("code").annotate(n=Count("pk"))
    return Counts(kept=kept, dropped=dict(codes))


def now_is(lead_file: LeadFile) -> str:
    """The file's status as it is in the database by now, as a word in a sentence."""
    lead_file.refresh_from_db()
    return str(LeadFileStatus(lead_file.status).label).lower()


def is_stalled(lead_file: LeadFile, *, now: dt.datetime) -> bool:
    """Whether its import has stood still for so long that somebody should look."""
    return (
        lead_file.status == LeadFileStatus.IMPORTING
        and lead_file.progress_at is not None
        and lead_file.progress_at < now - STALLED_AFTER
    )
