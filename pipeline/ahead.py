"""The next of something while the last is being worked on. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items; while one is used, which leaves the processor to others, the next is made."""
    with ThreadPoolExecutor(max_workers=1) as maker:
        coming = maker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = maker.submit(next, items, None)
            yield item


def side_by_side(change: Callable[[S], T], items: Iterator[S], *, threads: int) -> Iterator[T]:
    """`map`, in the order of the items; while one is used, so many others are in work."""
    coming: deque[Future[T]] = deque()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for item in items:
            coming.append(pool.submit(change, item))
            if len(coming) > threads:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
