"""A client, a person, a night: each in one line, for tests in which one rule matters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils import timezone

from clients.models import Client, Plan, TargetRule
from pipeline import starting
from pipeline.models import Run
from tests.flows import nights

HEADER = "First Name,Last Name,Company,Email,Country,Website\n"


def make_client(name, *, rule=("country", "IN", ["Germany"]), plan=None, **more) -> Client:
    client = Client.objects.create(
        name=name,
        plan=Plan.objects.create(name=f"{name}'s", **(plan or {})),
        offer="We mend what others throw away.",
        sender_name="Ida Ivers",
        emails=["leads@client.example"],
        **more,
    )
    field, operator, values = rule
    TargetRule.objects.create(client=client, field=field, operator=operator, values=values)
    return client


def night(*, people: Sequence[str] = (), as_of: dt.datetime | None = None) -> Run:
    """One run; each of `people` is a line of its own file."""
    if people:
        nights.take_in(HEADER + "\n".join(people) + "\n", name=f"leads-{people[0][:3]}.csv",
                       insisted=True)  # fmt: skip
    run = starting.start_now(now=as_of or timezone.now(), started_by="test")
    nights.work_off()
    run.refresh_from_db()
    assert run.status == "DONE"
    return run


def line(name, country="Germany", firm="acme"):
    return f"{name.title()},Ashby,{firm.title()},{name}@{firm}.com,{country},https://{firm}.com"
