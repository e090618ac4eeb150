"""Caps by the client's own clock, counted by PostgreSQL: clock changes, months' ends, leap days."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from deliveries.promises import promises_of
from tests.factories import ClientFactory, DeliveredLeadFactory, RunClientFactory, RunFactory

pytestmark = pytest.mark.django_db

SECOND = dt.timedelta(seconds=1)
CHANGES = {  # to summer time, and back
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Australia/Lord_Howe": ("2026-10-04", "2026-04-05"),
    "Pacific/Auckland": ("2026-09-27", "2026-04-05"),
}
ZONES = tuple(CHANGES)


def midnight(day: dt.date, zone: str) -> dt.datetime:
    """By the wall clock of the zone, as a moment in UTC: there a second is always a second."""
    return dt.datetime.combine(day, dt.time(), tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def give(client, *moments: dt.datetime) -> None:
    for moment in moments:
        run = RunFactory.create(as_of=moment)
        DeliveredLeadFactory.create(delivery__run=run, delivery__client=client)


def used(client, as_of: dt.datetime) -> dict[str, int]:
    found = promises_of([client], as_of)[client.pk]
    return {window.name: window.used for window in found.windows}


class TestTheDayOfAClockChange:
    @pytest.mark.parametrize("change", [0, 1], ids=["forward", "back"])
    @pytest.mark.parametrize("zone", ZONES)
    def test_counts_from_its_first_to_its_last_second(self, zone, change):
        day = dt.date.fromisoformat(CHANGES[zone][change])
        first, after = midnight(day, zone), midnight(day + dt.timedelta(days=1), zone)
        client = ClientFactory.create(time_zone=zone, cap_day=3)
        give(client, first - SECOND, first, after - SECOND, after)

        for as_of in (first, first + (after - first) / 2, after - SECOND):
            assert used(client, as_of)["day"] == 2
            assert promises_of([client], as_of)[client.pk].left == 1
        assert (used(client, first - SECOND)["day"], used(client, after)["day"]) == (1, 1)

    @pytest.mark.parametrize("change", [0, 1], ids=["forward", "back"])
    @pytest.mark.parametrize("zone", ZONES)
    def test_ends_a_week_that_counts_from_its_monday(self, zone, change):
        """All these changes are on Sundays."""
        sunday = dt.date.fromisoformat(CHANGES[zone][change])
        monday = midnight(sunday - dt.timedelta(days=6), zone)
        after = midnight(sunday + dt.timedelta(days=1), zone)
        client = ClientFactory.create(time_zone=zone)
        give(client, monday - SECOND, monday, after - SECOND, after)

        assert sunday.isoweekday() == 7
        assert used(client, after - SECOND)["week"] == 2
        assert used(client, after)["week"] == 1

    @pytest.mark.parametrize("zone", ZONES)
    def test_gives_an_even_pace_its_share_once(self, zone):
        """What a short or a long day gave early counts against its share late."""
        for text in CHANGES[zone]:
            day = dt.date.fromisoformat(text)
            first, after = midnight(day, zone), midnight(day + dt.timedelta(days=1), zone)
            client = ClientFactory.create(time_zone=zone, cap_month=310, pacing="EVEN",
                                          created_at=first - dt.timedelta(days=400))  # fmt: skip
            early = promises_of([client], first)[client.pk]
            give(client, first, first + SECOND)
            late = promises_of([client], after - SECOND)[client.pk]

            assert early.left is not None
            assert late.left == early.left - 2


class TestTheEndOfAMonth:
    @pytest.mark.parametrize("zone", ZONES)
    @pytest.mark.parametrize(
        "first_of_next",
        [
            pytest.param(dt.date(2026, 3, 1), id="February"),
            pytest.param(dt.date(2028, 3, 1), id="leap day"),
            pytest.param(dt.date(2026, 5, 1), id="30 days"),
            pytest.param(dt.date(2026, 4, 1), id="with a clock change in the north"),
            pytest.param(dt.date(2026, 11, 1), id="on a clock change in New York"),
            pytest.param(dt.date(2027, 1, 1), id="year"),
        ],
    )
    def test_is_the_clients_own_midnight(self, zone, first_of_next):
        turn = midnight(first_of_next, zone)
        last_month = (first_of_next - dt.timedelta(days=1)).replace(day=1)
        began = midnight(last_month, zone)
        client = ClientFactory.create(time_zone=zone, cap_month=2, created_at=began)
        give(client, began - SECOND, began, turn - SECOND, turn)

        before, after = (promises_of([client], at)[client.pk] for at in (turn - SECOND, turn))

        assert (before.window("month").used, before.closed) == (2, "cap_month")
        assert (after.window("month").used, after.left, after.closed) == (1, 1, "")

    @pytest.mark.parametrize("zone", ZONES)
    def test_carries_over_what_february_with_29_days_lacked(self, zone):
        began, turn = midnight(dt.date(2028, 2, 1), zone), midnight(dt.date(2028, 3, 1), zone)
        client = ClientFactory.create(
            time_zone=zone, cap_month=5, carry_over="LAST_MONTH", created_at=began
        )
        give(client, began, turn - SECOND)

        found = promises_of([client], turn)[client.pk]

        assert (found.carried, found.left) == (3, 8)

    @pytest.mark.parametrize("zone", ZONES)
    @pytest.mark.parametrize(
        ("cap", "carried"), [(2, 0), (5, 3), (None, 0)], ids=["raised", "kept", "unlimited before"]
    )
    def test_carries_over_what_the_last_month_lacked_of_its_own_cap(self, zone, cap, carried):
        began, turn = midnight(dt.date(2028, 2, 1), zone), midnight(dt.date(2028, 3, 1), zone)
        client = ClientFactory.create(
            time_zone=zone, cap_month=cap, carry_over="LAST_MONTH", created_at=began
        )
        give(client, began, turn - SECOND)
        for as_of, then in ((began - SECOND, 99), (turn - SECOND, cap), (turn, 77)):
            client.cap_month = then
            RunClientFactory.create(run=RunFactory.create(as_of=as_of), client=client)
        client.cap_month = 5

        found = promises_of([client], turn)[client.pk]

        assert (found.carried, found.left) == (carried, 5 + carried)

    @pytest.mark.parametrize("zone", ZONES)
    @pytest.mark.parametrize(
        ("last", "days"),
        [(dt.date(2028, 2, 29), 29), (dt.date(2026, 2, 28), 28), (dt.date(2026, 12, 31), 31)],
        ids=["leap day", "February", "year"],
    )
    def test_gives_an_even_pace_all_that_is_left_on_the_last_day(self, zone, last, days):
        first = midnight(last.replace(day=1), zone)
        client = ClientFactory.create(time_zone=zone, cap_month=10 * days, pacing="EVEN",
                                      created_at=first)  # fmt: skip
        give(client, first)

        ending = midnight(last + dt.timedelta(days=1), zone) - SECOND

        assert promises_of([client], first)[client.pk].left == 9
        assert promises_of([client], ending)[client.pk].left == 10 * days - 1
