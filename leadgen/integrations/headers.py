"""What a service says beside its answer."""

from __future__ import annotations

import datetime as dt
import math
from email.utils import parsedate_to_datetime

from django.utils import timezone


def retry_after(said: str | None) -> float | None:
    """Seconds from a Retry-After header, a number or a date (RFC 9110, 10.2.3); None: it says neither."""
    try:
        seconds = float(said or "")
    except ValueError:
        return _until(said or "")
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _until(said: str) -> float | None:
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max((moment - timezone.now()).total_seconds(), 0.0)
