"""Who gets which lead: leads and seats in, pairs out. Pure.

By priority, then by seat: each client takes the oldest leads that it may have, up to what its
caps leave. A lead with room for several clients may be taken once by each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.targeting import Rule, first_refusal


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A lead that may be placed. `taken_by`: clients that ever had this person.

    `too_old_for`: clients that take only fresher leads.
    """

    lead_id: int
    values: Mapping[str, str]
    max_clients: int = 1
    taken_by: frozenset[int] = frozenset()
    suppressed_for: frozenset[int] = frozenset()
    too_old_for: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A client that may be given leads; `left` None is unlimited.

    `full` is the code of a lead that comes when nothing is left; blank: the tightest cap's.
    """

    client_id: int
    priority: int
    left: int | None
    rules: tuple[Rule, ...] = ()
    exclusive_only: bool = True
    tightest: str = "total"
    full: str = ""


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """Pairs (lead, client), and for each lead left over the code that says why."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    leftover: dict[int, str] = field(default_factory=dict)


# The further a client got with a lead, the more its answer says about the lead.
_CLOSENESS = (
    "no_client", "filter", "not_exclusive", "too_old", "suppressed_client", "dup_client",
    "ended", "not_started", "no_time_zone", "paused", "no_schedule",
)  # fmt: skip


def allocate(offers: Sequence[Offer], seats: Sequence[Seat]) -> Allocation:
    """Place the offers. Same input in any order, same pairs: seats and leads are sorted here."""
    offers = sorted(offers, key=lambda offer: offer.lead_id)
    room = {offer.lead_id: offer.max_clients for offer in offers}
    found = Allocation()
    refusals: dict[int, list[str]] = {offer.lead_id: ["no_client"] for offer in offers}
    for seat in sorted(seats, key=lambda seat: (seat.priority, seat.client_id)):
        left = len(offers) if seat.left is None else seat.left
        for offer in offers:
            if room[offer.lead_id] < 1:
                continue
            refusal = why_not(offer, seat) or ("" if left else seat.full or f"cap_{seat.tightest}")
            if refusal:
                refusals[offer.lead_id].append(refusal)
                continue
            found.pairs.append((offer.lead_id, seat.client_id))
            room[offer.lead_id] -= 1
            left -= 1
    placed = {lead_id for lead_id, _ in found.pairs}
    for lead_id, codes in refusals.items():
        if lead_id not in placed:
            found.leftover[lead_id] = max(codes, key=_closeness)
    return found


def why_not(offer: Offer, seat: Seat) -> str:
    """The first rule that keeps the lead from the client, as a code; '' where none does."""
    broken = {
        "filter": first_refusal(seat.rules, offer.values) is not None,
        "not_exclusive": seat.exclusive_only and offer.max_clients > 1,
        "too_old": seat.client_id in offer.too_old_for,
        "suppressed_client": seat.client_id in offer.suppressed_for,
        "dup_client": seat.client_id in offer.taken_by,
    }
    return next((code for code, broke in broken.items() if broke), "")


def _closeness(code: str) -> int:
    return _CLOSENESS.index(code) if code in _CLOSENESS else len(_CLOSENESS)


def per_client(pairs: Sequence[tuple[int, int]]) -> Counter[int]:
    """Client id → how many leads it is given."""
    return Counter(client_id for _, client_id in pairs)
