"""Simulate tonight: who would get how many, and why no more; nothing is written."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from pipeline import clock, runs, simulating, starting
from pipeline.admin.desk import signed_in
from pipeline.admin.schedule import next_night
from pipeline.shown import admin_url


def simulate_view(request: HttpRequest) -> HttpResponse:
    """The next night, as it would go with the files and the stock of now."""
    as_of = tonight(clock.database_now())
    try:
        found = simulating.simulate(
            as_of=as_of,
            local_date=starting.local_date(as_of),
            started_by=signed_in(request).get_username(),
        )
    except runs.RunIsActive as active:
        messages.warning(request, f"Not simulated. {active}")
        return redirect(admin_url(active.run))
    context = {**admin.site.each_context(request), **simulation_context(found, as_of)}
    return TemplateResponse(request, "desk/simulation.html", context)


def tonight(now: dt.datetime) -> dt.datetime:
    """When the nightly run starts next; now, where none does by itself."""
    return next_night(now) or now


def simulation_context(found: dict[str, Any], as_of: dt.datetime) -> dict[str, Any]:
    """What the page shows of a simulation's object."""
    clients = sorted(
        found["clients"], key=lambda row: (-row["placed"], -row["shortfall"], row["client"])
    )
    return {
        "title": "Simulate tonight",
        "found": found,
        "as_of": timezone.localtime(as_of),
        "stages": [each for each in found["stages"] if each["status"] != "WAITING"],
        "clients": clients,
        "placed": sum(row["placed"] for row in clients),
        "shortfall": sum(row["shortfall"] for row in clients),
        "left_over": sorted(found["left_over"].items(), key=lambda each: -each[1]),
        "left": sum(found["left_over"].values()),
    }
