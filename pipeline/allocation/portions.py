"""The leads of a pool by who has drafts for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.allocation.flow import Ints
from pipeline.allocation.pools import Claims, Pools
from pipeline.allocation.problem import Drafted


@dataclass(frozen=True, kw_only=True, eq=False)
class Portions:
    """Leads of one pool with drafts for the same seats; pairs (portion, seat) are sorted."""

    of_class: Ints
    pool: Ints
    size: Ints
    pair_portion: Ints
    pair_seat: Ints

    def __len__(self) -> int:
        return len(self.size)

    @property
    def drafts(self) -> Ints:
        """How many seats have drafts for the leads of each portion."""
        return np.bincount(self.pair_portion, minlength=len(self))


def portions(found: Pools, claims: Claims, sizes: Ints, drafted: Drafted) -> Portions:
    """Classes of one pool with the same drafts, as one. Drafts that no seat may use are nothing."""
    seat = claims.find(drafted.client_id)
    usable = found.at(found.of_class[drafted.class_of], seat, len(claims)) >= 0
    pairs = np.unique(drafted.class_of[usable] * max(len(claims), 1) + seat[usable])
    class_of, seat = np.divmod(pairs, max(len(claims), 1))
    has_pool = np.flatnonzero((found.of_class >= 0) & (sizes > 0))
    pool = found.of_class[has_pool]
    sets = sets_of(class_of, seat, len(found.of_class))
    keys, first, number = np.unique(
        pool * (sets.max(initial=0) + 1) + sets[has_pool], return_index=True, return_inverse=True
    )
    of_class = np.full(len(found.of_class), -1)
    of_class[has_pool] = number.ravel()
    heads = np.zeros(len(found.of_class), np.bool_)
    heads[has_pool[first]] = True
    chosen = heads[class_of]
    pair = np.lexsort((seat[chosen], of_class[class_of[chosen]]))
    return Portions(
        of_class=of_class,
        pool=pool[first],
        size=np.bincount(number.ravel(), sizes[has_pool], minlength=len(keys)).astype(np.int64),
        pair_portion=of_class[class_of[chosen]][pair],
        pair_seat=seat[chosen][pair],
    )


def sets_of(owner: Ints, member: Ints, owners: int) -> Ints:
    """A number per owner, equal where its members are; pairs come once, sorted by owner, then member.

    0 is nobody's set. The numbers depend on the sets that occur, not on who has them.
    """
    sets = np.zeros(owners, np.int64)
    if not len(owner):
        return sets
    place = np.arange(len(owner)) - np.searchsorted(owner, owner)
    for turn in range(int(place.max()) + 1):
        whose, what = owner[place == turn], member[place == turn]
        _, number = np.unique(sets[whose] * (member.max() + 1) + what, return_inverse=True)
        sets[whose] = sets.max() + 1 + number.ravel()
    return sets
