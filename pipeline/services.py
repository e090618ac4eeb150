"""Breakers of the outside services, heartbeats of our own processes, and the key's fingerprint."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import math
from collections.abc import Iterator

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from clients.models import KeyFingerprint
from leadgen.env import ConfigurationError
from leadgen.integrations.errors import TransientError
from pipeline import chunks, clock
from pipeline.models import Heartbeat, ServiceState

TRIP_AFTER = 5  # failures in a row
PROBE_EVERY = dt.timedelta(minutes=1)
WORKER_IS_GONE_AFTER = 60  # seconds without a heartbeat


class Paused(TransientError):
    """The service was not asked: it has failed of late, or told us when to come again."""


@contextlib.contextmanager
def guarded(service: str) -> Iterator[None]:
    """Ask an outside service, unless it has failed TRIP_AFTER times in a row of late.

    Raises Paused at once while the breaker is open, so that rows of a service that is down burn
    no time and no attempt.
    """
    if ServiceState.objects.filter(service=service, open_until__gt=Now()).exists():
        raise Paused(
            f"{service} has not answered of late; trying again soon.",
            service=service,
            retry_after=PROBE_EVERY.total_seconds(),
        )
    try:
        yield
    except TransientError as error:
        _count_failure(service, error)
        raise
    ServiceState.objects.filter(service=service, failures__gt=0).update(
        failures=0, open_until=None, last_error=""
    )


def _count_failure(service: str, error: TransientError) -> None:
    """Trip after so many, or at once where the service itself says how long to stay away."""
    ServiceState.objects.bulk_create([ServiceState(service=service)], ignore_conflicts=True)
    state = ServiceState.objects.filter(service=service)
    state.update(failures=F("failures") + 1, last_error=str(error))
    state.filter(failures__gte=TRIP_AFTER).update(open_until=Now() + PROBE_EVERY)
    if error.retry_after:
        until = Now() + dt.timedelta(seconds=error.retry_after)
        state.filter(Q(open_until=None) | Q(open_until__lt=until)).update(open_until=until)


def worker_heartbeat() -> str:
    return f"worker:{chunks.worker_name()}"


def beat(name: str, detail: str = "") -> None:
    """Write a sign of life, at PostgreSQL's time."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": Now(), "detail": detail})


def forget_heartbeat(name: str) -> None:
    Heartbeat.objects.filter(name=name).delete()


def seconds_since(name: str) -> float:
    """Age of a heartbeat in seconds; infinite where there was none."""
    at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    return math.inf if at is None else (clock.database_now() - at).total_seconds()


def live_workers() -> list[str]:
    """Names (host:pid) of the worker processes that beat within the last minute."""
    fresh = Now() - dt.timedelta(seconds=WORKER_IS_GONE_AFTER)
    names = Heartbeat.objects.filter(name__startswith="worker:", at__gt=fresh)
    return sorted(name.removeprefix("worker:") for name in names.values_list("name", flat=True))


def check_suppression_key() -> None:
    """Stop where the database was filled under another SUPPRESSION_KEY.

    Under a new key every known lead would look new and every opt-out be forgotten.
    """
    fingerprint = hashlib.sha256(settings.SUPPRESSION_KEY.encode()).hexdigest()[:16]
    kept, _ = KeyFingerprint.objects.get_or_create(pk=1, defaults={"fingerprint": fingerprint})
    if kept.fingerprint != fingerprint:
        raise ConfigurationError(
            "SUPPRESSION_KEY differs from the one this database was filled under.",
            "Set the former key again; it is in the .env this database was first used with.",
        )
