"""The first rule that kept a person from a client, with its values in words."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from clients.models import Client, Suppression, TargetRule
from deliveries.models import DeliveredLead
from pipeline import explaining, starting
from pipeline.models import Lead, Run
from tests.flows import nights
from tests.flows.small_markets import HEADER, line, make_client, night

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def said(email, run=None) -> dict[str, tuple[str, str]]:
    """Client → (rule, detail) of those that did not get the person."""
    found = explaining.story(email, run=run).as_json()
    return {
        row["client"]: (row["rule"], row["detail"])
        for row in found["clients"]
        if not row["taken"]
    }  # fmt: skip


class TestWhyNot:
    """One rule each: everything else would let the client have the lead."""

    def test_a_targeting_rule(self):
        make_client("Amerika", rule=("country", "IN", ["US", "CA"]))
        night(people=[line("ann")])

        assert said("ann@acme.com") == {"Amerika": ("filter", "country Germany is none of US, CA")}

    @pytest.mark.parametrize(
        ("rule", "words"),
        [
            (("country", "NOT_IN", ["Germany"]), "is one of those it refuses: Germany"),
            (("company", "CONTAINS", ["Bolt"]), "company Acme contains none of Bolt"),
            (("company", "NOT_CONTAINS", ["Acme"]), "contains one of those it refuses: Acme"),
            (("employees", "BETWEEN", ["11-200"]), "employees is missing, and must be known"),
        ],
    )
    def test_each_kind_of_rule_in_words(self, rule, words):
        make_client("Strict", rule=rule)
        night(people=[line("ann")])

        code, detail = said("ann@acme.com")["Strict"]
        assert code == "filter"
        assert words in detail

    def test_exclusive_leads_only(self):
        make_client("Germania")
        now = timezone.now()
        nights.take_in(HEADER + line("ann") + "\n", name="shared.csv")
        run = starting.start_now(now=now, started_by="test")
        nights.step()  # imported
        Lead.objects.update(max_clients=3)
        nights.work_off()

        assert said("ann@acme.com", Run.objects.get(pk=run.pk))["Germania"][0] == "not_exclusive"

    def test_age_in_days(self):
        make_client("Fresh", max_lead_age_days=30)
        make_client("Patient", rule=("country", "IN", ["Spain"]), max_lead_age_days=90)
        night(people=[line("ann", country="Italy")])
        TargetRule.objects.filter(client__name="Fresh").update(values=["Italy"])
        Lead.objects.update(created_at=timezone.now() - dt.timedelta(days=40, hours=5))
        night()

        assert said("ann@acme.com")["Fresh"] == ("too_old", "too old: 41 days, at most 30")

    def test_the_clients_own_suppression(self):
        client = make_client("Germania")
        Suppression.objects.add([nights.key_of("ann@acme.com")], client=client)
        night(people=[line("ann")])

        code, detail = said("ann@acme.com")["Germania"]
        assert code == "suppressed_client"
        assert detail == f"suppressed by this client since {timezone.now():%Y-%m-%d}"

    def test_somebody_the_client_had(self):
        """Returned to us: free for others, never again for the one who had it."""
        make_client("Germania")
        then = timezone.now() - dt.timedelta(days=3)
        first = night(people=[line("ann")], as_of=then)
        DeliveredLead.objects.update(status="RETURNED", reason="bad")
        Lead.objects.update(status="READY", reason="")
        night()

        assert said("ann@acme.com")["Germania"] == (
            "dup_client", f"had this person on {first.as_of:%Y-%m-%d}"
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("plan", "detail"),
        [
            ({"cap_day": 1}, "day cap 1/1"),
            ({"cap_week": 1}, "week cap 1/1"),
            ({"cap_month": 1}, "month cap 1/1"),
            ({"cap_total": 1}, "total cap 1/1"),
            ({"cap_day": 0}, "day cap 0/0"),
        ],
    )
    def test_a_cap_with_its_numbers(self, plan, detail):
        make_client("Germania", plan=plan)
        night(people=[line("ann", firm="bolt"), line("ann")])

        code, words = said("ann@acme.com")["Germania"]
        assert (code, words) == (f"cap_{detail.split()[0]}", detail)

    def test_a_cap_that_was_full_before_the_run(self):
        make_client("Germania", plan={"cap_month": 1})
        night(people=[line("bob")])
        night(people=[line("ann")])

        assert said("ann@acme.com")["Germania"] == ("cap_month", "month cap 1/1")

    def test_money(self):
        make_client("Germania", plan={"price_cents": 500}, money_limit_cents=700)
        night(people=[line("bob"), line("ann")])

        assert said("ann@acme.com")["Germania"] == (
            "money_limit", "money of the month spent: 1 of 1 leads"
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("terms", "code", "words"),
        [
            ({"paused_until": dt.date(2999, 1, 1)}, "paused", "paused until 2999-01-01"),
            ({"starts_on": dt.date(2999, 1, 1)}, "not_started", "starts on 2999-01-01"),
            ({"ends_on": dt.date(2020, 1, 1)}, "ended", "ended on 2020-01-01"),
            ({"delivery_days": []}, "no_schedule", "none of its delivery days (it has none)"),
            ({"time_zone": "Mars/Olympus"}, "no_time_zone", "zone Mars/Olympus is unknown"),
        ],
    )
    def test_a_client_that_was_closed(self, terms, code, words):
        make_client("Germania", **terms)
        night(people=[line("ann")])

        rule, detail = said("ann@acme.com")["Germania"]
        assert rule == code
        assert words in detail

    def test_a_client_of_higher_priority(self):
        make_client("First", priority=1)
        make_client("Second", priority=2)
        night(people=[line("ann")])

        assert said("ann@acme.com") == {
            "Second": ("outbid", "lost to a client with higher priority: First (1 before 2)")
        }

    def test_a_client_of_the_same_priority(self):
        make_client("One")
        make_client("Other")
        night(people=[line("ann")])

        ((loser, (code, detail)),) = said("ann@acme.com").items()
        winner = DeliveredLead.objects.get().client.name
        assert (code, {loser, winner}) == ("outbid", {"One", "Other"})
        assert detail == f"lost to a client of the same priority that was due: {winner}"

    def test_enough_leads_of_one_company(self):
        make_client("Germania", plan={"max_per_domain": 2})
        night(people=[line("ann"), line("bob"), line("cleo")])

        left = Lead.objects.get(status="READY")
        assert left.reason == "cap_domain"
        assert said(left.email)["Germania"] == ("cap_domain", "enough leads of acme.com: 2 of 2")

    def test_enough_leads_of_one_company_though_another_client_got_it(self):
        """Without the other, too, the limit would have kept it away."""
        make_client("Germania", max_per_domain=1)
        night(people=[line("ann")])
        make_client("Other")
        night(people=[line("bob")])

        assert said("bob@acme.com") == {
            "Germania": ("cap_domain", "enough leads of acme.com: 1 of 1")
        }

    def test_uses_the_rules_of_the_night_not_those_of_today(self):
        make_client("Germania", rule=("country", "IN", ["Spain"]))
        run = night(people=[line("ann")])
        TargetRule.objects.update(values=["Germany"])
        Client.objects.update(status="ENDED")

        assert said("ann@acme.com", run)["Germania"][1] == "country Germany is none of Spain"

    def test_agrees_with_the_reason_that_the_run_left_on_the_lead(self):
        """The lead's own reason is that of the client that came closest."""
        make_client("Germania", plan={"cap_day": 1})
        make_client("Amerika", rule=("country", "IN", ["US"]))
        make_client("Limited", rule=("country", "IN", ["France"]), plan={"max_per_domain": 1})
        people = [line(name, country, firm) for name, country, firm in [
            ("ann", "Germany", "acme"), ("bob", "Germany", "bolt"), ("cleo", "France", "cedar"),
            ("dan", "France", "cedar"), ("eve", "Italy", "elm"),
        ]]  # fmt: skip
        night(people=people)

        left = list(Lead.objects.filter(status="READY"))
        assert {lead.reason for lead in left} == {"cap_day", "cap_domain", "filter"}
        for lead in left:
            assert lead.reason in {code for code, _ in said(lead.email).values()}
