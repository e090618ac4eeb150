"""The leads on offer as columns of numbers, and the classes they fall into. Pure.

A million leads are a few arrays here, never a million objects. Two leads are of one class where
no seat could tell them apart: every rule says the same of both, the same clients had them or may
not have them, and they are as old for every seat and for as many clients.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from clients.targeting import Rule

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def _none() -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Texts:
    """A column of texts: the distinct ones, and which of them each lead has."""

    values: Sequence[str]
    code: Ints

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        values = sorted(set(texts))
        number = {value: n for n, value in enumerate(values)}
        return cls(values=values, code=np.array([number[text] for text in texts], np.int64))


@dataclass(frozen=True, kw_only=True, eq=False)
class Links:
    """Pairs of a lead's position and a client."""

    position: Ints = field(default_factory=_none)
    client_id: Ints = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.position)

    def only(self, kept: Bools) -> Links:
        """Those of the kept leads, at the positions that these have once the others are gone."""
        stays = kept[self.position]
        position = (np.cumsum(kept) - 1)[self.position[stays]]
        return Links(position=position.astype(np.int64), client_id=self.client_id[stays])


@dataclass(frozen=True, kw_only=True, eq=False)
class Stock:
    """Leads, oldest first. `came_in`: seconds since 1970; `company`: a number each, -1 for none.

    `had`: clients that ever had this person; `barred`: clients that may not have it; `drafted`:
    clients for which words are written.
    """

    lead_id: Ints
    max_clients: Ints
    came_in: Ints
    texts: Mapping[str, Texts] = field(default_factory=dict)
    company: Ints = field(default_factory=_none)
    had: Links = field(default_factory=Links)
    barred: Links = field(default_factory=Links)
    drafted: Links = field(default_factory=Links)

    def __len__(self) -> int:
        return len(self.lead_id)

    def only(self, kept: Bools) -> Stock:
        """The same without the other leads."""
        return Stock(
            lead_id=self.lead_id[kept],
            max_clients=self.max_clients[kept],
            came_in=self.came_in[kept],
            texts={
                name: Texts(values=texts.values, code=texts.code[kept])
                for name, texts in self.texts.items()
            },
            company=self.company[kept] if len(self.company) else self.company,
            had=self.had.only(kept),
            barred=self.barred.only(kept),
            drafted=self.drafted.only(kept),
        )

    def column(self, name: str) -> Texts:
        """The texts of a field; where nothing is known of it, all are ''."""
        return self.texts.get(name) or Texts(values=[""], code=np.zeros(len(self), np.int64))


@dataclass(frozen=True, kw_only=True, eq=False)
class Classes:
    """The class of each lead, and per class the position of a lead that stands for it."""

    of_lead: Ints
    example: Ints

    def __len__(self) -> int:
        return len(self.example)


def classify(stock: Stock, rules: Iterable[Rule], oldest: Iterable[int]) -> Classes:
    """Number the classes that these rules and these limits of age (`came_in` or later) tell apart."""
    of_lead = _pressed(stock.max_clients)
    limits = np.unique(np.array(list(oldest), np.int64))
    of_lead = _finer(of_lead, np.searchsorted(limits, stock.came_in, side="right"))
    for name, asked in sorted(_by_field(rules).items()):
        texts = stock.column(name)
        of_lead = _finer(of_lead, _patterns(texts, asked)[texts.code])
    of_lead = _finer(of_lead, _histories(stock))
    _, example, of_lead = np.unique(of_lead, return_index=True, return_inverse=True)
    return Classes(of_lead=of_lead.ravel().astype(np.int64), example=example)


def _by_field(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in dict.fromkeys(rules):
        found[rule.field].append(rule)
    return found


def _patterns(texts: Texts, rules: Sequence[Rule]) -> Ints:
    """Per distinct text a number: equal where every rule says the same of both."""
    number = np.zeros(len(texts.values), np.int64)
    for rule in rules:
        number = _finer(number, np.array(rule.accepts_many(texts.values), np.int64))
    return number


def _histories(stock: Stock) -> Ints:
    """Per lead a number: equal where the same clients had both and the same may have neither."""
    members: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for kind, links in enumerate((stock.had, stock.barred)):
        for position, client_id in zip(
            links.position.tolist(), links.client_id.tolist(), strict=True
        ):
            members[position].append((kind, client_id))
    number = np.zeros(len(stock), np.int64)
    known: dict[tuple[tuple[int, int], ...], int] = {}
    for position, found in members.items():
        number[position] = known.setdefault(tuple(sorted(set(found))), len(known) + 1)
    return number


def _pressed(numbers: Ints) -> Ints:
    return np.unique(numbers, return_inverse=True)[1].ravel().astype(np.int64)


def _finer(number: Ints, by: Ints) -> Ints:
    """A number for each combination of two, without gaps."""
    if not len(number) or by.max(initial=0) == by.min(initial=0):
        return number
    return _pressed(number * (int(by.max()) + 1) + by)
