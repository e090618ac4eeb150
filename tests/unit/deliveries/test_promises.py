"""What a client is promised: worked out of plain values, at moments that are written down."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.models import Client, Plan
from deliveries.promises import Promise, promise
from deliveries.quotas import Used, window_bounds

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
WORKDAYS = [1, 2, 3, 4, 5]
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland")
# Each zone's change to summer time and back in 2026, at 02:00 or 03:00 of these days. Lord Howe
# moves by half an hour only.
CHANGES: dict[str, tuple[tuple[str, float], tuple[str, float]]] = {
    "Europe/Berlin": (("2026-03-29", 23), ("2026-10-25", 25)),
    "America/New_York": (("2026-03-08", 23), ("2026-11-01", 25)),
    "Australia/Lord_Howe": (("2026-10-04", 23.5), ("2026-04-05", 24.5)),
    "Pacific/Auckland": (("2026-09-27", 23), ("2026-04-05", 25)),
}


def bounds_of(window: str, at: dt.datetime, zone: str) -> tuple[dt.datetime, dt.datetime]:
    bounds = window_bounds(window, at, zone)
    assert bounds is not None
    return bounds


def client_with(*, plan=None, **terms):
    terms.setdefault("created_at", LONG_AGO)
    return Client(pk=1, plan=Plan(**(plan or {})), **terms)


def local(text, zone="UTC"):
    """A moment by the wall clock of that zone."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


NOON = local("2026-11-25T12:00")  # a Wednesday; six days of November are left, with today


def promised(*, used=None, at=NOON, **terms) -> Promise:
    return promise(client_with(**terms), used or Used(), at)


class TestDays:
    @pytest.mark.parametrize("zone", ZONES)
    @pytest.mark.parametrize("change", [0, 1], ids=["forward", "back"])
    def test_of_a_clock_change_are_longer_or_shorter_and_hold_each_moment(self, zone, change):
        day, hours = CHANGES[zone][change]
        bounds = [bounds_of("day", local(f"{day}T{hour}", zone), zone) for hour in
                  ("00:00", "12:00", "23:59")]  # fmt: skip

        assert len(set(bounds)) == 1
        first, after = bounds[0]
        assert (after.astimezone(dt.UTC) - first.astimezone(dt.UTC)) == dt.timedelta(hours=hours)

    @pytest.mark.parametrize("zone", ZONES)
    @pytest.mark.parametrize(
        ("last", "first"),
        [
            pytest.param("2026-02-28", "2026-03-01", id="February"),
            pytest.param("2028-02-29", "2028-03-01", id="leap day"),
            pytest.param("2026-04-30", "2026-05-01", id="30 days"),
            pytest.param("2026-12-31", "2027-01-01", id="year"),
        ],
    )
    def test_at_a_months_end_part_at_the_clients_midnight(self, zone, last, first):
        ending = bounds_of("month", local(f"{last}T23:59:59", zone), zone)
        beginning = bounds_of("month", local(f"{first}T00:00", zone), zone)

        assert ending[1] == beginning[0] == local(f"{first}T00:00", zone)

    @pytest.mark.parametrize("zone", ZONES)
    def test_of_delivery_are_the_clients_own(self, zone):
        """Sunday's last second and Monday's first, by the client's clock."""
        sunday = promised(at=local("2026-11-29T23:59:59", zone), time_zone=zone,
                          delivery_days=WORKDAYS)  # fmt: skip
        monday = promised(at=local("2026-11-30T00:00", zone), time_zone=zone,
                          delivery_days=WORKDAYS)  # fmt: skip

        assert (sunday.closed, monday.closed) == ("no_schedule", "")


