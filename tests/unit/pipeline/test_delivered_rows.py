from __future__ import annotations

import datetime as dt

import pytest

from clients.models import Client
from pipeline.models import Draft, Lead
from pipeline.models.leads import COLUMNS
from pipeline.stages.upload import _row

NOW = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)


BLANK = dict.fromkeys(set(COLUMNS) - {"email"}, "")
CLIENT = Client(sender_name="Ida Ivers")
DRAFT = Draft(subject="s", body="b", icebreaker="i")


def row(**lead):
    return _row(Lead(pk=7, email="ann@acme.com", **{**BLANK, **lead}), DRAFT, NOW, CLIENT)


class TestRow:
    @pytest.mark.parametrize(
        ("lead", "shown"),
        [
            pytest.param(
                {"first_name": "ANN", "last_name": "VAN DYK"}, ("Ann", "van Dyk"), id="shouted"
            ),
            pytest.param({"full_name": "Ann Cole"}, ("Ann", "Cole"), id="only a full name"),
            pytest.param(
                {"first_name": "LeAnn", "last_name": "McCole"}, ("LeAnn", "McCole"), id="as typed"
            ),
        ],
    )
    def test_names_people_as_they_write_themselves(self, lead, shown):
        found = row(**lead)

        assert (found["first_name"], found["last_name"]) == shown

    def test_mends_a_shouted_company_and_keeps_its_legal_form(self):
        assert row(company="NORVAWICK FOODS GMBH")["company"] == "Norvawick Foods GmbH"

    def test_leaves_the_lead_as_it_is_stored(self):
        lead = Lead(pk=7, email="ann@acme.com", **{**BLANK, "first_name": "ANN"})

        _row(lead, DRAFT, NOW, CLIENT)

        assert lead.first_name == "ANN"

    def test_ends_the_body_with_signature_and_footer_whoever_wrote_it(self):
        client = Client(sender_name="Ida Ivers", footer="Ida Ivers, Acme. Answer stop.")

        found = _row(Lead(pk=7, email="ann@acme.com", **BLANK), DRAFT, NOW, client)

        assert found["body"] == "b\n\nKind regards\nIda Ivers\n\nIda Ivers, Acme. Answer stop."

    def test_tells_the_spam_score_where_the_client_asks_for_it(self):
        draft = Draft(subject="s", body="b", icebreaker="i", spam_score=4)
        asked = Client(sender_name="Ida", extra_columns=["industry", "spam_score"])
        lead = Lead(pk=7, email="ann@acme.com", **BLANK)

        assert _row(lead, draft, NOW, asked)["spam_score"] == "4"
        assert "spam_score" not in _row(lead, draft, NOW, CLIENT)
