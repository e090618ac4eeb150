"""What each seat should get of an amount if no lead were scarce.

The first tier is filled, then the next; in the tier where the amount ends, each next lead goes
to the seat with the lowest (already + given) / weight; where two are alike, to the one whose turn
comes first.
Exact: a quotient of integers up to 2**26 in double precision is as good as the fraction, for two
different ones differ by more than 2**-52 of their size, and equal ones round alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.allocation.flow import Bools, Ints

Floats = npt.NDArray[np.float64]

TIERS = 4  # 0 is the network's own: what must be met before any client


@dataclass(frozen=True, kw_only=True, eq=False)
class Takers:
    """Who shares: of each a block's number, tier, leads it had, room for more, weight, and turn."""

    block: Ints
    tier: Ints
    start: Ints
    room: Ints
    weight: Ints
    turn: Ints

    def take(self, chosen: Bools) -> Takers:
        return Takers(
            block=self.block[chosen],
            tier=self.tier[chosen],
            start=self.start[chosen],
            room=self.room[chosen],
            weight=self.weight[chosen],
            turn=self.turn[chosen],
        )

    def below(self, level: Floats) -> Ints:
        """How many leads each gets before its filling reaches the level of its block."""
        at = level[self.block]
        count = np.ceil(at * self.weight)
        count -= (count - 1) / self.weight >= at
        count += count / self.weight < at
        more: Ints = np.clip(count.astype(np.int64) - self.start, 0, self.room)
        return more


def targets(takers: Takers, amount: Ints) -> Ints:
    """For each taker its part of its block's amount."""
    blocks = len(amount)
    level = takers.block * TIERS + takers.tier
    wanted = _sums(level, takers.room, blocks * TIERS).reshape(blocks, TIERS)
    before = np.cumsum(wanted, axis=1) - wanted
    given = np.clip(amount[:, None] - before, 0, wanted)
    part = np.where((given == wanted).ravel()[level], takers.room, 0)
    scarce = ((given > 0) & (given < wanted)).ravel()[level]
    if scarce.any():
        left = np.where(given < wanted, given, 0).sum(axis=1)
        part[scarce] = _share(takers.take(scarce), left)
    return part


def _share(takers: Takers, amount: Ints) -> Ints:
    """Fill alike up to the highest level that the amount allows, then lead by lead."""
    low = np.zeros(len(amount))
    high = np.zeros(len(amount))
    np.maximum.at(high, takers.block, (takers.start + takers.room) / takers.weight)
    at_low, at_high = takers.below(low), takers.below(high)
    while (at_high - at_low > 1).any():
        middle = (low + high) / 2
        at_middle = takers.below(middle)
        fits = _sums(takers.block, at_middle, len(amount)) <= amount
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        raised = fits[takers.block]
        at_low = np.where(raised, at_middle, at_low)
        at_high = np.where(raised, at_high, at_middle)
    return at_low + _lowest(takers, at_low, at_high > at_low, amount)


def _lowest(takers: Takers, given: Ints, more: Bools, amount: Ints) -> Ints:
    """One more lead for those with the lowest filling, until the amount is used up."""
    left = amount - _sums(takers.block, given, len(amount))
    who = np.flatnonzero(more)
    filling = (takers.start + given)[who] / takers.weight[who]
    who = who[np.lexsort((takers.turn[who], filling, takers.block[who]))]
    block = takers.block[who]
    place = np.arange(len(who)) - np.searchsorted(block, block)
    extra = np.zeros(len(given), np.int64)
    extra[who] = place < left[block]
    return extra


def _sums(group: Ints, numbers: Ints, groups: int) -> Ints:
    return np.bincount(group, numbers, minlength=groups).astype(np.int64)
