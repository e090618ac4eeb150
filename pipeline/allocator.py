"""Who gets which lead: leads and seats in, pairs out. Pure.

Groups leads that are equal in everything that matters into classes and has the exact solver
(`pipeline.allocation`) place them; then says for each lead left over why it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from clients.targeting import Rule, first_refusal
from pipeline.allocation import problem
from pipeline.allocation.leads import Leads
from pipeline.allocation.leads import allocate as solve


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

    @property
    def kind(self) -> tuple[object, ...]:
        """Equal for leads that nobody needs to tell apart."""
        values = tuple(sorted(self.values.items()))
        return values, self.max_clients, self.taken_by, self.suppressed_for, self.too_old_for


@dataclass(frozen=True, kw_only=True)
class Seat(problem.Seat):
    """A client that may be given leads; `tightest` names the cap that leaves it the least.

    `full` is the code of a lead that comes when nothing is left; blank: the tightest cap's.
    """

    rules: tuple[Rule, ...] = ()
    tightest: str = "total"
    full: str = ""

    @property
    def when_full(self) -> str:
        """The code of a lead that it wanted and has no room for."""
        return self.full or f"cap_{self.tightest}"


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
OUTBID = "outbid"


def place(
    offers: Sequence[Offer], seats: Sequence[Seat], drafted: Collection[tuple[int, int]] = ()
) -> Allocation:
    """Place the offers, oldest first. Same input in any order, same pairs.

    `drafted`: pairs (lead, client) for which words are written; as many of them are used as can
    be without another client's loss.
    """
    offers = sorted(offers, key=lambda offer: offer.lead_id)
    kinds: dict[tuple[object, ...], int] = {}
    class_of = [kinds.setdefault(offer.kind, len(kinds)) for offer in offers]
    examples = dict(zip(reversed(class_of), reversed(offers), strict=True))
    in_order = [examples[kind] for kind in range(len(kinds))]
    pairs = _solved(offers, class_of, in_order, seats, sorted(drafted))
    placed = {lead_id for lead_id, _ in pairs}
    codes = [_closest(example, seats) for example in in_order]
    return Allocation(
        pairs=pairs,
        leftover={
            offer.lead_id: codes[kind]
            for offer, kind in zip(offers, class_of, strict=True)
            if offer.lead_id not in placed
        },
    )


def _solved(
    offers: Sequence[Offer],
    class_of: Sequence[int],
    examples: Sequence[Offer],
    seats: Sequence[Seat],
    drafted: Sequence[tuple[int, int]],
) -> list[tuple[int, int]]:
    found = solve(
        problem.Problem(
            seats=seats,
            groups=[
                [seat.client_id for seat in seats if not why_not(offer, seat)] for offer in examples
            ],
            group_of=np.arange(len(examples)),
            max_clients=np.array([offer.max_clients for offer in examples], np.int64),
        ),
        Leads(
            lead_id=np.array([offer.lead_id for offer in offers], np.int64),
            class_of=np.array(class_of, np.int64),
            drafted_lead=np.array([lead_id for lead_id, _ in drafted], np.int64),
            drafted_client=np.array([client_id for _, client_id in drafted], np.int64),
        ),
    )
    return list(zip(found.lead_id.tolist(), found.client_id.tolist(), strict=True))


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


def explain(offer: Offer, seat: Seat, found: Allocation) -> str:
    """Why the client did not get the lead; '' where it did.

    A client that wanted the lead and has room for more was outbid: the lead went to a client of
    a higher priority or less filled, or room was made for one elsewhere.
    """
    if (offer.lead_id, seat.client_id) in found.pairs:
        return ""
    refusal = why_not(offer, seat)
    if refusal:
        return refusal
    is_full = seat.left is not None and per_client(found.pairs)[seat.client_id] >= seat.left
    return seat.when_full if is_full else OUTBID


def _closest(offer: Offer, seats: Sequence[Seat]) -> str:
    """The answer of the client that came closest to a lead that nobody got.

    A client that wants it is full then: with room left, it would have been given the lead.
    """
    answers = [why_not(offer, seat) or seat.when_full for seat in seats]
    return max(["no_client", *answers], key=_closeness)


def _closeness(code: str) -> int:
    return _CLOSENESS.index(code) if code in _CLOSENESS else len(_CLOSENESS)


def per_client(pairs: Sequence[tuple[int, int]]) -> Counter[int]:
    """Client id → how many leads it is given."""
    return Counter(client_id for _, client_id in pairs)
