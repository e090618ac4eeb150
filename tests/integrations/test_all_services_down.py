"""Drive, mail server and Notion down together for two nights: nobody waits, nobody is served twice."""

from __future__ import annotations

import pytest
from django.utils import timezone

from clients.models import Plan
from deliveries.models import Delivery
from leadgen.integrations import notion
from pipeline import audit, logbook, postroom, starting
from pipeline.models import Chunk, Run, ServiceState
from tests.flows import mail_server, nights
from tests.integrations import notion_double

pytestmark = pytest.mark.django_db
NOBODY = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
    monkeypatch.setattr(notion, "CONFLICT_PAUSES", (0, 0, 0))
    monkeypatch.setattr(logbook, "PER_SECOND", 1_000)


@pytest.fixture
def log(settings):
    with notion_double.in_use(settings) as found:
        yield found


@pytest.fixture
def post(settings):
    with mail_server.in_use(settings) as found:
        yield found


def night() -> Run:
    run = starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    nights.work_off()
    run.refresh_from_db()
    return run


def try_again() -> None:
    """As if the pauses were over."""
    ServiceState.objects.update(open_until=None)
    Chunk.objects.filter(status="PENDING").update(next_try_at=None)
    nights.work_off()
    postroom.send()


def test_both_nights_end_in_time_and_are_finished_once_they_are_back(drive, post, log, settings):
    settings.STAGE_PATIENCE_MINUTES = 0
    drive.down = True
    settings.EMAIL_PORT, settings.NOTION_BASE_URL = 1, NOBODY
    nights.make_agency()
    first = night()
    nights.take_in(nights.CSV.replace("@", "@two-"), name="more.csv")
    Plan.objects.update(cap_day=4)
    second = night()
    assert [run.status for run in (first, second)] == ["DONE", "DONE"]
    assert list(Delivery.objects.values_list("status", flat=True)) == ["WAITING"] * 4
    assert not drive.made
    assert not post.taken

    drive.down = False
    settings.EMAIL_PORT, settings.NOTION_BASE_URL = post.port, log.url
    for _ in range(3):
        try_again()

    assert list(Delivery.objects.values_list("status", flat=True)) == ["LOGGED"] * 4
    assert len(drive.made) == 4
    assert sorted(each for each in post.recipients() if each.startswith("leads@")) == [
        *["leads@franken.com"] * 2,
        *["leads@germania.com"] * 2,
    ]
    assert len(log.rows()) == len({row["Key"] for row in log.rows()}) == 4
    assert audit.run(deep=True)["ok"]
