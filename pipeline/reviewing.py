"""What people decide about drafts: approve, edit, reject, ask for other words (spec P8).

Every decision leaves a row that may go out as it stands, and is refused once the lead is promised
to somebody: then the file is as good as made.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from psycopg import sql

from clients.wishes import Unreviewed
from leadgen.integrations import gemini
from pipeline import at_once, drafting, drafts
from pipeline.drafts import Request, Words
from pipeline.models import Draft, Lead, LeadStatus, Review, Run
from pipeline.models.drafts import DraftSource
from pipeline.shown import moment
from pipeline.wording import spam

DECIDED = (Review.APPROVED, Review.REJECTED)
_BRACES = re.compile(r"\{\{|\}\}")


class NotPossible(Exception):
    """The decision came too late, or says nothing; the message is for the person who made it."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field  # the part of the words that cannot be kept


class Writer(Protocol):
    """Whoever can put a request into words while a person waits."""

    model: str

    def write(self, requests: Sequence[Request]) -> list[Words]:
        """One draft per request, in order. Never raises for one: a template stands in."""


def writer() -> Writer | None:
    """Who writes at once; None where there is no AI account."""
    return at_once.AtOnce() if gemini.is_set_up() else None


def approve(ids: Iterable[int], *, by: str) -> int:
    """Let these go out as they are; those that wait no more are left alone. How many."""
    waiting = Draft.objects.waiting().filter(pk__in=list(ids)).values("pk")
    return Draft.objects.filter(pk__in=waiting).update(
        review=Review.APPROVED, reviewed_by=by, reviewed_at=Now()
    )


def approve_shown(draft_id: int, *, shown: str, by: str) -> None:
    """Let this one go out as it was shown. Raises NotPossible."""
    with transaction.atomic():
        _open(draft_id, shown)
        if not approve([draft_id], by=by):
            raise NotPossible("This draft does not wait for a review.")


def as_shown(draft: Draft) -> str:
    """What a page shows of a draft, as a token: a decision holds only for what was seen."""
    seen = (draft.review, str(draft.reviewed_at), draft.subject, draft.body, draft.icebreaker)
    return hashlib.sha256("\0".join(seen).encode()).hexdigest()


def edit(draft_id: int, *, subject: str, body: str, icebreaker: str, shown: str, by: str) -> Draft:
    """A person's words, in place of what stood there. Raises NotPossible."""
    said = {"subject": subject.strip(), "body": body.strip(), "icebreaker": icebreaker.strip()}
    _check(said)
    with transaction.atomic():
        draft = _open(draft_id, shown)
        Draft.objects.filter(pk=draft.pk).update(
            **said,
            source=DraftSource.HUMAN,
            reason="",
            spam_score=spam.score(said["subject"], said["body"]),
            review=Review.APPROVED,
            reviewed_by=by,
            reviewed_at=Now(),
        )
    return draft


def _check(said: dict[str, str]) -> None:
    for name, text in said.items():
        if not text:
            raise NotPossible(f"The {name} is empty.", field=name)
        if _BRACES.search(text):
            raise NotPossible(
                f"The {name} holds a {{{{variable}}}}: write what it stands for.", field=name
            )
    if "\n" in said["subject"]:
        raise NotPossible("The subject must be one line.", field="subject")


def reject(draft_id: int, *, shown: str, by: str) -> Draft:
    """Never these words: the template goes out in their place. Raises NotPossible."""
    with transaction.atomic():
        draft = _open(draft_id, shown)
        _to_template([draft], reason=drafts.REJECTED, review=Review.REJECTED, by=by)
    return draft


def redo(draft_id: int, *, shown: str, writer: Writer | None) -> Draft:
    """Ask for other words: now where somebody can write them, else by the next run.

    Until then the template stands there: what a person did not want never goes out. Raises
    NotPossible.
    """
    with transaction.atomic():
        draft = _open(draft_id, shown)
        _to_template([draft], reason=drafts.REDO, review=Review.NONE, by="")
        Draft.objects.filter(pk=draft.pk).update(cache_key="")
    if writer is not None:
        _write_anew(draft, writer)
    return draft


def _write_anew(draft: Draft, writer: Writer) -> None:
    """The AI takes its time: what was promised or decided meanwhile stays as it is."""
    prompt = drafting.prompts_in_use().of(draft.lead)
    request = drafting.request_for(draft.lead, draft.client, prompt=prompt, model=writer.model)
    words = writer.write([request])
    with transaction.atomic():
        _open(draft.pk, as_shown(draft))
        drafting.store(draft.run, zip([request], words, strict=True))


