"""Who gets which lead: stock and seats in, pairs out. Pure.

Puts leads that nobody could tell apart into classes, asks every seat which classes it wants, and
has the exact solver (`pipeline.allocation`) place them; then says for each lead left over why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.allocation.domains import Had
from pipeline.allocation.leads import Leads
from pipeline.allocation.leads import allocate as solve
from pipeline.allocation.problem import Problem
from pipeline.demand import Demand, demand
from pipeline.seats import CAP_DOMAIN, Seat
from pipeline.stock import Bools, Classes, Ints, Stock, classify


@dataclass(frozen=True, kw_only=True, eq=False)
class Allocation:
    """Pairs, and the leads left over: `codes[code[i]]` says why `left_id[i]` stays."""

    lead_id: Ints
    client_id: Ints
    left_id: Ints
    code: Ints
    codes: Sequence[str]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(lead, client), in order."""
        return sorted(zip(self.lead_id.tolist(), self.client_id.tolist(), strict=True))

    @property
    def leftover(self) -> dict[int, str]:
        """Lead → why it stays."""
        reasons = [self.codes[code] for code in self.code.tolist()]
        return dict(zip(self.left_id.tolist(), reasons, strict=True))

    @property
    def reasons(self) -> dict[str, int]:
        """Why leads stay → how many."""
        counts = np.bincount(self.code, minlength=len(self.codes)).tolist()
        return {code: n for code, n in zip(self.codes, counts, strict=True) if n}

    @property
    def per_client(self) -> dict[int, int]:
        """Client id → how many leads it is given; only those that get any."""
        clients, counts = np.unique(self.client_id, return_counts=True)
        return dict(zip(clients.tolist(), counts.tolist(), strict=True))

    @property
    def leads(self) -> int:
        """How many leads are given to somebody."""
        return len(np.unique(self.lead_id))


def place(stock: Stock, seats: Sequence[Seat], *, had: Had | None = None) -> Allocation:
    """Place the leads, oldest first. The same in any order gives the same pairs.

    As many drafts are used as can be without another client's loss. `had`: how many leads of a
    company the seats with such a limit have got in its window.
    """
    seats = sorted(seats, key=lambda seat: seat.client_id)
    classes = classify(
        stock,
        (rule for seat in seats for rule in seat.rules),
        (seat.oldest for seat in seats if seat.oldest is not None),
    )
    wanted = demand(stock, classes, seats)
    clients = np.array([seat.client_id for seat in seats], np.int64)
    found = solve(
        Problem(
            seats=seats,
            groups=[clients[group] for group in wanted.groups],
            group_of=wanted.group_of,
            max_clients=stock.max_clients[classes.example],
        ),
        Leads(
            lead_id=stock.lead_id,
            class_of=classes.of_lead,
            domain=stock.company,
            drafted_lead=stock.lead_id[stock.drafted.position],
            drafted_client=stock.drafted.client_id,
        ),
        had=had,
    )
    return _allocation(stock, classes, wanted, seats, found.lead_id, found.client_id)


def _allocation(
    stock: Stock,
    classes: Classes,
    wanted: Demand,
    seats: Sequence[Seat],
    lead_id: Ints,
    client_id: Ints,
) -> Allocation:
    stays = ~np.isin(stock.lead_id, lead_id)
    codes = [*wanted.codes, CAP_DOMAIN]
    # A lead that somebody with room wanted was kept from it by nothing but the limit by company.
    code = np.where(_has_room(wanted, seats, client_id), len(codes) - 1, wanted.code)
    return Allocation(
        lead_id=lead_id,
        client_id=client_id,
        left_id=stock.lead_id[stays],
        code=code[classes.of_lead[stays]],
        codes=codes,
    )


def _has_room(wanted: Demand, seats: Sequence[Seat], client_id: Ints) -> Bools:
    """Per class whether a seat that wants it could be given more."""
    clients, counts = np.unique(client_id, return_counts=True)
    given = dict(zip(clients.tolist(), counts.tolist(), strict=True))
    open_ = np.array(
        [seat.left is None or given.get(seat.client_id, 0) < seat.left for seat in seats], np.bool_
    )
    by_group = np.array([bool(open_[group].any()) for group in wanted.groups], np.bool_)
    return by_group[wanted.group_of] if len(by_group) else np.zeros(len(wanted.group_of), np.bool_)
