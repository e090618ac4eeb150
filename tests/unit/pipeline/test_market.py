from __future__ import annotations

import datetime as dt

import pytest

from pipeline.market import Ages

NOW = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
AGES = Ages(as_of=NOW, days={1: 10, 2: 20, 3: 10})


class TestAges:
    @pytest.mark.parametrize(
        ("age", "clients"),
        [
            pytest.param(dt.timedelta(), set(), id="new"),
            pytest.param(dt.timedelta(days=10), set(), id="on the limit"),
            pytest.param(dt.timedelta(days=10, seconds=1), {1, 3}, id="over the lower"),
            pytest.param(dt.timedelta(days=20), {1, 3}, id="on the higher"),
            pytest.param(dt.timedelta(days=20, seconds=1), {1, 2, 3}, id="over both"),
            pytest.param(dt.timedelta(days=-1), set(), id="came in after the run's moment"),
        ],
    )
    def test_name_the_clients_for_which_a_lead_is_too_old(self, age, clients):
        assert AGES.too_old_for(NOW - age) == clients

    def test_the_oldest_lead_is_that_of_the_most_patient_client(self):
        assert AGES.oldest_from == NOW - dt.timedelta(days=20)

    def test_without_clients_the_setting_holds(self, settings):
        settings.MAX_LEAD_AGE_DAYS = 5

        assert Ages(as_of=NOW, days={}).oldest_from == NOW - dt.timedelta(days=5)