def redo_templates(rows: QuerySet[Draft]) -> int:
    """Let the next run ask the AI for what templates stand in for, of leads in stock; how many.

    What a person rejected stays a template.
    """
    stale = rows.filter(source=DraftSource.TEMPLATE, lead__status=LeadStatus.READY)
    ids = stale.exclude(review=Review.REJECTED).values("pk")
    return Draft.objects.filter(pk__in=ids).update(cache_key="")


def settle(run: Run) -> int:
    """Drafts of earlier runs that nobody looked at become templates where the client says so."""
    late = (
        _rows()
        .filter(review=Review.PENDING, client__unreviewed=Unreviewed.TEMPLATE)
        .filter(lead__status=LeadStatus.READY)
        .exclude(run=run)
    )
    found = list(late)
    _to_template(found, reason=drafts.UNREVIEWED, review=Review.NONE, by="")
    return len(found)


def _rows() -> QuerySet[Draft]:
    return (
        Draft.objects.select_for_update(of=("self",))
        .select_related("lead", "client")
        .order_by("pk")
    )


def _open(draft_id: int, shown: str) -> Draft:
    # The lead too: nobody may promise it while its words change.
    draft = _rows().select_for_update(of=("self", "lead")).filter(pk=draft_id).first()
    if draft is None:
        raise NotPossible("The draft is gone: its lead was taken out or erased.")
    if draft.lead.status != LeadStatus.READY:
        raise NotPossible("Too late: the lead is no longer in stock, so its draft stays as it is.")
    if as_shown(draft) != shown:
        raise NotPossible(f"{_who_came_first(draft)} Look at it again before you decide.")
    return draft


def _who_came_first(draft: Draft) -> str:
    if draft.review in DECIDED and draft.reviewed_at:
        decided = Review(draft.review).label.lower()
        return f"{draft.reviewed_by} has {decided} it at {moment(draft.reviewed_at)}."
    return "The draft has changed since it was shown."


def _to_template(found: Iterable[Draft], *, reason: str, review: Review, by: str) -> None:
    """The prompt and model stay with the row, so that their results can be counted."""
    rows = list(found)
    for draft in rows:
        request = drafting.request_for(draft.lead, draft.client)
        words = drafts.from_template(request, reason=reason)
        draft.source, draft.reason, draft.review = DraftSource.TEMPLATE, reason, review
        draft.subject, draft.body, draft.icebreaker = words.subject, words.body, words.icebreaker
        draft.spam_score, draft.reviewed_by = words.spam_score, by
    Draft.objects.bulk_update(
        rows,
        [
            "source",
            "reason",
            "review",
            "subject",
            "body",
            "icebreaker",
            "spam_score",
            "reviewed_by",
        ],
        batch_size=500,
    )
    if by:
        Draft.objects.filter(pk__in=[draft.pk for draft in rows]).update(reviewed_at=Now())


# A lead whose draft waits is kept for that client: by its rule, or as this very run wrote it.
IS_HELD = sql.SQL("""EXISTS (
    SELECT FROM pipeline_draft draft JOIN clients_client client ON client.id = draft.client_id
     WHERE draft.lead_id = pipeline_lead.id AND draft.review = 'PENDING'
       AND client.status = 'ACTIVE'
       AND (client.unreviewed = 'HOLD'
            OR draft.run_id IN (SELECT id FROM pipeline_run WHERE status = 'RUNNING')))
""")
_COUNT = sql.SQL(
    "SELECT count(*) FROM pipeline_lead WHERE status = 'READY' AND created_at >= {} AND {}"
)
_SAY = sql.SQL("UPDATE pipeline_lead SET reason = 'held_review' WHERE status = 'READY' AND {}")


def held(*, since: dt.datetime) -> int:
    """How many READY leads that came in since wait for a review."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(sql.Literal(since), IS_HELD))
        (count,) = cursor.fetchone()
    return int(count)


def hold() -> int:
    """Say of the leads that wait why they do; how many. In the allocating transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_SAY.format(IS_HELD))
        return int(cursor.rowcount)


def kept_for(lead: Lead) -> str:
    """The client for which the last allocation kept this lead; '' where it kept it for none."""
    if lead.status != LeadStatus.READY or lead.reason != "held_review":
        return ""
    draft = lead.drafts.waiting().select_related("client").order_by("pk").first()
    return draft.client.name if draft else ""