class TestEvenPacing:
    @pytest.mark.parametrize(
        ("at", "zone", "terms", "share"),
        [
            pytest.param("2026-11-01T12:00", "UTC", {}, 4, id="100 over 30 days, rounded up"),
            pytest.param("2026-11-30T12:00", "UTC", {}, 100, id="all on the last day"),
            pytest.param("2028-02-29T23:30", "Europe/Berlin", {}, 100, id="leap day is the last"),
            pytest.param("2028-02-28T23:30", "Europe/Berlin", {}, 50, id="the day before"),
            pytest.param("2026-11-02T12:00", "UTC", {"delivery_days": WORKDAYS}, 5,
                         id="21 workdays"),
            pytest.param("2026-11-01T12:00", "UTC", {"ends_on": dt.date(2026, 11, 10)}, 10,
                         id="until its last day"),
        ],
    )  # fmt: skip
    def test_shares_the_month_over_the_days_to_come(self, at, zone, terms, share):
        found = promised(at=local(at, zone), time_zone=zone, cap_month=100, pacing="EVEN", **terms)

        assert found.left == share

    @pytest.mark.parametrize("zone", ZONES)
    @pytest.mark.parametrize("change", [0, 1], ids=["forward", "back"])
    def test_gives_a_long_or_short_day_one_share(self, zone, change):
        day, _ = CHANGES[zone][change]
        morning = promised(at=local(f"{day}T00:30", zone), time_zone=zone, cap_month=1_000,
                           pacing="EVEN")  # fmt: skip
        evening = promised(at=local(f"{day}T23:30", zone), time_zone=zone, cap_month=1_000,
                           pacing="EVEN")  # fmt: skip

        assert morning.left == evening.left

    def test_rolls_what_a_day_did_not_use_to_the_days_after_it(self):
        used = Used(month=40)

        assert promised(cap_month=100, pacing="EVEN", used=used).left == 10  # 60 over 6 days

    def test_counts_a_second_run_of_the_day_against_the_same_share(self):
        used = Used(day=7, month=47)

        assert promised(cap_month=100, pacing="EVEN", used=used).left == 3  # of 10

    def test_says_that_the_share_of_today_is_used(self):
        used = Used(day=10, week=10, month=50, total=50)

        found = promised(cap_month=100, pacing="EVEN", used=used)

        assert (found.left, found.closed, found.full) == (0, "cap_even", "cap_even")

    def test_without_anything_to_share_out_changes_nothing(self):
        assert promised(pacing="EVEN").left is None
        assert promised(pacing="EVEN", cap_day=5).left == 5

    def test_shares_out_money_as_well(self):
        found = promised(pacing="EVEN", money_limit_cents=6_000, plan={"price_cents": 500})

        assert found.left == 2  # 12 leads over 6 days

    @given(
        cap=st.integers(0, 400),
        days=st.sets(st.integers(1, 7), min_size=1).map(sorted),
        month=st.dates(dt.date(2026, 1, 1), dt.date(2028, 12, 31)).map(lambda day: day.replace(day=1)),
        zone=st.sampled_from(ZONES),
    )  # fmt: skip
    def test_always_filled_comes_to_the_months_quota(self, cap, days, month, zone):
        used = 0
        client = client_with(cap_month=cap, delivery_days=days, pacing="EVEN", time_zone=zone)
        for number in range(31):
            day = month + dt.timedelta(days=number)
            if day.month == month.month:
                at = dt.datetime.combine(day, dt.time(2), tzinfo=ZoneInfo(zone))
                used += promise(client, Used(month=used), at).left or 0

        assert used == cap


