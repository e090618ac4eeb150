"""Many lines at once are the lines that a text hands out one by one."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.reading import text_lines
from pipeline.reading.text_lines import Lines, read_lines

pieces = st.sampled_from(["a", "bc", "é", "\u2028", "\x0b", "\n", "\r", "\r\n", ",", "🙂"])
texts = st.lists(pieces, max_size=40).map("".join)


def opened(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="")


class TestLines:
    @given(texts)
    def test_end_where_csv_ends_them(self, text):
        found = Lines.of(text)

        assert [*found] == io.StringIO(text, newline="").readlines()
        assert len(found) == len([*found])
        assert found.longest() == max((len(line.encode()) for line in found), default=0)

    @given(texts, st.integers(0, 12))
    def test_are_split_and_joined_without_loss(self, text, count):
        whole = Lines.of(text)

        first, others = whole.split(count)

        assert [*first] == [*whole][:count]
        assert [*others] == [*whole][count:]
        assert len(first) == len([*first])
        joined = Lines.joined([first, others])
        assert (joined.content, [*joined.ends]) == (whole.content, [*whole.ends])

    def test_have_no_half_characters(self):
        with pytest.raises(UnicodeEncodeError):
            Lines.of("a\ud800\n")


class TestReadLines:
    @given(texts, st.integers(1, 8), st.integers(1, 9), st.integers(1, 30))
    def test_are_those_that_are_read_one_by_one(self, text, count, longest, at_once):
        stream, again = opened(text), opened(text)
        found: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(text_lines, "_AT_ONCE", at_once)
            while some := [*read_lines(stream, count, longest)[0]]:
                found += some

        assert "".join(found) == text
        expected = [*iter(lambda: again.readline(longest), "")]
        # Where CR is the last that there is room for, its LF comes with it nevertheless.
        assume(not any(one[-1] + other == "\r\n" for one, other in pairwise(expected)))
        assert found == expected

    def test_are_as_many_as_asked_for_where_there_are(self):
        found, rest = read_lines(opened("a\n" * 500_000), 200_000, 100)

        assert 200_000 <= len(found) < 400_000
        assert rest == ""

    def test_end_before_what_utf_8_cannot_hold(self):
        found, rest = read_lines(io.StringIO("a\n" * 100_000 + "\ud800\nb\n"), 200_000, 1_000)

        lines = [*found, *text_lines.one_by_one(rest)]
        assert lines == ["a\n"] * 100_000 + ["\ud800\n", "b\n"]
        assert "\ud800" in rest
