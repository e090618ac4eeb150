"""A stock of a few leads, written down one by one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.seats import Offer
from pipeline.stock import Links, Stock, Texts


@dataclass(frozen=True, kw_only=True)
class Item(Offer):
    lead_id: int
    company: str = ""


def stock_of(items: Sequence[Item], drafted: Collection[tuple[int, int]] = ()) -> Stock:
    """The items as columns, the oldest (lowest id) first."""
    items = sorted(items, key=lambda item: item.lead_id)
    position = {item.lead_id: n for n, item in enumerate(items)}
    names = {name for item in items for name in item.values}
    company = Texts.of([item.company for item in items])
    return Stock(
        lead_id=np.array([item.lead_id for item in items], np.int64),
        max_clients=np.array([item.max_clients for item in items], np.int64),
        came_in=np.array([item.came_in for item in items], np.int64),
        texts={name: Texts.of([item.values.get(name, "") for item in items]) for name in names},
        company=np.array(
            [-1 if not item.company else company.code[n] for n, item in enumerate(items)], np.int64
        ),
        had=_links((n, client) for n, item in enumerate(items) for client in item.had),
        barred=_links((n, client) for n, item in enumerate(items) for client in item.barred),
        drafted=_links((position[lead], client) for lead, client in drafted if lead in position),
    )


def _links(pairs) -> Links:
    rows = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return Links(position=rows[:, 0], client_id=rows[:, 1])
