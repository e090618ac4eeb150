"""Breakers of the outside services, heartbeats of our own processes, and the key's fingerprint."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Coalesce, Now

from clients.models import KeyFingerprint
from leadgen.env import ConfigurationError
from leadgen.integrations.errors import ConfigError, ServiceError, Throttled, TransientError
from pipeline import chunks, clock
from pipeline.models import Heartbeat, ServiceState

logger = logging.getLogger(__name__)

TRIP_AFTER = 5  # failures in a row
PROBE_EVERY = dt.timedelta(minutes=1)
PAUSES_MINUTES = (1, 2, 4, 8, 15)  # for a service that throttles us and does not say how long
ONE_OUTAGE = dt.timedelta(minutes=15)  # who trips so long after the last pause begins another
LONGEST_QUEUE = 60  # seconds, for a slot; further ahead only a clock set back puts it
WORKER_IS_GONE_AFTER = 60  # seconds without a heartbeat
_NEXT_SLOT = """
UPDATE pipeline_servicestate
   SET next_slot_at = CASE WHEN next_slot_at BETWEEN statement_timestamp()
                                                 AND statement_timestamp() + make_interval(secs => %(longest)s)
                           THEN next_slot_at ELSE statement_timestamp() END
                      + make_interval(secs => %(step)s)
 WHERE service = %(service)s
RETURNING extract(epoch FROM next_slot_at - statement_timestamp()) - %(step)s
"""
OTHER_KEY = (
    "SUPPRESSION_KEY differs from the one this database was filled under.",
    "Set the former key again; it is in the .env this database was first used with.",
)


_NO_SUCH_DATABASE = re.compile(r'database ".+" does not exist')


def no_database(error: Exception) -> tuple[str, str]:
    """Why PostgreSQL cannot be asked, and what to do."""
    # libpq's first line says what happened, the others ask whether the server is running at all.
    reason = (str(error).strip().splitlines() or ["no answer"])[0].strip()
    if missing := _NO_SUCH_DATABASE.search(reason):
        remedy = "`make demo`" if settings.DEMO else "`createdb`, then `manage.py migrate`"
        return f"PostgreSQL answers, and its {missing[0]}.", f"Run {remedy}."
    return (
        f"PostgreSQL does not answer: {reason}.",
        "Run `manage.py services start`, or check DATABASE_URL.",
    )


class Paused(TransientError):
    """The service was not asked: it has failed of late, or told us when to come again."""


@contextlib.contextmanager
def guarded(service: str) -> Iterator[None]:
    """Ask an outside service, unless it has failed TRIP_AFTER times in a row or wants a pause.

    Raises Paused at once while the breaker is open, so that rows of a service that is down burn
    no time and no attempt. What only a person can mend is kept for the desk to show.
    """
    paused = ServiceState.objects.filter(service=service, open_until__gt=Now()).first()
    if paused is not None and paused.open_until is not None:
        wait = (paused.open_until - clock.database_now()).total_seconds()
        raise Paused(
            f"{service} has not answered of late; trying again soon. {paused.last_error}".strip(),
            service=service,
            retry_after=max(wait, 1),
        )
    try:
        yield
    except (TransientError, ConfigError) as error:
        _count_failure(service, error)
        raise
    recovered(service)


def recovered(service: str) -> None:
    """It answers: its breaker is closed."""
    ServiceState.objects.filter(service=service, failures__gt=0).update(
        failures=0, open_until=None, since=None, last_error="", reason=""
    )


def _count_failure(service: str, error: ServiceError) -> None:
    """Trip after so many, or at once where the service itself asks for a pause."""
    state = _state_of(service)
    state.update(
        failures=F("failures") + 1, last_error=str(error), since=Coalesce(F("since"), Now())
    )
    if not isinstance(error, TransientError):
        return
    state.filter(failures__gte=TRIP_AFTER).update(open_until=Now() + PROBE_EVERY)
    pause = _pause(state.get().failures, error)
    if pause:
        until = Now() + pause
        state.filter(Q(open_until=None) | Q(open_until__lt=until)).update(open_until=until)


def _pause(failures: int, error: TransientError) -> dt.timedelta | None:
    """As long as it asks for; where it throttles us and does not say, longer with each time."""
    if error.retry_after:
        return dt.timedelta(seconds=error.retry_after)
    if isinstance(error, Throttled):
        return dt.timedelta(minutes=PAUSES_MINUTES[min(failures, len(PAUSES_MINUTES)) - 1])
    return None


def pace(service: str, *, per_second: float) -> None:
    """Wait for the next free slot: so many requests a second, of all workers on all hosts."""
    _state_of(service)
    with connection.cursor() as cursor:
        cursor.execute(
            _NEXT_SLOT, {"service": service, "step": 1 / per_second, "longest": LONGEST_QUEUE}
        )
        (wait,) = cursor.fetchone()
    time.sleep(max(float(wait), 0))


def trip(service: str, error: str, *, reason: str, until: dt.datetime | None = None) -> None:
    """Open the breaker at once, until that moment or for PROBE_EVERY.

    The operator is told once, when it opens or another reason comes up, not for every call.
    """
    state = _state_of(service)
    if not state.filter(reason=reason).exists():
        logger.error("%s", error, extra={"service": service, "reason": reason})
    goes_on = Q(reason=reason, open_until__gt=Now() - ONE_OUTAGE)
    state.update(
        failures=F("failures") + TRIP_AFTER,
        last_error=error,
        since=Case(When(goes_on, then=Coalesce(F("since"), Now())), default=Now()),
        reason=reason,
        open_until=until or Now() + PROBE_EVERY,
    )


def _state_of(service: str) -> QuerySet[ServiceState]:
    ServiceState.objects.bulk_create([ServiceState(service=service)], ignore_conflicts=True)
    return ServiceState.objects.filter(service=service)


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """What is known of a service that may be out of order.

    `is_open`: it is not to be asked now. `failing` without it: one call may try.
    """

    is_open: bool = False
    failing: bool = False
    reason: str = ""
    down_for: dt.timedelta = dt.timedelta()
    opens_in: dt.timedelta = dt.timedelta()


def breaker(service: str) -> Breaker:
    """The breaker of a service, by PostgreSQL's clock."""
    state = ServiceState.objects.filter(service=service).first()
    if state is None or state.since is None:
        return Breaker()
    now = clock.database_now()
    opens_in = (state.open_until or now) - now
    return Breaker(
        is_open=opens_in > dt.timedelta(),
        failing=True,
        reason=state.reason,
        down_for=now - state.since,
        opens_in=opens_in,
    )


