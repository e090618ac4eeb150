"""What clients are promised, counted from rows, kept by the database, and held by a night."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import Client, Plan, TargetRule
from deliveries import quotas
from deliveries.models import DeliveredLead
from deliveries.promises import promises_of
from deliveries.quotas import Used
from pipeline import audit, demo, figures, matching, report, starting
from pipeline.market import market
from pipeline.models import Lead, Run, RunClient
from pipeline.reasons import OF_A_CLIENT, REASONS
from tests.factories import (
    NOW,
    ClientFactory,
    DeliveredLeadFactory,
    LeadFactory,
    PlanFactory,
    RunFactory,
    complete_run,
)
from tests.flows import nights

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def give(client: Client, *moments: dt.datetime, status: str = "DELIVERED") -> None:
    for moment in moments:
        run = RunFactory.create(as_of=moment)
        DeliveredLeadFactory.create(
            delivery__run=run, delivery__client=client, allocated_at=moment, status=status
        )


class TestUsed:
    def test_counts_each_window_by_the_clients_own_midnight(self):
        """NOW is Monday, 2 March 2026, 02:00 UTC: in New York it is still Sunday, the 1st."""
        moments = (NOW, NOW - 3 * dt.timedelta(hours=1), NOW - DAY, NOW - 20 * DAY, NOW - 60 * DAY)
        here, there = ClientFactory.create(), ClientFactory.create(time_zone="America/New_York")
        give(here, *moments)
        give(there, *moments)

        found = quotas.used_by({here.pk: "UTC", there.pk: "America/New_York"}, NOW)

        assert found == {
            here.pk: Used(day=1, week=1, month=3, last_month=1, total=5, last_at=NOW),
            there.pk: Used(day=2, week=3, month=2, last_month=2, total=5, last_at=NOW),
        }

    @pytest.mark.parametrize(
        ("status", "total"), [("RETURNED", 0), ("WITHDRAWN", 0), ("ALLOCATED", 1)]
    )
    def test_counts_only_what_holds_a_slot(self, status, total):
        client = ClientFactory.create()
        give(client, NOW, status=status)

        assert quotas.used_by({client.pk: "UTC"}, NOW).get(client.pk, Used()).total == total

    def test_asks_once_for_however_many(self, django_assert_num_queries):
        ClientFactory.create_batch(20, time_zone="Pacific/Auckland")
        clients = Client.objects.select_related("plan")

        with django_assert_num_queries(2):  # the clients, and what they have
            found = promises_of(clients, NOW)

        assert len(found) == 20

    def test_reads_an_index_and_no_rows(self):
        """Years of rows would be read each night, and for each look at the desk."""
        client = ClientFactory.create()
        with CaptureQueriesContext(connection) as asked:
            quotas.used_by({client.pk: "UTC"}, NOW)
        with connection.cursor() as cursor:  # of few rows it would read all
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute(f"EXPLAIN {asked[0]['sql']}")
            plan = "".join(line for (line,) in cursor.fetchall())

        assert "Index Only Scan using delivered_lead_windows" in plan

    def test_of_nobody_asks_nothing(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert promises_of([], NOW) == {}


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("terms", "rule"),
        [
            ({"weight": 0}, "client_weight_is_1_or_more"),
            ({"delivery_days": [0]}, "client_delivery_days_are_weekdays"),
            ({"delivery_days": [7, 8]}, "client_delivery_days_are_weekdays"),
            ({"pacing": "SLOW"}, "client_pacing_is_known"),
            ({"carry_over": "ALWAYS"}, "client_carry_over_is_known"),
            ({"max_lead_age_days": 0}, "client_lead_age_is_1_or_more"),
            ({"starts_on": "2026-03-02", "ends_on": "2026-03-01"}, "client_ends_after_it_starts"),
            ({"max_per_domain": 0}, "client_max_per_domain_is_1_or_more"),
            ({"money_limit_cents": -1}, "money_limit_cents"),
        ],
        ids=str,
    )
    def test_refuses_terms_that_cannot_be(self, terms, rule):
        client = ClientFactory.create()

        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            Client.objects.filter(pk=client.pk).update(**terms)

    def test_refuses_a_plan_without_a_lead_of_any_company(self):
        with pytest.raises(IntegrityError, match="plan_max_per_domain"), transaction.atomic():
            Plan.objects.create(name="None", max_per_domain=0)

    def test_refuses_to_promise_a_closed_client_anything(self):
        with pytest.raises(IntegrityError, match="run_client_closed"), transaction.atomic():
            RunClient.objects.create(
                run=RunFactory.create(), client=ClientFactory.create(), closed="paused", left=1
            )

    def test_takes_a_client_without_any_delivery_day(self):
        assert ClientFactory.create(delivery_days=[]).delivery_days == []

    def test_every_operator_may_be_stored(self):
        client = ClientFactory.create()
        for operator in ("NOT_CONTAINS", "BETWEEN"):
            TargetRule.objects.create(
                client=client, field="employees", operator=operator, values=["1-9"]
            )

        assert client.target_rules.count() == 2


def night() -> Run:
    run = starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    run.refresh_from_db()
    return run


def stages(run: Run) -> dict[str, Any]:
    return {stage["stage"]: stage for stage in report.run_object(run)["stages"]}


def aged(days: float, **facts: object) -> Lead:
    """A lead in stock since so many days."""
    return LeadFactory.create(
        status="READY", reason="", created_at=timezone.now() - days * DAY, **facts
    )


class TestANight:
    def test_gives_a_closed_client_nothing_and_says_why(self):
        nights.make_agency()
        Client.objects.filter(name="Germania").update(paused_until=timezone.now().date() + DAY)

        run = night()

        kept = run.run_clients.get(client__name="Germania")
        assert (kept.closed, kept.left, kept.placed, kept.reason) == ("paused", 0, 0, "paused")
        assert set(run.deliveries.values_list("client__name", flat=True)) == {"Franken"}
        assert Lead.objects.get(record=1).reason == "paused"
        assert audit.run(deep=True)["ok"]

    def test_is_not_stopped_by_a_time_zone_that_is_gone(self):
        nights.make_agency()
        Client.objects.filter(name="Germania").update(time_zone="Mars/Olympus")

        run = night()

        assert run.status == "DONE"
        assert run.run_clients.get(client__name="Germania").closed == "no_time_zone"
        assert audit.run(deep=True)["ok"]

    def test_keeps_within_money_and_a_days_share(self):
        nights.make_agency()
        Plan.objects.update(price_cents=100)
        Client.objects.filter(name="Germania").update(money_limit_cents=199)
        Client.objects.filter(name="Franken").update(
            cap_month=1, pacing="EVEN", delivery_days=[1, 2, 3, 4, 5, 6, 7]
        )

        run = night()

        assert dict(run.run_clients.values_list("client__name", "placed")) == {
            "Germania": 1,
            "Franken": 1,
        }
        assert run.run_clients.get(client__name="Germania").reason == "money_limit"
        assert Lead.objects.get(record=2).reason == "money_limit"
        assert audit.run(deep=True)["ok"]

    def test_keeps_what_decided(self):
        nights.make_agency()
        Client.objects.filter(name="Germania").update(weight=3, max_per_domain=2, cap_day=5)

        run = night()

        kept = run.run_clients.get(client__name="Germania")
        assert (kept.forecast, kept.placed, kept.left, kept.shortfall) == (2, 2, 5, 3)
        assert kept.reason == "no_stock"
        assert kept.terms["weight"] == 3
        assert kept.terms["max_per_domain"] == 2
        assert (kept.terms["tightest"], kept.terms["quota"], kept.terms["carried"]) == ("day", 5, 0)
        assert kept.terms["max_lead_age_days"] == 30
        assert kept.terms["delivery_days"] == [1, 2, 3, 4, 5, 6, 7]

    @pytest.mark.parametrize(("weight", "given"), [(1, 2), (3, 6)])
    def test_measures_a_client_without_caps_by_the_usual_quota(self, weight, given):
        """Beside two with 100 a month it is as one of them, times its weight."""
        ClientFactory.create_batch(2, cap_month=100)
        free = ClientFactory.create(weight=weight)
        for _ in range(2 * (2 + weight)):
            aged(0)

        run = night()

        assert run.run_clients.get(client=free).placed == given

    def test_expires_what_is_too_old_for_every_client(self):
        ClientFactory.create(max_lead_age_days=10)
        ClientFactory.create(max_lead_age_days=20)
        fresh, old = aged(19), aged(21)

        run = night()

        for lead in (fresh, old):
            lead.refresh_from_db()
        assert (fresh.status, old.status, old.reason) == ("DELIVERED", "EXPIRED", "too_old")
        assert stages(run)["personalize"]["dropped"] == {"too_old": 1}
        assert stages(run)["allocate"]["dropped"] == {"too_old": 1}
        assert stages(run)["allocate"]["seen"] == stages(run)["personalize"]["seen"] == 2

    @pytest.mark.parametrize(("status", "then"), [("PAUSED", "READY"), ("ENDED", "EXPIRED")])
    def test_keeps_for_a_client_that_is_paused_what_it_takes_when_it_goes_on(self, status, then):
        ClientFactory.create(max_lead_age_days=10)
        ClientFactory.create(max_lead_age_days=20, status=status)
        lead = aged(15)

        night()

        lead.refresh_from_db()
        assert (lead.status, lead.reason) == (then, "too_old")

    def test_gives_a_client_nothing_older_than_it_takes(self):
        strict = ClientFactory.create(max_lead_age_days=2, priority=1)
        other = ClientFactory.create(
            max_lead_age_days=20, status="ACTIVE", delivery_days=[], priority=2
        )
        lead, older = aged(1), aged(3)

        run = night()

        assert list(run.deliveries.values_list("client", flat=True)) == [strict.pk]
        older.refresh_from_db()
        assert (older.status, older.reason) == ("READY", "no_schedule")
        assert DeliveredLead.objects.get().lead == lead
        assert run.run_clients.get(client=other).closed == "no_schedule"

    def test_says_too_old_of_a_lead_that_only_its_age_keeps_back(self):
        ClientFactory.create(max_lead_age_days=2)
        picky = ClientFactory.create(max_lead_age_days=20)
        TargetRule.objects.create(client=picky, field="country", operator="IN", values=["Peru"])
        lead = aged(3, country="Germany")

        night()

        lead.refresh_from_db()
        assert (lead.status, lead.reason) == ("READY", "too_old")

    def test_without_a_client_keeps_leads_as_long_as_the_setting_says(self, settings):
        settings.MAX_LEAD_AGE_DAYS = 5
        fresh, old = aged(4), aged(6)

        night()

        for lead in (fresh, old):
            lead.refresh_from_db()
        assert (fresh.reason, old.status) == ("no_client", "EXPIRED")


class TestARunsPage:
    def test_names_the_greatest_shortfall_first_and_why(self, client):
        nights.make_agency()
        Client.objects.filter(name="Germania").update(cap_day=50)
        Client.objects.filter(name="Franken").update(delivery_days=[])
        run = night()
        client.force_login(User.objects.create_superuser("ida"))

        response = client.get(f"/admin/pipeline/run/{run.pk}/change/")

        found = [(row.client.name, row.shortfall) for row in response.context["promised"]]
        assert found == [("Germania", 48), ("Franken", 0)]
        assert "Every lead in stock that it may have is placed" in response.content.decode()
        assert "Today is none of its delivery days" in response.content.decode()


class TestTheTurn:
    """Of clients filled alike, whoever waits longest for a lead goes first (spec A2)."""

    def test_goes_round_where_there_is_one_lead_a_night(self):
        LeadFactory.create(status="READY", reason="", created_at=NOW)
        clients = ClientFactory.create_batch(3, cap_day=9)
        got = []

        for night in range(1, 6):
            now = NOW + night * DAY
            served = market(now).allocate().client_id.tolist()
            got += served
            give(Client.objects.get(pk=served[0]), now)

        numbers = {client.pk: number for number, client in enumerate(clients)}
        assert [numbers[each] for each in got] == [0, 1, 2, 0, 1]


class TestAPreview:
    def test_says_how_many_match_and_what_each_rule_refuses(self):
        for country, title in (("Germany", "CEO"), ("Germany", "Buyer"), ("France", "Buyer")):
            LeadFactory.create(status="READY", reason="", country=country, title=title)
        client = ClientFactory.create()
        for field, value in (("country", "DE"), ("title", "CEO"), ("shoe size", "42")):
            TargetRule.objects.create(
                client=client, field=field, operator="IN", values=[value],
                accept_missing=field == "shoe size",
            )  # fmt: skip

        found = matching.preview(client.rules())

        assert (found.matches, found.of) == (1, 3)
        assert [(each.refuses, each.refuses_alone) for each in found.effects] == [
            (1, 0), (2, 1), (0, 0),
        ]  # fmt: skip
        assert found.empty_fields == ["shoe size"]

    def test_without_rules_matches_all(self):
        LeadFactory.create(status="READY", reason="")

        assert matching.preview([]).matches == 1

    def test_tries_live_leads_only(self):
        LeadFactory.create(status="DUPLICATE")

        assert matching.preview([]).of == 0


class TestFigures:
    def test_list_the_least_filled_client_first(self):
        full = complete_run(client=ClientFactory.create(cap_month=2)).client
        half = complete_run(client=ClientFactory.create(cap_month=4)).client
        free = ClientFactory.create()

        assert [row.client for row in figures.fills(NOW)] == [half, full, free]

    def test_part_the_stock_by_age_and_reason(self):
        for days, reason in (
            (1, "filter"),
            (7.5, "filter"),
            (8.5, "filter"),
            (20, "cap_day"),
            (99, "cap_day"),
        ):
            LeadFactory.create(status="READY", reason=reason, created_at=NOW - days * DAY)

        found = [(row.reason, row.by_age) for row in figures.stock(NOW)]

        assert found == [("filter", (2, 1, 0, 0)), ("cap_day", (0, 0, 1, 1))]


class TestTheDemo:
    @pytest.mark.parametrize("weekday", range(7))
    def test_closes_no_client_whatever_day_it_is(self, weekday):
        today = NOW.date() + weekday * DAY
        clients = demo.make_clients(today)

        for hour in (0, 12, 23):
            at = dt.datetime.combine(today, dt.time(hour), tzinfo=dt.UTC)
            found = promises_of(clients, at)
            assert [each.closed for each in found.values()] == [""] * 5


class TestWords:
    def test_each_code_of_a_client_is_one_of_a_lead_too(self):
        assert OF_A_CLIENT.keys() <= REASONS.keys()

    def test_a_plans_limit_a_company_is_the_clients_unless_it_has_its_own(self):
        plan = PlanFactory.create(max_per_domain=4)

        assert ClientFactory.create(plan=plan).domain_limit == 4
        assert ClientFactory.create(plan=plan, max_per_domain=1).domain_limit == 1
        assert ClientFactory.create().domain_limit is None
