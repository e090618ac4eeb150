"""Whether the AI may be asked now: the breaker, as a worker that writes drafts sees and trips it."""

from __future__ import annotations

import datetime as dt
import time
import zoneinfo

from django.conf import settings

from leadgen.integrations.errors import AccountError, ServiceError, TransientError, Unusable
from leadgen.integrations.gemini_errors import REQUEST, SERVICE
from pipeline import clock, services
from pipeline.asking import NotAsked, Reply, is_down

DOWN = "ai_down"
ACCOUNT_PAUSE = dt.timedelta(minutes=10)  # then one call tries whether somebody has mended it
PROVIDERS_DAY = "America/Los_Angeles"  # daily quotas begin anew at its midnight
LOOK_EVERY = 1.0  # seconds
REFUSALS_IN_A_ROW = 5  # requests called invalid: then it is not the lead's fault


def patience() -> dt.timedelta:
    return dt.timedelta(minutes=settings.AI_PATIENCE_MINUTES)


def reason_to_stop() -> tuple[str, bool]:
    """(code of the reason for templates, whether to wait instead); ('', False): go on."""
    found = services.breaker(SERVICE)
    if not found.is_open:
        return "", False
    if found.reason != DOWN:
        return found.reason or DOWN, False
    return (DOWN, False) if found.down_for >= patience() else ("", True)


def opens_in() -> dt.timedelta:
    """How long until the AI may be asked again."""
    return services.breaker(SERVICE).opens_in


class Watch:
    """Sees the replies of one chunk go by, and opens or closes the breaker.

    `on_trial`: it failed of late, so that one call at a time may try. `tripped`: by ourselves.
    """

    def __init__(self) -> None:
        self.on_trial = services.breaker(SERVICE).failing
        self.tripped = False
        self.answers = 0
        self._refusals = 0
        self._looked_at = 0.0

    def look(self) -> tuple[str, bool]:
        """`reason_to_stop`, asked of the database once a second."""
        if not self.tripped and time.monotonic() - self._looked_at < LOOK_EVERY:
            return "", False
        self._looked_at = time.monotonic()
        return reason_to_stop()

    def note(self, reply: Reply) -> None:
        error = reply.error
        if error is None or (isinstance(error, Unusable) and error.reason != REQUEST):
            self._answered()
        elif isinstance(error, AccountError):
            self._trip(error, error.reason, until=_until(error))
        elif isinstance(error, Unusable):
            self._refused(error, in_flight=reply.in_flight)
        elif not isinstance(error, NotAsked) and (is_down(reply) or self.on_trial):
            self._trip(error, DOWN)

    def time_is_up(self) -> None:
        """A service that answered nothing in all that time is down, whatever it says."""
        if not self.answers and not self.tripped:
            error = TransientError("Gemini took no request for minutes.", service=SERVICE)
            self._trip(error, DOWN)

    def _answered(self) -> None:
        self.answers += 1
        self._refusals = 0
        if self.on_trial:
            services.recovered(SERVICE)
            self.on_trial = False

    def _refused(self, error: Unusable, *, in_flight: int) -> None:
        self._refusals += 1
        if self._refusals >= REFUSALS_IN_A_ROW and self._refusals > in_flight:
            self._trip(error, REQUEST, until=clock.database_now() + ACCOUNT_PAUSE)

    def _trip(self, error: ServiceError, reason: str, *, until: dt.datetime | None = None) -> None:
        if not self.tripped:  # of all that are under way, the first says it
            services.trip(SERVICE, str(error), reason=reason, until=until)
        self.tripped = True


def _until(error: AccountError) -> dt.datetime:
    now = clock.database_now()
    if not error.daily:
        return now + ACCOUNT_PAUSE
    there = now.astimezone(zoneinfo.ZoneInfo(PROVIDERS_DAY))
    tomorrow = there.date() + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time(), there.tzinfo)
