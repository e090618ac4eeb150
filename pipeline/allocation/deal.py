"""Which lead goes to which seat: oldest first, and where there is a draft to whom it was written."""

from __future__ import annotations

import numpy as np

from pipeline.allocation.flow import Ints, arcs, cheapest_flow, join
from pipeline.allocation.keeping import Units, units
from pipeline.allocation.pools import Pools
from pipeline.allocation.portions import Portions


def by_portion(
    found: Pools, split: Portions, kept: Units, loose: Units, *, seats: int
) -> tuple[Units, Units]:
    """Shared pools that have drafts are dealt portion by portion, so that nobody meets a lead twice.

    The totals of each pool and seat stay; within them as many drafts are used as can be.
    """
    with_drafts = np.zeros(len(found), np.bool_)
    with_drafts[split.pool[split.pair_portion]] = True
    chosen = with_drafts & (found.clients_each > 1)
    if not chosen.any():
        return kept, loose
    moved, stays = chosen[split.pool[kept.source]], chosen[loose.source]
    rows = units(
        np.concatenate([split.pool[kept.source[moved]], loose.source[stays]]),
        np.concatenate([kept.seat[moved], loose.seat[stays]]),
        np.concatenate([kept.leads[moved], loose.leads[stays]]),
        seats=seats,
    )
    dealt = _transport(found, split, rows, np.flatnonzero(chosen[split.pool]), seats)
    return (
        units(
            np.concatenate([kept.source[~moved], dealt.source]),
            np.concatenate([kept.seat[~moved], dealt.seat]),
            np.concatenate([kept.leads[~moved], dealt.leads]),
            seats=seats,
        ),
        Units(source=loose.source[~stays], seat=loose.seat[~stays], leads=loose.leads[~stays]),
    )


def _transport(found: Pools, split: Portions, rows: Units, portion: Ints, seats: int) -> Units:
    """Rows (pool, seat, leads) spread over the portions of the pool at most drafts."""
    begin = np.searchsorted(rows.source, split.pool[portion])
    count = np.searchsorted(rows.source, split.pool[portion], side="right") - begin
    tail = np.repeat(np.arange(len(portion)), count)
    row = np.repeat(begin - (np.cumsum(count) - count), count) + np.arange(len(tail))
    head = len(portion) + row
    spare = len(portion) + len(rows)
    has_draft = np.isin(
        portion[tail] * max(seats, 1) + rows.seat[row],
        split.pair_portion * max(seats, 1) + split.pair_seat,
    )
    supply = split.size[portion] * found.clients_each[split.pool[portion]]
    flow = cheapest_flow(
        join(
            arcs(tail, head, split.size[portion[tail]]),
            arcs(np.arange(len(portion)), spare, supply),
        ),
        cost=np.concatenate([-has_draft.astype(np.int64), np.zeros(len(portion), np.int64)]),
        supply=np.concatenate([supply, -rows.leads, [rows.leads.sum() - supply.sum()]]),
    )
    return units(portion[tail], rows.seat[row], flow[: len(tail)], seats=seats)


def deal(
    found: Pools, split: Portions, kept: Units, loose: Units, class_of: Ints
) -> tuple[Ints, Ints]:
    """Positions of leads and the seats they go to; `class_of` lists the leads oldest first."""
    portion = split.of_class[class_of]
    lead, seat = _dealt(portion, kept)
    pool = found.of_class[class_of]
    pool[lead] = -1
    others, their_seat = _dealt(pool, loose)
    return np.concatenate([lead, others]), np.concatenate([seat, their_seat])


def _dealt(source_of: Ints, given: Units) -> tuple[Ints, Ints]:
    """Seat after seat takes the next leads of a source; after the last comes the first again.

    A seat takes no more leads than the source has, so that it never meets one twice.
    """
    if not len(given):
        none = np.zeros(0, np.int64)
        return none, none
    asked = np.zeros(max(given.source.max(), source_of.max()) + 2, np.bool_)
    asked[given.source] = True
    lead = np.flatnonzero(asked[source_of])
    lead = lead[np.argsort(source_of[lead], kind="stable")]
    begin = np.searchsorted(source_of[lead], given.source)
    size = np.searchsorted(source_of[lead], given.source, side="right") - begin
    before = np.cumsum(given.leads) - given.leads
    first_of_source = np.searchsorted(given.source, given.source)
    shift = before - before[first_of_source]
    row = np.repeat(np.arange(len(given)), given.leads)
    turn = np.arange(len(row)) - before[row] + shift[row]
    return lead[begin[row] + turn % size[row]], given.seat[row]