def worker_heartbeat() -> str:
    return f"worker:{chunks.worker_name()}"


def beat(name: str, detail: str = "") -> None:
    """Write a sign of life, at PostgreSQL's time."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": Now(), "detail": detail})


def forget_heartbeat(name: str) -> None:
    Heartbeat.objects.filter(name=name).delete()


def seconds_since(name: str) -> float:
    """Age of a heartbeat in seconds; infinite where there was none, or the clock was set back."""
    at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    age = math.inf if at is None else (clock.database_now() - at).total_seconds()
    return age if age >= -clock.JITTER.total_seconds() else math.inf


def live_workers() -> list[str]:
    """Names (host:pid) of the worker processes that beat within the last minute."""
    fresh = Now() - dt.timedelta(seconds=WORKER_IS_GONE_AFTER)
    names = Heartbeat.objects.filter(
        name__startswith="worker:", at__gt=fresh, at__lt=Now() + clock.JITTER
    )
    return sorted(name.removeprefix("worker:") for name in names.values_list("name", flat=True))


def check_suppression_key() -> None:
    """Stop where the database was filled under another SUPPRESSION_KEY.

    Under a new key every known lead would look new and every opt-out be forgotten.
    """
    KeyFingerprint.objects.get_or_create(pk=1, defaults={"fingerprint": _fingerprint()})
    if not suppression_key_is_ours():
        raise ConfigurationError(*OTHER_KEY)


def suppression_key_is_ours() -> bool:
    """Whether the database was filled under the SUPPRESSION_KEY that is set, as far as it was."""
    kept = KeyFingerprint.objects.filter(pk=1).first()
    return kept is None or kept.fingerprint == _fingerprint()


def _fingerprint() -> str:
    return hashlib.sha256(settings.SUPPRESSION_KEY.encode()).hexdigest()[:16]
