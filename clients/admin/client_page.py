"""What stands above a client's form: what it had, what is left, and what keeps it from more."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any

from clients.models import WINDOWS, Client
from clients.targeting import Rule, contradictions
from clients.terms import CarryOver, Pacing
from deliveries import outbox
from deliveries.promises import Promise, promises_of
from pipeline import matching, report
from pipeline.matching import Preview
from pipeline.reasons import OF_A_CLIENT, of_a_client
from pipeline.shown import day, number

_A_WINDOW = {"day": "a day", "week": "a week", "month": "a month", "total": "in all"}
LAST_DELIVERIES = 5
LAST_RUNS = 7
_TITLES = {
    "day": "Today",
    "week": "This week",
    "month": "This month",
    "total": "In all",
    "even": "Today's share",
    "money": "For this month's money",
}


def client_context(client: Client, *, now: dt.datetime) -> dict[str, Any]:
    """What a client has had and may still get, and what its rules would take."""
    promise = promises_of([client], now)[client.pk]
    preview = matching.preview(client.rules())
    return {
        "client": client,
        "promise": promise,
        "windows": [{"title": _TITLES[each.name], "window": each} for each in promise.windows],
        "closed": closed_in_words(client, promise),
        "forecast": forecast_in_words(promise),
        "warnings": [*warnings(client, preview), *refused_in_words(client)],
        "preview": preview,
        "last_runs": client.run_clients.select_related("run").order_by("-run")[:LAST_RUNS],
        "drafts": report.split_in(client.drafts.all()),
        "to_review": client.drafts.waiting().count(),
        "deliveries": client.deliveries.select_related("run").order_by("-pk")[:LAST_DELIVERIES],
    }


def refused_in_words(client: Client) -> list[str]:
    """Addresses at which the mail server refuses the client's mails."""
    return [
        f"Mails to {address} are refused: {said} Correct the address."
        for address, said in outbox.refused_addresses(client).items()
    ]


def stock_context(client: Client, *, now: dt.datetime) -> dict[str, Any]:
    """How many leads in stock each rule keeps from the client; each lead under its first."""
    from pipeline import market  # noqa: PLC0415  (pandas)

    found = market.refusals_of(client, now)
    rows = [
        {"code": code or "fits", "leads": leads, "words": _of_the_stock(code)}
        for code, leads in sorted(found.items(), key=lambda each: -each[1])
    ]
    return {"client": client, "leads": sum(found.values()), "rows": rows}


def _of_the_stock(code: str) -> str:
    ours = {
        "": "It wants them and has room: the next run may give them to it, or to whom they are due",
        "filter": "Its targeting rules refuse them",
        "not_exclusive": "It takes exclusive leads only, and these are shared",
        "too_old": "They are older than it takes them",
        "suppressed_client": "They are suppressed for it",
        "dup_client": "It had these people before",
    }
    return ours.get(code) or of_a_client(code)


def closed_in_words(client: Client, promise: Promise) -> str:
    """Why it gets nothing now, with the day on which that ends or began where there is one."""
    dated = {
        "paused": ("It is paused until", client.paused_until),
        "not_started": ("It starts on", client.starts_on),
        "ended": ("It ended on", client.ends_on),
    }
    words, on = dated.get(promise.closed, ("", None))
    if on is not None:
        return f"{words} {day(on)}."
    return f"{OF_A_CLIENT[promise.closed]}." if promise.closed else ""


def forecast_in_words(promise: Promise) -> str:
    """What the month comes to at the pace so far, and what its cap lacks then."""
    month = promise.window("month")
    expected = promise.by_month_end
    if expected is None:
        return "It has had no delivery day this month, so its end cannot be told yet."
    words = f"At the pace so far {number(expected)} by the end of the month"
    if month.cap is None:
        return f"{words}."
    lacks = max(month.cap - expected, 0)
    return f"{words}, {number(lacks)} fewer than its cap." if lacks else f"{words}: its whole cap."


def warnings(client: Client, preview: Preview) -> list[str]:
    """What can hardly be meant, in a sentence each."""
    month, price = client.cap("month"), client.plan.price_cents
    found = {
        "It has no delivery day, so nothing is ever delivered.": not client.delivery_days,
        "Pacing it evenly needs a cap for the month, or a money limit: there is none.": (
            client.pacing == Pacing.EVEN and month is None and client.money_limit_cents is None
        ),
        "Carrying a month over needs a cap for the month: there is none.": (
            client.carry_over != CarryOver.NONE and month is None
        ),
        "Its leads cost nothing, so the money limit has no effect.": bool(
            client.money_limit_cents and not price
        ),
    }
    return [
        *[words for words, holds in found.items() if holds],
        *caps_without_effect(client),
        *rule_warnings(client.rules(), preview),
    ]


def caps_without_effect(client: Client) -> list[str]:
    """Caps above that of the next longer window which has one."""
    caps = [(_A_WINDOW[each], cap) for each in WINDOWS if (cap := client.cap(each)) is not None]
    return [
        f"Its cap of {number(cap)} {window} is more than its {number(longer)} {beyond}."
        for (window, cap), (beyond, longer) in itertools.pairwise(caps)
        if cap > longer > 0
    ]


def rule_warnings(rules: Sequence[Rule], preview: Preview) -> list[str]:
    empty = [
        f"{field} is empty in all of the last {number(preview.of)} leads: is it a column's name?"
        for field in preview.empty_fields
    ]
    return [*contradictions(rules), *empty]
