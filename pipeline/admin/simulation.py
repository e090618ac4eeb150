"""Simulate tonight: who would get how many, and why no more; nothing is written.

And before all of tonight's drafts are paid for: what they would cost, and five of them tried.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from clients.models import Client
from pipeline import clock, prices, runs, simulating, spending, starting
from pipeline.admin.desk import signed_in
from pipeline.admin.schedule import next_night
from pipeline.admin.start import what_may_start
from pipeline.models import Run
from pipeline.shown import admin_url, list_url

if TYPE_CHECKING:
    from pipeline.drafts import Request
    from pipeline.trying import Tried


def simulate_view(request: HttpRequest) -> HttpResponse:
    """The next night, as it would go with the files and the stock of now."""
    from pipeline import trying  # noqa: PLC0415  (its words need large tables)

    as_of = tonight(clock.database_now())
    picked: list[Request] = []
    try:
        found = simulating.simulate(
            as_of=as_of,
            local_date=starting.local_date(as_of),
            started_by=signed_in(request).get_username(),
            look=lambda run: picked.extend(trying.pick(run)),
        )
    except runs.RunIsActive as active:
        messages.warning(request, f"Not simulated. {active}")
        return redirect(admin_url(active.run))
    context = {
        **admin.site.each_context(request),
        **what_may_start(request),
        **simulation_context(found, as_of),
        **cost_context(found["estimate"]["pairs"], found["estimate"]["stands_in"]),
        "picked": trying.packed(picked) if picked else "",
    }
    return TemplateResponse(request, "desk/simulation.html", context)


class TryForm(forms.Form):
    """What the page of a simulation says of the pairs that it picked."""

    picked = forms.CharField(strip=False)
    pairs = forms.IntegerField(min_value=0, max_value=2**31)


def try_view(request: HttpRequest) -> HttpResponse:
    """Real drafts for a few of tonight's pairs, side by side."""
    from pipeline import trying  # noqa: PLC0415  (as above)

    form = TryForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Nothing was tried. Simulate tonight: it says for whom to try.")
        return redirect(list_url(Run))
    try:
        tried = trying.write(trying.unpacked(form.cleaned_data["picked"]))
    except trying.NotPossible as refusal:
        messages.warning(request, f"Nothing was tried. {refusal}")
        return redirect(list_url(Run))
    context = {
        **admin.site.each_context(request),
        **what_may_start(request),
        **cost_context(form.cleaned_data["pairs"], spending.who_stands_in()),
        **trying_context(tried),
        "picked": form.cleaned_data["picked"],
    }
    return TemplateResponse(request, "desk/trying.html", context)


def trying_context(tried: Sequence[Tried]) -> dict[str, Any]:
    """Each draft as it would be sent, what it cost, and what they cost together."""
    from pipeline import drafting  # noqa: PLC0415  (as above)

    clients = Client.objects.in_bulk({each.request.client_id for each in tried})
    return {
        "title": "Try five",
        "tried": [
            {
                "lead": each.request.lead,
                "client": clients[each.request.client_id],
                "words": each.words,
                "whole": drafting.letter(each.words.body, clients[each.request.client_id]),
                "cents": prices.in_cents(each.micros),
                "objections": each.objections,
                "before": each.before,
                "is_kept": each.is_kept,
            }
            for each in tried
        ],
        "by_ai": sum(each.words.source == "AI" for each in tried),
        "paid_cents": prices.in_cents(sum(each.micros for each in tried if not each.before)),
    }


def cost_context(pairs: int, stands_in: str) -> dict[str, Any]:
    """What drafts for so many pairs would cost, and what they may."""
    without = stands_in == spending.NO_ACCOUNT
    return {
        "cost": prices.estimate(pairs),
        "each": prices.estimate(1),
        "five": prices.estimate(5),
        "price_in": settings.GEMINI_PRICE_IN,
        "price_out": settings.GEMINI_PRICE_OUT,
        "run_cap_cents": settings.AI_BUDGET_RUN_CENTS,
        "day_left_cents": spending.left_today_cents(),
        "affordable": 0 if without else spending.affordable(pairs),
        "stands_in": stands_in,
        "no_account": without,
        "night": next_night(clock.database_now()),
    }


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
