"""`/health/`: whether the machine room is alive, for load balancers and alerts (contract.md)."""

from __future__ import annotations

import math

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pipeline import services
from pipeline.models import Run

OLDEST_TICK = 180  # seconds: a live process is not enough, its ticks must come through the broker


@never_cache
@require_safe
def health(_request: HttpRequest) -> JsonResponse:
    """200 while ticks come through, else 503. Says nothing personal: it needs no login."""
    try:
        age = services.seconds_since("tick")
        run = Run.objects.running().values_list("pk", flat=True).first()
    except DatabaseError:
        age, run = math.inf, None
    alive = age <= OLDEST_TICK
    found = {
        "ok": alive,
        "heartbeat_age_seconds": round(age, 1) if math.isfinite(age) else None,
        "run": run,
    }
    return JsonResponse(found, status=200 if alive else 503)
