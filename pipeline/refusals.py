"""Why a client got, or did not get, one lead in one run: the first rule, with its values in words.

Asked of what the run kept of each client (`pipeline.frozen`), in the allocator's own order: what
the lead is, what the client had, whether it was open, whether it had room, who got it instead.
"""

from __future__ import annotations

import datetime as dt
import math
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients.models import Client, ClientStatus
from clients.targeting import Operator, Rule, first_refusal
from deliveries.quotas import window_bounds
from pipeline.models import RunClient
from pipeline.reasons import in_words, of_a_client
from pipeline.seats import CAP_DOMAIN, OUTBID, Offer, Seat, why_not

CHANGED = "changed_since"  # nothing keeps it away as things are now
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Person:
    """What a run knew of a lead, as far as it can still be told.

    `had` and `barred`: client → since when; `winners`: who got it in this run; `withdrawn`: client →
    why it lost it again, in this run or in the one in which it had it; `held_for`: the client for
    which its draft waits.
    """

    values: Mapping[str, str]
    came_in: dt.datetime
    as_of: dt.datetime
    max_clients: int = 1
    company: str = ""
    had: Mapping[int, dt.datetime] = field(default_factory=dict)
    barred: Mapping[int, dt.datetime] = field(default_factory=dict)
    winners: Sequence[RunClient] = ()
    withdrawn: Mapping[int, str] = field(default_factory=dict)
    of_company: Mapping[int, int] = field(default_factory=dict)
    held_for: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`rule` is a reason code; '' where the client was given the lead."""

    client: str
    rule: str
    detail: str

    @property
    def taken(self) -> bool:
        return not self.rule

    def as_json(self) -> dict[str, Any]:
        return {
            "client": self.client,
            "taken": self.taken,
            "rule": self.rule,
            "detail": self.detail,
        }


def verdict(person: Person, row: RunClient) -> Verdict:
    """What kept the person from this client, or that nothing did."""
    if row.client_id in {winner.client_id for winner in person.winners}:
        rule = person.withdrawn.get(row.client_id, "")
        after = f"; {in_words(rule).lower()}" if rule else ""
        detail = f"given to it in run {row.run_id}{after}"
        return Verdict(client=row.client.name, rule=rule, detail=detail)
    rule = _by_what_it_is(person, row)
    if rule:
        return Verdict(client=row.client.name, rule=rule, detail=_of_the_lead(rule, person, row))
    rule, detail = _by_room(person, row)
    return Verdict(client=row.client.name, rule=rule, detail=detail)


def of_paused_clients(asked: Sequence[RunClient]) -> list[Verdict]:
    """Of those that are paused now; a run leaves them out and keeps nothing of them."""
    paused = Client.objects.filter(status=ClientStatus.PAUSED)
    names = paused.exclude(pk__in=[row.client_id for row in asked]).values_list("name", flat=True)
    return [
        Verdict(client=name, rule="paused", detail=of_a_client("paused"))
        for name in names.order_by("name")
    ]


def _by_what_it_is(person: Person, row: RunClient) -> str:
    offer = Offer(
        values=person.values,
        max_clients=person.max_clients,
        came_in=int(person.came_in.timestamp()),
        had=frozenset(person.had),
        barred=frozenset(person.barred),
    )
    return why_not(offer, seat(row, person.as_of))


def seat(row: RunClient, as_of: dt.datetime) -> Seat:
    """The seat that the client had in the run."""
    oldest = as_of - dt.timedelta(days=row.terms.get("max_lead_age_days", 0))
    return Seat(
        client_id=row.client_id,
        rules=rules_of(row),
        oldest=int(oldest.timestamp()) if "max_lead_age_days" in row.terms else None,
        exclusive_only=row.terms.get("exclusive_only", True),
    )


def rules_of(row: RunClient) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            field=rule["field"],
            operator=Operator(rule["operator"]),
            values=tuple(rule["values"]),
            accept_missing=rule["accept_missing"],
        )
        for rule in row.rules
    )


def _of_the_lead(rule: str, person: Person, row: RunClient) -> str:
    refusal = first_refusal(rules_of(row), person.values)
    age = (person.as_of - person.came_in).total_seconds() / _SECONDS_A_DAY
    match rule:
        case "filter" if refusal is not None:
            found = refused(refusal, person.values.get(refusal.field, ""))
        case "too_old":
            found = f"too old: {math.ceil(age)} days, at most {row.terms['max_lead_age_days']}"
        case "suppressed_client":
            found = f"suppressed by this client since {person.barred[row.client_id]:%Y-%m-%d}"
        case "dup_client":
            verb = "was promised" if row.client_id in person.withdrawn else "had"
            found = f"{verb} this person on {person.had[row.client_id]:%Y-%m-%d}"
        case _:
            found = f"takes exclusive leads only, and this one is for {person.max_clients} clients"
    return found


def refused(rule: Rule, value: str) -> str:
    """`country DE is none of US, CA`."""
    wanted = ", ".join(rule.values)
    if not value.strip():
        return f"{rule.field} is missing, and must be known ({rule.operator.label} {wanted})"
    what = {
        Operator.IN: "is none of",
        Operator.NOT_IN: "is one of those it refuses:",
        Operator.CONTAINS: "contains none of",
        Operator.NOT_CONTAINS: "contains one of those it refuses:",
        Operator.BETWEEN: "is not between",
    }[rule.operator]
    return f"{rule.field} {value} {what} {wanted}"


def _by_room(person: Person, row: RunClient) -> tuple[str, str]:
    if row.closed:
        return row.closed, closed_in_words(row, person.as_of)
    if row.left is not None and row.placed >= row.left:
        name = row.terms.get("tightest") or "total"
        return "money_limit" if name == "money" else f"cap_{name}", _cap(row, name)
    return _by_the_others(person, row)


def _by_the_others(person: Person, row: RunClient) -> tuple[str, str]:
    """Its company's other leads, and the other clients: what a client with room cannot help."""
    is_free = len(person.winners) < person.max_clients
    if is_free and person.held_for:
        return "held_review", f"kept for {person.held_for}: its draft waits for a person"
    limit, has = row.terms.get("max_per_domain"), person.of_company.get(row.client_id, 0)
    if person.company and limit is not None and has >= limit:
        return CAP_DOMAIN, f"enough leads of {person.company}: {has} of {limit}"
    if not is_free:
        return OUTBID, _outbid(person.winners[0], row)
    return CHANGED, "by what is known now nothing kept it away: lead or lists have changed since"


