"""Advice on what a filter may take amiss."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wording.spam import MOST, flags, score
from tests.drafted_words import GOOD

BODY = "We build robots that find cracks in pipes. " * 5


class TestTheScore:
    @pytest.mark.parametrize("text", [each[2] for each in GOOD], ids=[each[0] for each in GOOD])
    def test_of_a_good_draft_is_low(self, text):
        found = json.loads(text)

        assert score(found["subject"], found["body"]) <= 1

    def test_of_an_advertisement_is_ten(self):
        body = (
            "ACT NOW!!! 100% FREE TRIAL, guaranteed. Click here: http://bit.ly/x http://b.example"
        )

        assert score("RE: LAST CHANCE!", body) == MOST

    @given(st.text(max_size=200), st.text(max_size=500))
    def test_stays_within_its_bounds(self, subject, body):
        assert 0 <= score(subject, body) <= MOST


class TestAFlag:
    @pytest.mark.parametrize(
        ("subject", "body", "words"),
        [
            ("PIPES FOR YOU", BODY, "mostly capitals"),
            ("Re: pipes", BODY, "claims to be a reply"),
            ("Pipes!", BODY, "exclamation mark"),
            ("p" * 61, BODY, "long"),
            ("", BODY, "no subject"),
            ("Pipes", f"{BODY} garantiert", "garantiert"),
            ("Pipes", f"{BODY} bit.ly/x", "shortened"),
            ("Pipes", f"{BODY} https://a.example https://b.example", "More than one link"),
            ("Pipes", f"{BODY} only $ 5", "A price"),
            ("Pipes", "Buy.", "Only 1 words"),
            ("Pipes", "word " * 181, "181 words"),
            ("Pipes", f"{BODY} VERY GOOD", "Words in capitals: VERY, GOOD"),
        ],
    )
    def test_says_what_and_how_to_mend_it(self, subject, body, words):
        found = [flag for flag in flags(subject, body) if words in flag.words]

        assert len(found) == 1
        assert found[0].points > 0
        assert found[0].fix