class TestClosed:
    @pytest.mark.parametrize(
        ("terms", "code"),
        [
            pytest.param({}, "", id="open"),
            pytest.param({"status": "PAUSED"}, "paused", id="paused by hand"),
            pytest.param({"status": "ENDED"}, "ended", id="ended by hand"),
            pytest.param({"paused_until": dt.date(2026, 11, 25)}, "paused", id="until today"),
            pytest.param({"paused_until": dt.date(2026, 11, 24)}, "", id="until yesterday"),
            pytest.param({"starts_on": dt.date(2026, 11, 26)}, "not_started", id="from tomorrow"),
            pytest.param({"starts_on": dt.date(2026, 11, 25)}, "", id="from today"),
            pytest.param({"ends_on": dt.date(2026, 11, 24)}, "ended", id="ended yesterday"),
            pytest.param({"ends_on": dt.date(2026, 11, 25)}, "", id="ends today"),
            pytest.param({"delivery_days": []}, "no_schedule", id="no delivery day"),
            pytest.param({"delivery_days": [1, 2]}, "no_schedule", id="not on Wednesdays"),
            pytest.param({"time_zone": "Mars/Olympus"}, "no_time_zone", id="unknown zone"),
            pytest.param({"time_zone": "../etc/passwd"}, "no_time_zone", id="no zone's name"),
            pytest.param({"cap_week": 0}, "cap_week", id="0 is none"),
        ],
    )
    def test_says_why_nothing_may_be_delivered(self, terms, code):
        found = promised(**terms)

        assert found.closed == code
        assert (found.left == 0) is bool(code)

    def test_for_good_by_the_last_day_that_there_is(self):
        found = promised(paused_until=dt.date.max, cap_month=100, pacing="EVEN")

        assert (found.closed, found.month.days_to_come) == ("paused", 0)

    def test_a_used_cap_is_named(self):
        found = promised(cap_day=5, cap_month=5, used=Used(day=5, week=5, month=5, total=5))

        assert found.closed == "cap_day"

    def test_own_cap_wins_over_the_plans_and_blank_is_the_plans(self):
        plan = {"cap_day": 5, "cap_month": 9}

        assert promised(plan=plan, cap_day=7).left == 7
        assert promised(plan=plan).left == 5
        assert promised().left is None


class TestMoney:
    def test_buys_whole_leads_only(self):
        found = promised(money_limit_cents=1_799, plan={"price_cents": 300}, used=Used(month=2))

        assert found.left == 3
        assert found.full == "money_limit"

    def test_that_is_spent_closes_the_client(self):
        found = promised(money_limit_cents=600, plan={"price_cents": 300}, used=Used(month=2))

        assert found.closed == "money_limit"

    @pytest.mark.parametrize("price", [0, 1])
    def test_0_is_none_whatever_a_lead_costs(self, price):
        found = promised(money_limit_cents=0, plan={"price_cents": price})

        assert (found.left, found.closed) == (0, "money_limit")

    def test_limits_nothing_where_leads_are_free(self):
        assert promised(money_limit_cents=1).left is None


class TestCarryOver:
    def test_adds_what_the_last_month_lacked(self):
        found = promised(cap_month=100, carry_over="LAST_MONTH", used=Used(month=20, last_month=70))

        assert (found.carried, found.left) == (30, 110)

    def test_is_at_most_one_months_cap(self):
        assert promised(cap_month=100, carry_over="LAST_MONTH").left == 200

    @pytest.mark.parametrize(
        "terms",
        [
            pytest.param({}, id="not agreed"),
            pytest.param(
                {"carry_over": "LAST_MONTH", "starts_on": dt.date(2026, 10, 2)}, id="began in it"
            ),
            pytest.param(
                {"carry_over": "LAST_MONTH", "created_at": local("2026-10-02T00:00")},
                id="was made in it",
            ),
        ],
    )
    def test_is_nothing(self, terms):
        assert promised(cap_month=100, **terms).left == 100

    def test_of_a_month_that_was_overfilled_takes_nothing_away(self):
        found = promised(cap_month=100, carry_over="LAST_MONTH", used=Used(last_month=130))

        assert found.left == 100

    def test_adds_no_more_than_a_number_of_leads_can_be(self):
        found = promised(cap_month=2_000_000_000, carry_over="LAST_MONTH")

        assert (found.left, found.carried) == (2_147_483_647, 147_483_647)


