"""The start button, wherever it stands."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest

from pipeline import services
from pipeline.admin.desk import signed_in
from pipeline.models import Run

NO_WORKER = (
    "No worker is alive, so nothing moves yet. `make up` starts one here;"
    " on another host: `celery -A leadgen worker`."
)


def what_may_start(request: HttpRequest) -> dict[str, Any]:
    """What the start button needs: a fresh press, and what stands against it."""
    return {
        "press": uuid.uuid4(),
        "may_start": signed_in(request).has_perm("pipeline.add_run"),
        "active": Run.objects.running().order_by("pk").first(),
        "workers": services.live_workers(),
        "no_worker": NO_WORKER,
    }
