"""Which seats want which classes of leads, and what the others answer. Pure.

All classes are asked at once, seat by seat: for ten thousand seats and twenty thousand classes
that is a few operations on an array per seat, where a loop over pairs would take minutes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clients.targeting import Rule
from pipeline.seats import CLOSENESS, Seat, closeness
from pipeline.stock import Bools, Classes, Ints, Links, Stock, classify

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Demand:
    """What the seats say of the classes.

    `groups`: the distinct sets of seats (their positions) that want the same; `group_of`: per
    class. `code` and `codes`: per class, what the seat that came closest answers to a lead that
    is left over.
    """

    groups: list[Ints]
    group_of: Ints
    code: Ints
    codes: Sequence[str]


def demand(stock: Stock, classes: Classes, seats: Sequence[Seat]) -> Demand:
    """Ask every seat about every class."""
    asking = _Asking(stock, classes)
    answers = _Answers(len(classes))
    wanted = np.zeros((len(classes), (len(seats) + 7) // 8), np.uint8)
    for first in range(0, len(seats), 8):
        octet = np.zeros((len(classes), 8), np.bool_)
        for n, seat in enumerate(seats[first : first + 8]):
            octet[:, n] = asking.ask(seat, answers)
        wanted[:, first // 8] = np.packbits(octet, axis=1)[:, 0]
    groups, group_of = _groups(wanted, len(seats))
    return Demand(groups=groups, group_of=group_of, code=answers.code, codes=answers.codes)


def refusals(stock: Stock, seat: Seat) -> dict[str, int]:
    """The first rule that keeps leads from one seat → how many; '' for those it may get."""
    oldest = [] if seat.oldest is None else [seat.oldest]
    classes = classify(stock, seat.rules, oldest)
    answers = _Answers(len(classes))
    wanted = _Asking(stock, classes).ask(seat, answers)
    sizes = np.bincount(classes.of_lead, minlength=len(classes))
    found: dict[str, int] = defaultdict(int)
    for number, leads in zip(range(len(classes)), sizes.tolist(), strict=True):
        free = wanted[number] and seat.left != 0
        found["" if free else answers.codes[answers.code[number]]] += leads
    return dict(found)


def _groups(wanted: Bytes, seats: int) -> tuple[list[Ints], Ints]:
    distinct, number = np.unique(wanted, axis=0, return_inverse=True)
    rows = [np.flatnonzero(np.unpackbits(row, count=seats)) for row in distinct]
    return rows, number.ravel().astype(np.int64)


class _Answers:
    """Per class the answer that comes closest; of equally close ones the first seat's."""

    def __init__(self, classes: int) -> None:
        self.codes: list[str] = [CLOSENESS[0]]
        self.code = np.zeros(classes, np.int64)
        self._rank = np.zeros(classes, np.int64)

    def note(self, where: Bools, code: str) -> None:
        rank = closeness(code)
        better = where & (self._rank < rank)
        if better.any():
            if code not in self.codes:
                self.codes.append(code)
            self.code[better] = self.codes.index(code)
            self._rank[better] = rank


class _Asking:
    """What a seat is told of each class; what several seats ask for is worked out once."""

    def __init__(self, stock: Stock, classes: Classes) -> None:
        self._stock = stock
        self._example = classes.example
        self._shared = stock.max_clients[classes.example] > 1
        self._came_in = stock.came_in[classes.example]
        self._had = _by_client(stock.had, classes)
        self._barred = _by_client(stock.barred, classes)
        self._verdicts: dict[Rule, Bools] = {}

    def ask(self, seat: Seat, answers: _Answers) -> Bools:
        """Which classes the seat wants; in this order it says why not, as `seats.why_not` does."""
        open_ = np.ones(len(self._example), np.bool_)
        for code, refused in (
            ("filter", ~self._fits(seat.rules)),
            ("not_exclusive", self._shared if seat.exclusive_only else None),
            ("too_old", None if seat.oldest is None else self._came_in < seat.oldest),
            ("suppressed_client", self._barred.get(seat.client_id)),
            ("dup_client", self._had.get(seat.client_id)),
        ):
            if refused is not None:
                answers.note(open_ & refused, code)
                open_ = open_ & ~refused
        answers.note(open_, seat.when_full)
        return open_

    def _fits(self, rules: Sequence[Rule]) -> Bools:
        found = np.ones(len(self._example), np.bool_)
        for rule in rules:
            if rule not in self._verdicts:
                self._verdicts[rule] = self._verdict(rule)
            found &= self._verdicts[rule]
        return found

    def _verdict(self, rule: Rule) -> Bools:
        texts = self._stock.column(rule.field)
        codes, number = np.unique(texts.code[self._example], return_inverse=True)
        verdicts = rule.accepts_many([texts.values[code] for code in codes])
        return np.array(verdicts, np.bool_)[number.ravel()]


def _by_client(links: Links, classes: Classes) -> Mapping[int, Bools]:
    """Client → the classes whose leads it is linked with; all leads of a class are alike in it."""
    found: dict[int, Bools] = defaultdict(lambda: np.zeros(len(classes), np.bool_))
    for position, client_id in zip(links.position.tolist(), links.client_id.tolist(), strict=True):
        found[client_id][classes.of_lead[position]] = True
    return dict(found)
