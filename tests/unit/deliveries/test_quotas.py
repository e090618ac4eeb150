from __future__ import annotations

import datetime as dt

import pytest

from deliveries.quotas import Window, least_left, tightest, window_bounds


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def window(name="day", cap=None, used=0):
    return Window(name=name, starts_at=None, ends_at=None, cap=cap, used=used)


class TestWindowBounds:
    @pytest.mark.parametrize(
        ("name", "as_of", "zone", "starts", "hours"),
        [
            pytest.param("day", "2026-11-24T02:00", "UTC", "2026-11-24T00:00", 24, id="day"),
            pytest.param(
                "day",
                "2026-11-24T02:00",
                "America/New_York",
                "2026-11-23T05:00",
                24,
                id="the client's yesterday",
            ),
            pytest.param(
                "day",
                "2026-03-29T12:00",
                "Europe/Berlin",
                "2026-03-28T23:00",
                23,
                id="spring forward has 23 hours",
            ),
            pytest.param(
                "day",
                "2026-10-25T12:00",
                "Europe/Berlin",
                "2026-10-24T22:00",
                25,
                id="fall back has 25 hours",
            ),
            pytest.param("week", "2026-11-29T23:59", "UTC", "2026-11-23T00:00", 168, id="Sunday"),
            pytest.param("week", "2026-11-30T00:00", "UTC", "2026-11-30T00:00", 168, id="Monday"),
            pytest.param("month", "2028-02-29T12:00", "UTC", "2028-02-01T00:00", 696, id="leap"),
            pytest.param(
                "month", "2026-12-31T23:00", "UTC", "2026-12-01T00:00", 744, id="December"
            ),
        ],
    )
    def test_are_the_clients_own_midnights(self, name, as_of, zone, starts, hours):
        bounds = window_bounds(name, at(as_of), zone)

        assert bounds is not None
        first, after = bounds
        assert first == at(starts)
        assert after.astimezone(dt.UTC) - first.astimezone(dt.UTC) == dt.timedelta(hours=hours)

    def test_total_has_none(self):
        assert window_bounds("total", at("2026-11-24T02:00"), "UTC") is None


class TestWindow:
    @pytest.mark.parametrize(
        ("cap", "used", "left"),
        [
            pytest.param(None, 10, None, id="no cap is unlimited"),
            pytest.param(0, 0, 0, id="zero is none"),
            pytest.param(5, 3, 2, id="rest"),
            pytest.param(5, 9, 0, id="lowered below what was used"),
        ],
    )
    def test_left(self, cap, used, left):
        assert window(cap=cap, used=used).left == left


class TestLeastLeft:
    def test_is_the_tightest_windows(self):
        windows = [window("day", cap=5, used=1), window("month", cap=9, used=7), window("total")]

        assert least_left(windows) == 2
        assert tightest(windows).name == "month"

    def test_is_none_without_caps(self):
        assert least_left([window()]) is None
        assert tightest([window()]) is None
