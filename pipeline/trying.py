"""A few of tonight's drafts before the night: estimate, try five, then run all (spec P2).

The pairs are those that the forecast picks; prompt, gate, limits and ledger are the night's, and
the day's budget pays. What was answered is kept by its content, so that the run, or a second
press of the button, takes it from there: nobody pays twice. A run that starts meanwhile waits
for what is being tried.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.core import signing
from django.db import connection, transaction
from django.db.models import Window
from django.db.models.functions import RowNumber

from clients.models import Client
from leadgen.integrations import gemini
from pipeline import at_once, drafting, drafts, spending
from pipeline.drafts import Prompt, Request, Words
from pipeline.models import ForecastPair, Lead, LeadStatus, Run, TriedDraft
from pipeline.verdicts import Verdict

FEW = 5
LOOKED_THROUGH = 200  # pairs, for some that nobody has written for
SALT = "pipeline.trying"
GOOD_FOR = 3600  # seconds: then tonight may look otherwise
_LOCK = 7_305_114  # of PostgreSQL's advisory ones: one operator at a time


class NotPossible(Exception):
    """The message says in one sentence why nothing was tried."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One draft, what it cost, and what the gate had to say; `before`: it was paid for already."""

    request: Request
    words: Words
    micros: int = 0
    objections: Sequence[str] = ()
    before: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the run takes it as it is."""
        return bool(self.request.model) and self.words.reason not in _UNKEPT


_UNKEPT = drafts.PASSING | {drafts.MISSING_VALUE}


def pick(run: Run) -> list[Request]:
    """For FEW pairs of the run's forecast that no draft answers, the clients taking turns."""
    turn = Window(RowNumber(), partition_by="client", order_by="lead")
    pairs = ForecastPair.objects.filter(run=run, is_reserve=False).annotate(turn=turn)
    pairs = pairs.select_related("lead", "client").order_by("turn", "client")
    in_use, model = drafting.prompts_in_use(), gemini.model()
    wanted = [
        drafting.request_for(pair.lead, pair.client, prompt=in_use.of(pair.lead), model=model)
        for pair in pairs[:LOOKED_THROUGH]
    ]
    return drafting.unwritten(wanted)[:FEW]


def packed(requests: Sequence[Request]) -> str:
    """For a form: signed, as the leads of a waiting file are in no table yet."""
    return signing.dumps([asdict(each) for each in requests], salt=SALT, compress=True)


def unpacked(text: str) -> list[Request]:
    """What `packed` was given. Raises NotPossible."""
    try:
        rows: list[dict[str, Any]] = signing.loads(text, salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        raise NotPossible("That page is too old: simulate tonight again, then try.") from None
    return [Request(**{**row, "prompt": Prompt(**row["prompt"])}) for row in rows]


def write(requests: Sequence[Request]) -> list[Tried]:
    """A draft for each whose lead and client are still there, now. Raises NotPossible."""
    with _alone():
        if active := Run.objects.running().first():
            raise NotPossible(f"Run {active.pk} is in progress and writes its own drafts.")
        there = _still_there(requests)
        found = {**_kept(there), **_without_ai(there)}
        found |= _asked([each for each in there if each.cache_key not in found])
        return [found[each.cache_key] for each in there]


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Two who press at once would pay twice for the same, and so would a run (`reuse`)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        (got_it,) = cursor.fetchone()
        if not got_it:
            raise NotPossible("Somebody is trying drafts just now: press again in a moment.")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _still_there(requests: Sequence[Request]) -> list[Request]:
    """Without leads and clients that have gone; a lead of a waiting file gets no id."""
    clients = Client.objects.in_bulk({each.client_id for each in requests})
    leads = Lead.objects.in_bulk({each.lead_id for each in requests})
    return [
        each if each.lead_id in leads else replace(each, lead_id=-n)
        for n, each in enumerate(requests, start=1)
        if each.client_id in clients
        if each.lead_id not in leads or leads[each.lead_id].status == LeadStatus.READY
    ]


def _kept(requests: Sequence[Request]) -> dict[str, Tried]:
    known = {each.cache_key: each for each in requests}
    return {
        row.cache_key: Tried(
            request=known[row.cache_key],
            words=_words(row, known[row.cache_key]),
            micros=row.micros,
            objections=row.objections,
            before=True,
        )
        for row in TriedDraft.objects.filter(cache_key__in=known)
    }


def _without_ai(requests: Sequence[Request]) -> dict[str, Tried]:
    """The template's, for those that no AI may be asked for now; costs nothing."""
    reason = spending.who_stands_in()
    found = {}
    for each in requests:
        lacks = drafts.MISSING_VALUE if each.missing else ""
        because = (lacks or reason) if each.model else drafts.NO_ACCOUNT
        if because:
            words = drafts.from_template(each, reason=because)
            found[each.cache_key] = Tried(request=each, words=words)
    return found


def _asked(requests: Sequence[Request]) -> dict[str, Tried]:
    heard: dict[str, list[Verdict]] = defaultdict(list)
    writer = at_once.AtOnce(lambda request, verdict: heard[request.cache_key].append(verdict))
    found = {
        each.cache_key: Tried(
            request=each,
            words=words,
            micros=sum(verdict.settled.micros for verdict in heard[each.cache_key]),
            objections=[said for verdict in heard[each.cache_key] for said in verdict.violations],
        )
        for each, words in zip(requests, writer.write(requests) if requests else [], strict=True)
    }
    TriedDraft.objects.bulk_create(
        [_row(each) for each in found.values() if each.is_kept], ignore_conflicts=True
    )
    return found


def reuse(run: Run, requests: Sequence[Request]) -> list[Request]:
    """Make drafts of what was tried for the same content; the requests that are left."""
    with transaction.atomic():
        _wait_for_the_desk()
        if not TriedDraft.objects.exists():
            return list(requests)
        tried = _locked([each.cache_key for each in requests if each.model])
        known = [each for each in requests if each.model and each.cache_key in tried]
        drafting.store(run, [(each, _words(tried[each.cache_key], each)) for each in known])
        TriedDraft.objects.filter(pk__in=[row.pk for row in tried.values()]).delete()
    return [each for each in requests if not (each.model and each.cache_key in tried)]


def _wait_for_the_desk() -> None:
    """Until whoever tries drafts just now has got and kept them: half a minute at most."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_LOCK])


def _locked(keys: Sequence[str]) -> Mapping[str, TriedDraft]:
    rows = TriedDraft.objects.select_for_update().filter(cache_key__in=keys).order_by("pk")
    return {row.cache_key: row for row in rows}


def _row(tried: Tried) -> TriedDraft:
    return TriedDraft(
        **drafting.columns_of(tried.words),
        cache_key=tried.request.cache_key,
        micros=tried.micros,
        objections=list(tried.objections),
    )


def _words(row: TriedDraft, request: Request) -> Words:
    return Words(
        subject=row.subject,
        body=row.body,
        icebreaker=row.icebreaker,
        source=row.source,
        reason=row.reason,
        prompt_id=row.prompt_id,
        prompt_version=request.prompt.version,
        model=row.model,
        spam_score=row.spam_score,
    )
