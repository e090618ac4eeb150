"""At most so many leads of one company for a client (spec D4)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipeline.allocation.flow import Bools, Ints
from pipeline.allocation.pools import Claims, numbered


def _none() -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Had:
    """How many leads of a company a client got before, in the window of its limit."""

    client_id: Ints = field(default_factory=_none)
    domain: Ints = field(default_factory=_none)
    leads: Ints = field(default_factory=_none)

    def rest(self, claims: Claims, seat: Ints, domain: Ints) -> Ints:
        """How many more of the company each seat may have; the seats are limited ones."""
        had = self._of(claims.client_id[seat], domain)
        rest: Ints = np.maximum(claims.most_of_one[seat] - had, 0)
        return rest

    def _of(self, client_id: Ints, domain: Ints) -> Ints:
        if not len(self.leads):
            return np.zeros(len(client_id), np.int64)
        first, number = numbered(
            np.concatenate([self.client_id, client_id]), np.concatenate([self.domain, domain])
        )
        mine, asked = number[: len(self.leads)], number[len(self.leads) :]
        return np.bincount(mine, self.leads, minlength=len(first)).astype(np.int64)[asked]


def too_many(claims: Claims, had: Had, seat: Ints, domain: Ints) -> Bools:
    """Which pairs are beyond a limit, where the ones to be kept first stand first."""
    limited = np.flatnonzero((domain >= 0) & (claims.most_of_one[seat] >= 0))
    beyond = np.zeros(len(seat), np.bool_)
    if not len(limited):
        return beyond
    key = domain[limited] * len(claims) + seat[limited]
    order = np.argsort(key, kind="stable")
    starts = np.append(True, np.diff(key[order]) != 0)
    first = np.flatnonzero(starts)
    whose = np.cumsum(starts) - 1
    heads = limited[order][first]
    rest = had.rest(claims, seat[heads], domain[heads])
    beyond[limited[order]] = np.arange(len(order)) - first[whose] >= rest[whose]
    return beyond


def may_bind(claims: Claims, had: Had, domain: Ints) -> Bools:
    """Per company, and for nobody's at the end: whether a client could be given too many of it."""
    binding = np.zeros(int(domain.max(initial=-1)) + 2, np.bool_)
    limits = claims.most_of_one[claims.most_of_one >= 0]
    if len(limits):
        leads = np.bincount(domain + 1)[1:]
        binding[:-1] = leads > limits.min()
        binding[had.domain[had.domain < len(leads)]] = True
    return binding
