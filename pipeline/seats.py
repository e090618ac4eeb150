"""A client that may be given leads, and what keeps a lead from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clients.targeting import Rule, first_refusal
from pipeline.allocation import problem

# The further a client got with a lead, the more its answer says about the lead.
CLOSENESS = (
    "no_client", "filter", "not_exclusive", "too_old", "suppressed_client", "dup_client",
    "ended", "not_started", "no_time_zone", "paused", "no_schedule",
)  # fmt: skip
CAP_DOMAIN = "cap_domain"  # the client has room, but no more for leads of this company
OUTBID = "outbid"  # the lead went where it was due before


@dataclass(frozen=True, kw_only=True)
class Seat(problem.Seat):
    """A client that may be given leads; `tightest` names the cap that leaves it the least.

    `oldest`: it takes leads that came in at this second since 1970 or later. `full` is the code
    of a lead that comes when nothing is left; blank: the tightest cap's.
    """

    rules: tuple[Rule, ...] = ()
    oldest: int | None = None
    tightest: str = "total"
    full: str = ""

    @property
    def when_full(self) -> str:
        """The code of a lead that it wants and has no room for."""
        return self.full or f"cap_{self.tightest}"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One lead, to be explained. `had`: clients that ever had this person."""

    values: Mapping[str, str]
    max_clients: int = 1
    came_in: int = 0
    had: frozenset[int] = frozenset()
    barred: frozenset[int] = frozenset()


def why_not(offer: Offer, seat: Seat) -> str:
    """The first rule that keeps the lead from the client, as a code; '' where none does."""
    broken = {
        "filter": first_refusal(seat.rules, offer.values) is not None,
        "not_exclusive": seat.exclusive_only and offer.max_clients > 1,
        "too_old": seat.oldest is not None and offer.came_in < seat.oldest,
        "suppressed_client": seat.client_id in offer.barred,
        "dup_client": seat.client_id in offer.had,
    }
    return next((code for code, broke in broken.items() if broke), "")


def closeness(code: str) -> int:
    """How far a client got with a lead that says this; a full one came closest."""
    return CLOSENESS.index(code) if code in CLOSENESS else len(CLOSENESS)
