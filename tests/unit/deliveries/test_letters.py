"""What a client's mail says of drafts and quota, worked out of plain rows."""

from __future__ import annotations

from deliveries import letters
from deliveries.letters import Quota, Share
from pipeline.models import RunClient
from pipeline.report import Split


def wrote(source: str, reason: str, count: int) -> Split:
    return Split(source=source, reason=reason, count=count)


class TestShares:
    def test_name_each_source_most_first_with_the_reason_a_client_may_know(self):
        split = [wrote("TEMPLATE", "ai_quota", 2), wrote("AI", "", 5), wrote("HUMAN", "", 1)]

        assert letters.shares_of(split) == [
            Share(count=5, words="written by AI"),
            Share(
                count=2,
                words="from our template, not by AI",
                why="the day's share of the AI was used up",
            ),
            Share(count=1, words="written by a person"),
        ]

    def test_count_reasons_together_that_are_the_agencys_own(self):
        split = [wrote("TEMPLATE", "ai_auth", 2), wrote("TEMPLATE", "some_new_code", 3)]

        assert letters.shares_of(split) == [
            Share(count=5, words="from our template, not by AI", why=letters.ELSE)
        ]


class TestQuotas:
    def test_count_this_delivery_in_and_leave_out_what_has_no_cap(self):
        promised = RunClient(
            windows=[
                {"window": "total", "cap": None, "used": 9, "left": None},
                {"window": "month", "cap": 200, "used": 38, "left": 162},
                {"window": "day", "cap": 5, "used": 0, "left": 5},
                {"window": "even", "cap": 3, "used": 0, "left": 3},
            ],
            placed=3,  # one of them was withdrawn since
        )

        assert letters.quotas_of(promised, rows=2) == [
            Quota(words="today", used=2, cap=5),
            Quota(words="this month", used=40, cap=200),
        ]
        assert [quota.left for quota in letters.quotas_of(promised, rows=2)] == [3, 160]

    def test_are_none_where_a_run_kept_no_promise(self):
        assert letters.quotas_of(None, rows=2) == []


class TestSender:
    def test_is_the_name_that_mails_come_from(self, settings):
        settings.DEFAULT_FROM_EMAIL = "Halvenlund Leads <leads@halvenlund.example>"
        assert letters.sender_name() == "Halvenlund Leads"

        settings.DEFAULT_FROM_EMAIL = "leads@halvenlund.example"
        assert letters.sender_name() == "leads@halvenlund.example"