class TestMeasure:
    def test_is_the_month_where_it_is_capped(self):
        found = promised(cap_day=5, cap_month=100, used=Used(day=1, month=40))

        assert (found.quota, found.already) == (100, 40)
        assert (found.left, found.tightest) == (4, "day")

    def test_is_the_tightest_cap_where_it_is_not(self):
        found = promised(cap_day=50, cap_total=100, used=Used(day=1, total=70))

        assert (found.quota, found.already) == (100, 70)

    def test_is_no_days_share(self):
        found = promised(cap_month=100, pacing="EVEN", used=Used(day=2, month=40))

        assert (found.quota, found.already) == (100, 40)

    def test_is_none_where_nothing_limits(self):
        found = promised(used=Used(month=40))

        assert (found.quota, found.already) == (None, 40)


class TestByMonthEnd:
    def test_goes_on_at_the_pace_so_far(self):
        assert promised(used=Used(month=48)).by_month_end == 60  # 2 a day for 24 days, 6 to come

    def test_counts_today_as_a_day_once_it_brought_leads(self):
        assert promised(used=Used(day=2, month=50)).by_month_end == 60

    def test_stays_within_the_caps(self):
        assert promised(cap_month=55, used=Used(month=48)).by_month_end == 55

    def test_stays_within_the_week_and_those_to_come(self):
        """Today, on Monday the 2nd, its week is full; four more weeks begin in November."""
        used = Used(day=5, week=5, month=5, total=5)

        assert promised(at=local("2026-11-02T12:00"), cap_week=5, used=used).by_month_end == 25

    def test_counts_all_days_to_come_where_today_is_none_of_them(self):
        """2 a day for 25 days, with today, since when it is paused; 5 to come."""
        found = promised(used=Used(day=2, month=50), paused_until=dt.date(2026, 11, 25))

        assert found.by_month_end == 60

    def test_cannot_be_told_before_the_first_day_is_over(self):
        assert promised(at=local("2026-11-01T02:00")).by_month_end is None

    def test_of_a_client_that_ends_reaches_to_its_last_day(self):
        found = promised(used=Used(month=48), ends_on=dt.date(2026, 11, 26))

        assert found.by_month_end == 52


CAP = st.none() | st.integers(0, 50)
USED = st.tuples(*[st.integers(0, 40)] * 4).map(
    lambda parts: Used(
        day=parts[0], week=sum(parts[:2]), month=sum(parts[:3]), total=sum(parts), last_month=3
    )
)


class TestAnyPromise:
    @given(
        at=st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2029, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
        zone=st.sampled_from(ZONES),
    )  # fmt: skip
    def test_what_was_used_in_a_day_was_used_in_its_week_and_in_its_month(self, at, zone):
        day, week, month = (bounds_of(name, at, zone) for name in ("day", "week", "month"))

        assert day[0] <= at < day[1]
        assert week[0] <= day[0] < day[1] <= week[1]
        assert month[0] <= day[0] < day[1] <= month[1]

    @given(
        caps=st.fixed_dictionaries(dict.fromkeys(("cap_day", "cap_week", "cap_month", "cap_total"), CAP)),
        used=USED,
        money=st.none() | st.integers(0, 5_000),
        pacing=st.sampled_from(["ASAP", "EVEN"]),
        at=st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2029, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
        days=st.sets(st.integers(1, 7)).map(sorted),
    )  # fmt: skip
    def test_is_never_negative_and_never_more_than_any_cap_leaves(
        self, caps, used, money, pacing, at, days
    ):
        found = promised(used=used, at=at, money_limit_cents=money, pacing=pacing,
                         delivery_days=days, plan={"price_cents": 100}, **caps)  # fmt: skip

        lefts = [caps[f"cap_{name}"] - getattr(used, name) for name in
                 ("day", "week", "month", "total") if caps[f"cap_{name}"] is not None]  # fmt: skip
        if found.left is None:
            assert lefts == []
            assert found.closed == ""
        else:
            assert 0 <= found.left <= max(min(lefts, default=found.left), 0)
            assert found.left == 0 or found.closed == ""
