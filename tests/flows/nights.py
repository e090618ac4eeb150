"""An agency small enough to know by heart: one dirty file, two clients, one suppressed person."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from clients.models import Client, Plan, Suppression, TargetRule
from pipeline import chain, chunks, lead_files, starting
from pipeline.addresses import match_key, normalise
from pipeline.models import LeadFile, Run

CSV = """\
First Name,Last Name,Title,Company,Email,Country
Ann,Ashby,CFO,Acme Pipes,ann@acme-pipes.com,Germany
Bob,Byrne,CEO,Bolt Works,bob@bolt-works.com,Germany
Cleo,Cole,Engineer,Cedar Labs,cleo@cedar-labs.com,France
Ann,Ashby,CFO,Acme Pipes,ANN@acme-pipes.com,Germany
Dan,Drew,CEO,Delta Mill,not an address,France
,,,,,
Eve,Ekman,CFO,Elm Foods,eve@elm-foods.com,Germany
Finn,Falk,CEO,Fir Tools,finn@fir-tools.com,France
Gwen,Gray,Buyer,Gold Rail,gwen@gold-rail.com,Italy
"""

# Record by record what one night makes of it: Germany takes two a day, France all it can get.
LEADS = [
    (1, "DELIVERED", ""),
    (2, "DELIVERED", ""),
    (3, "DELIVERED", ""),
    (4, "DUPLICATE", "dup_file"),
    (7, "SUPPRESSED", "suppressed_global"),
    (8, "DELIVERED", ""),
    (9, "READY", "filter"),
]
DELIVERED = [("Franken", 3), ("Franken", 8), ("Germania", 1), ("Germania", 2)]


def key_of(address: str) -> UUID:
    return match_key(normalise(address), settings.SUPPRESSION_KEY.encode())


def take_in(text: str = CSV, name: str = "leads.csv", **options: Any) -> LeadFile:
    return lead_files.take_in(
        io.BytesIO(text.encode()), name=name, source="test", uploaded_by="test", **options
    )


def make_agency() -> LeadFile:
    """Two clients, one opt-out, one queued file."""
    plan = Plan.objects.create(name="Two a day", cap_day=2)
    for name, country in (("Germania", "Germany"), ("Franken", "France")):
        client = Client.objects.create(
            name=name,
            plan=plan,
            offer=f"{name} mends what others throw away.",
            sender_name="Ida Ivers",
            emails=[f"leads@{name.lower()}.com"],
        )
        TargetRule.objects.create(client=client, field="country", operator="IN", values=[country])
    Suppression.objects.add([key_of("eve@elm-foods.com")])
    return take_in()


def work_off() -> None:
    """Tick, then do every chunk that is due, in this process, until nothing is."""
    chain.look_after()
    while due := chunks.take_unpublished():
        for chunk_id, _ in due:
            chain.perform(chunk_id)


def step() -> None:
    """Do the chunks that are due now, and none that follow from them."""
    for chunk_id, _ in chunks.take_unpublished():
        chain.perform(chunk_id)


def until(true: Callable[[], bool]) -> Run:
    """A night of the small agency, as far as this becomes true."""
    make_agency()
    run = starting.start_now(now=timezone.now(), started_by="test")
    while not true():
        step()
    return run
