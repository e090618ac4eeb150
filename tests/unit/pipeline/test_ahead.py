from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pipeline.ahead import one_ahead, side_by_side


class Counted:
    """Numbers, and how many of them were taken."""

    def __init__(self, upto: int) -> None:
        self.taken = 0
        self._upto = upto

    def __iter__(self) -> Iterator[int]:
        for n in range(self._upto):
            self.taken += 1
            yield n


class TestOneAhead:
    def test_gives_the_same(self):
        assert list(one_ahead(iter(Counted(5)))) == list(range(5))

    def test_makes_the_next_while_one_is_used(self):
        made = threading.Event()

        def items():
            yield 1
            made.set()
            yield 2

        found = one_ahead(items())

        assert next(found) == 1
        assert made.wait(5)

    def test_is_never_further_ahead(self):
        numbers = Counted(9)
        found = one_ahead(iter(numbers))

        next(found)
        del found  # waits for what is being made

        assert numbers.taken == 2

    def test_what_goes_wrong_goes_wrong_behind_what_was_made(self):
        def items():
            yield 1
            raise ValueError("no more")

        found = one_ahead(items())

        assert next(found) == 1
        with pytest.raises(ValueError, match="no more"):
            next(found)


class TestSideBySide:
    @pytest.mark.parametrize("count", [0, 1, 2, 7])
    def test_keeps_the_order(self, count):
        assert list(side_by_side(str, iter(Counted(count)), threads=2)) == [
            str(n) for n in range(count)
        ]

    def test_works_on_several_at_once(self):
        both = threading.Barrier(2, timeout=5)

        def change(n: int) -> int:
            both.wait()
            return n

        assert list(side_by_side(change, iter(range(4)), threads=2)) == [0, 1, 2, 3]

    def test_takes_no_more_than_it_works_on_beside_the_one_in_use(self):
        numbers = Counted(9)

        next(side_by_side(str, iter(numbers), threads=2))

        assert numbers.taken == 3

    def test_what_goes_wrong_goes_wrong_in_its_place(self):
        found = side_by_side(lambda n: 1 // (n - 2), iter(range(5)), threads=2)

        assert [next(found), next(found)] == [-1, -1]
        with pytest.raises(ZeroDivisionError):
            next(found)
