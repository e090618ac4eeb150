from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fields.escapes import MAYBE, unescaped


class TestUnescaped:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("Moor &amp; S&oslash;n", "Moor & Søn", id="by name"),
            pytest.param("O&#39;Moor &#x26; Co", "O'Moor & Co", id="by number"),
            pytest.param("R&amp;amp;D, O&amp;#39;Moor", "R&D, O'Moor", id="written so twice"),
            pytest.param(r"Am\u00e9lie \\u0026 Zo\u00EB", "Amélie & Zoë", id="as JSON does"),
            pytest.param(r"\ud83d\ude80 Moor", "🚀 Moor", id="a sign of two halves"),
            pytest.param(r"Moor \ud83d", r"Moor \ud83d", id="half of a sign"),
            pytest.param("R&D; AT&T &notit; &copy=1", "R&D; AT&T &notit; &copy=1", id="no names"),
            pytest.param(r"O\'Moor, \"Moor\" \\'s", "O'Moor, \"Moor\" 's", id="quotes"),
            pytest.param(r"https:\/\/moor.de\/", "https://moor.de/", id="slashes"),
            pytest.param(r'{"a": "\"x\" \u00e9"}', r'{"a": "\"x\" \u00e9"}', id="JSON itself"),
            pytest.param("Moor<br />Bonn<BR>DE", "Moor\nBonn\nDE", id="line breaks"),
            pytest.param("<p>Moor</p> <p>Bonn</p>", "\nMoor\nBonn\n", id="paragraphs"),
            pytest.param('<b>CEO</b>, <span class="x">Moor</span>', "CEO, Moor", id="bold"),
            pytest.param("&lt;b&gt;CEO&lt;/b&gt;", "CEO", id="bold, written by names"),
            pytest.param("<3 Moor <b@moor.de> a<b>", "<3 Moor <b@moor.de> a", id="no tags but one"),
            pytest.param(r"C:\users\ann", r"C:\users\ann", id="a path"),
        ],
    )
    def test_is_what_was_meant(self, text, expected):
        assert unescaped(text) == expected

    @given(st.text(alphabet="&amp;#3x\\ude8T '", max_size=12))
    def test_changes_only_what_the_quick_look_finds(self, text):
        assert unescaped(text) == text or re.search(MAYBE, text)
