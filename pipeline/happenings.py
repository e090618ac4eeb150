"""A run in an operator's words: funnel, drafts, cost, problems, caps, shortfalls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from deliveries.models import Delivery, DeliveryStatus, Mail, MailStatus
from pipeline import report
from pipeline.models import LeadFile, Run, RunClient
from pipeline.models.lead_files import LeadFileStatus
from pipeline.reasons import in_words, inside, of_a_client
from pipeline.states import Stage

SHOWN = 20  # of each kind; the desk has the rest
NEARLY = 0.8
LASTING = {"month": "of the month", "total": "in all", "money": "of the month's money"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One stage: what it saw, kept and dropped, and why."""

    title: str
    seen: int
    kept: int
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Everything that a digest says of a run; lists are cut to SHOWN lines."""

    leads: int = 0
    clients: int = 0
    open_deliveries: int = 0
    steps: list[Step] = field(default_factory=list)
    drafts: str = ""
    cost_cents: float = 0.0
    problems: list[str] = field(default_factory=list)
    caps: list[str] = field(default_factory=list)
    shortfalls: list[str] = field(default_factory=list)

    @property
    def in_numbers(self) -> str:
        return f"{counted(self.leads, 'lead')} to {counted(self.clients, 'client')}"

    @property
    def cost(self) -> str:
        return f"${self.cost_cents / 100:,.2f}"


def of_run(run: Run) -> Told:
    """Read of the rows, as they stand now."""
    deliveries = list(run.deliveries.select_related("client").order_by("client__name"))
    going = [row for row in deliveries if row.status != DeliveryStatus.WITHDRAWN]
    promised = list(run.run_clients.select_related("client").order_by("client__name"))
    found = report.run_object(run)
    return Told(
        leads=sum(row.rows for row in going),
        clients=len(going),
        open_deliveries=found["open_deliveries"],
        steps=steps_of(run),
        drafts=_drafts(found["drafts"]),
        cost_cents=found["cost_cents"],
        problems=shown([*_files(run), *_deliveries(deliveries), *_mails(run)]),
        caps=shown(caps_of(promised, {row.client_id: row.rows for row in going})),
        shortfalls=shown(shortfalls_of(promised)),
    )


def steps_of(run: Run) -> list[Step]:
    found = {row.stage: row for row in run.stage_runs.all()}
    return [
        Step(
            title=stage.capitalize(),
            seen=found[stage].seen,
            kept=found[stage].kept,
            why=", ".join(
                f"{count:,} {inside(in_words(code))}"
                for code, count in sorted(
                    found[stage].reasons.items(), key=lambda row: (-row[1], row[0])
                )
                if count
            ),
        )
        for stage in Stage
        if stage in found
    ]


def _drafts(by_source: Mapping[str, int]) -> str:
    """Who wrote what went out."""
    words = {"ai": "by AI", "human": "by a person", "template": "from the template"}
    return ", ".join(
        f"{by_source[source]:,} {said}" for source, said in words.items() if by_source[source]
    )


def _files(run: Run) -> list[str]:
    refused = run.lead_files.filter(status=LeadFileStatus.REFUSED).order_by("pk")
    return [f"{_named(file)} was refused: {file.error}" for file in refused]


def _named(file: LeadFile) -> str:
    return f"File {file.name}"


def _deliveries(deliveries: Iterable[Delivery]) -> list[str]:
    words = {DeliveryStatus.FAILED: "failed", DeliveryStatus.WAITING: "waits"}
    return [
        f"The delivery to {row.client} {words[DeliveryStatus(row.status)]}: {row.error}"
        for row in deliveries
        if row.status in words
    ]


def _mails(run: Run) -> list[str]:
    words = {
        MailStatus.FAILED: "was refused",
        MailStatus.UNKNOWN: "may or may not have gone",
    }
    rows = Mail.objects.filter(
        delivery__run=run, superseded_by=None, status__in=list(words)
    ).select_related("delivery__client")
    return [
        f"The mail to {row.recipient} ({row.about.client}) {words[MailStatus(row.status)]}:"
        f" {row.error}"
        for row in rows.order_by("pk")
    ]


def caps_of(promised: Iterable[RunClient], given: Mapping[int, int]) -> list[str]:
    """Lasting caps that are nearly or quite used up, the fullest first. A day's cap is no news.

    `given`: client → leads of this run that it has, or is to have.
    """
    found = []
    for row in promised:
        for window in row.windows:
            name, cap = window["window"], window["cap"]
            used = window["used"] + given.get(row.client_id, 0)
            if name in LASTING and cap and used / cap >= NEARLY:
                words = f"{row.client}: {used:,} of {cap:,} {LASTING[name]} ({used / cap:.0%})"
                found.append((used / cap, words))
    return [words for _, words in sorted(found, key=lambda each: (-each[0], each[1]))]


def shortfalls_of(promised: Iterable[RunClient]) -> list[str]:
    """Who got fewer leads than there was room for, most first."""
    short = sorted((row for row in promised if row.shortfall), key=lambda row: -row.shortfall)
    return [
        f"{row.client}: {counted(row.shortfall, 'lead')} short. {of_a_client(row.reason)}."
        for row in short
    ]


def shown(lines: list[str]) -> list[str]:
    """At most SHOWN of them, and how many more there are."""
    if len(lines) <= SHOWN:
        return lines
    return [*lines[:SHOWN], f"and {len(lines) - SHOWN:,} more; the desk has them all."]


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