def _outbid(winner: RunClient, row: RunClient) -> str:
    theirs, own = winner.terms.get("priority", 2), row.terms.get("priority", 2)
    if theirs < own:
        return f"lost to a client with higher priority: {winner.client} ({theirs} before {own})"
    if theirs == own:
        return f"lost to a client of the same priority that was due: {winner.client}"
    return f"went to {winner.client}, so that more leads could be placed in all"


_DATED = {
    "paused": ("paused until", "paused_until"),
    "not_started": ("starts on", "starts_on"),
    "ended": ("ended on", "ends_on"),
}


def closed_in_words(row: RunClient, as_of: dt.datetime) -> str:
    """Why the client got nothing at all in the run, with the value that decided."""
    code, terms = row.closed, row.terms
    words, name = _DATED.get(code, ("", ""))
    if terms.get(name):
        found = f"{words} {terms[name]}"
    elif code.startswith("cap_") or code == "money_limit":
        found = _cap(row, {"money_limit": "money"}.get(code, code.removeprefix("cap_")))
    elif code == "no_schedule":
        found = _no_delivery_day(terms, as_of)
    elif code == "no_time_zone":
        found = f"its time zone {terms.get('time_zone', '')} is unknown"
    else:
        found = of_a_client(code).lower()
    return found


def _no_delivery_day(terms: Mapping[str, Any], as_of: dt.datetime) -> str:
    today = as_of.astimezone(_zone(terms)).isoweekday()
    days = [_DAYS[number - 1] for number in sorted(terms.get("delivery_days", []))]
    return f"{_DAYS[today - 1]} is none of its delivery days ({', '.join(days) or 'it has none'})"


def _cap(row: RunClient, name: str) -> str:
    window = next((each for each in row.windows if each["window"] == name), None)
    if window is None:
        return of_a_client(f"cap_{name}").lower()
    has, cap = window["used"] + row.placed, window["cap"]
    if name == "money":
        return f"money of the month spent: {has} of {cap} leads"
    return f"today's share {has}/{cap}" if name == "even" else f"{name} cap {has}/{cap}"


def _zone(terms: Mapping[str, Any]) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(terms.get("time_zone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")


def month_began(row: RunClient, as_of: dt.datetime) -> dt.datetime:
    """When the client's month of the run began: the limit by company counts from there."""
    bounds = window_bounds("month", as_of, str(_zone(row.terms)))
    return bounds[0] if bounds else as_of
