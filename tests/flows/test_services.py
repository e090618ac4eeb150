"""Breakers, heartbeats, health, and the key the database was filled under."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import OperationalError
from django.utils import timezone

from leadgen.env import ConfigurationError
from leadgen.integrations.errors import TransientError
from pipeline import chain, pulse, services
from pipeline.models import Heartbeat, ServiceState

pytestmark = pytest.mark.django_db

AN_HOUR = dt.timedelta(hours=1)


def fail_once():
    with pytest.raises(TransientError), services.guarded("smtp"):
        raise TransientError("no answer", service="smtp")


class TestGuarded:
    def test_opens_after_five_failures_in_a_row_and_then_asks_nobody(self):
        for _ in range(services.TRIP_AFTER):
            fail_once()
        asked = []

        with pytest.raises(TransientError, match="has not answered"), services.guarded("smtp"):
            asked.append(True)

        assert asked == []

    def test_probes_again_after_a_minute_and_closes_on_success(self):
        for _ in range(services.TRIP_AFTER):
            fail_once()
        ServiceState.objects.update(open_until=timezone.now() - dt.timedelta(seconds=1))

        with services.guarded("smtp"):
            pass

        state = ServiceState.objects.get(service="smtp")
        assert (state.failures, state.open_until, state.last_error) == (0, None, "")

    def test_a_success_in_between_starts_the_count_anew(self):
        for _ in range(services.TRIP_AFTER - 1):
            fail_once()
        with services.guarded("smtp"):
            pass

        fail_once()

        assert ServiceState.objects.get(service="smtp").open_until is None

    def test_our_own_mistakes_do_not_count_against_the_service(self):
        with pytest.raises(KeyError), services.guarded("smtp"):
            raise KeyError("x")

        assert not ServiceState.objects.exists()


class TestHeartbeats:
    def test_a_worker_lives_while_its_heartbeat_is_fresh(self):
        services.beat("worker:here:1")
        services.beat("worker:gone:2")
        Heartbeat.objects.filter(name="worker:gone:2").update(
            at=timezone.now() - dt.timedelta(minutes=5)
        )

        assert services.live_workers() == ["here:1"]

    def test_of_before_the_clock_was_set_back_is_none(self, client):
        for name in ("tick", "worker:here:1"):
            services.beat(name)
        Heartbeat.objects.update(at=timezone.now() + AN_HOUR)

        assert services.live_workers() == []
        assert services.seconds_since("tick") == float("inf")
        assert client.get("/health/").status_code == 503

    def test_age_of_one_that_never_was_is_infinite(self):
        assert services.seconds_since("tick") == float("inf")


class TestPace:
    @pytest.fixture
    def slept(self, monkeypatch):
        found: list[float] = []
        monkeypatch.setattr("pipeline.services.time.sleep", found.append)
        return found

    def test_gives_out_one_slot_after_the_other(self, slept):
        for _ in range(3):
            services.pace("notion", per_second=0.1)

        assert [round(each, -1) for each in slept] == [0, 10, 20]

    def test_waits_for_no_slot_of_before_the_clock_was_set_back(self, slept):
        services.pace("notion", per_second=2)
        ServiceState.objects.update(next_slot_at=timezone.now() + AN_HOUR)

        services.pace("notion", per_second=2)

        assert max(slept) < 1


class TestTrip:
    @pytest.mark.parametrize(
        ("minutes", "lasts"), [pytest.param(8, 10, id="one"), pytest.param(60, 0, id="another")]
    )
    def test_counts_an_outage_from_its_own_beginning(self, minutes, lasts):
        services.trip("gemini", "Gemini is not well.", reason="ai_down")
        ended = timezone.now() - dt.timedelta(minutes=minutes)
        ServiceState.objects.update(since=ended - dt.timedelta(minutes=2), open_until=ended)

        services.trip("gemini", "Gemini is not well.", reason="ai_down")

        found = services.breaker("gemini").down_for
        assert round(found.total_seconds() / 60) == lasts


class TestPulse:
    def test_ticks_in_the_place_of_a_silent_beat(self, monkeypatch):
        done: list[str] = []
        monkeypatch.setattr(chain, "look_after", lambda: done.append("looked after"))

        pulse.pulse(lambda: done.append("published"))

        assert done == ["looked after", "published"]

    def test_leaves_the_ticking_to_beat_while_it_lives(self):
        services.beat("tick")
        Heartbeat.objects.filter(name="tick").update(at=timezone.now() - dt.timedelta(seconds=60))

        published: list[bool] = []

        pulse.pulse(lambda: published.append(True))

        assert services.seconds_since("tick") > 50
        assert not published


class TestSuppressionKey:
    def test_is_remembered_and_the_same_one_passes(self):
        services.check_suppression_key()

        services.check_suppression_key()

    def test_another_one_stops_the_start_with_a_sentence(self, settings):
        services.check_suppression_key()
        settings.SUPPRESSION_KEY = "another-key-entirely-" * 3

        with pytest.raises(ConfigurationError, match="SUPPRESSION_KEY differs"):
            services.check_suppression_key()


class TestHealth:
    def test_is_503_before_the_first_tick(self, client):
        answer = client.get("/health/")

        assert answer.status_code == 503
        assert answer.json() == {"ok": False, "heartbeat_age_seconds": None, "run": None}

    def test_is_200_while_ticks_come_through(self, client):
        services.beat("tick")

        answer = client.get("/health/")

        assert answer.status_code == 200
        assert answer.json()["heartbeat_age_seconds"] < 5

    def test_is_503_while_the_database_does_not_answer(self, client, monkeypatch):
        def away(_name):
            raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(services, "seconds_since", away)
        answer = client.get("/health/")

        assert answer.status_code == 503
        assert answer.json() == {"ok": False, "heartbeat_age_seconds": None, "run": None}

    def test_takes_no_post(self, client):
        assert client.post("/health/").status_code == 405
