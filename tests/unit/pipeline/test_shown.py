"""How the desk writes numbers, sizes and spans of time."""

from __future__ import annotations

import pytest

from pipeline import shown
from pipeline.templatetags.desk import share


class TestNumbers:
    @pytest.mark.parametrize(("count", "said"), [(None, "-"), (0, "0"), (12_345, "12,345")])
    def test_have_thousands(self, count, said):
        assert shown.number(count) == said

    @pytest.mark.parametrize(
        ("count", "said"),
        [(None, "-"), (0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (2_500_000, "2.5 MB")],
    )
    def test_of_bytes_have_units(self, count, said):
        assert shown.size(count) == said

    @pytest.mark.parametrize(
        ("seconds", "said"),
        [
            (None, "-"),
            (0.04, "0.0 s"),
            (9.4, "9.4 s"),
            (9.96, "10 s"),
            (12.4, "12 s"),
            (59.7, "1 min 00 s"),
            (185, "3 min 05 s"),
            (7_800, "2 h 10 min"),
        ],
    )
    def test_of_seconds_are_as_exact_as_is_useful(self, seconds, said):
        assert shown.duration(seconds) == said

    @pytest.mark.parametrize(
        ("part", "whole", "width"), [(0, 9, "0"), (1, 2, "50.0"), (1, 9_999, "0.6"), (3, 0, "0")]
    )
    def test_as_shares_of_a_bar_never_vanish(self, part, whole, width):
        assert share(part, whole) == width


class TestLabels:
    def test_are_words_whose_colour_only_repeats_them(self):
        assert shown.label("FAILED") == ('<span class="desk-label" data-tone="bad">Failed</span>')

    def test_escape_what_they_are_given(self):
        assert "&lt;b&gt;" in shown.label("DONE", "<b>")
