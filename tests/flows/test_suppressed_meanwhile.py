"""Suppressed while a night is under way: a list is in force from the moment it is committed."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone

from clients.models import Client, Suppression
from deliveries.models import DeliveredLead, Delivery
from pipeline import audit, starting
from pipeline.models import Draft, Lead, Run
from tests.flows import nights

pytestmark = pytest.mark.django_db

LISTED = uuid.UUID(int=77)
KINDS = [
    pytest.param("ADDRESS", {}, id="address"),
    pytest.param("DOMAIN", {"domain_keys": [uuid.UUID(int=5), LISTED]}, id="domain"),
    pytest.param("PHONE", {"phone_key": LISTED}, id="phone"),
]


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def night_until(true: Callable[[], bool]) -> Run:
    nights.make_agency()
    run = starting.start_now(now=timezone.now(), started_by="test")
    while not true():
        nights.step()
    return run


def suppress_ann(kind: str, columns: dict[str, object], client: Client | None = None) -> Lead:
    """As an operator would, and as if her row had said so from the first."""
    ann = Lead.objects.get(record=1)
    Lead.objects.filter(pk=ann.pk).update(**columns)
    key = ann.match_key if kind == "ADDRESS" else LISTED
    assert Suppression.objects.add([key], kind=kind, client=client) == 1
    return ann


@pytest.mark.parametrize(("kind", "columns"), KINDS)
class TestBeforeAllocate:
    def test_by_everybody_nobody_gets_her(self, kind, columns):
        run = night_until(Draft.objects.exists)
        ann = suppress_ann(kind, columns)

        nights.work_off()

        ann.refresh_from_db()
        assert (ann.status, ann.reason) == ("SUPPRESSED", "suppressed_global")
        assert not DeliveredLead.objects.filter(lead=ann).exists()
        assert run.stage_runs.get(stage="ALLOCATE").reasons == {
            "filter": 1, "suppressed_global": 1,
        }  # fmt: skip
        assert audit.run()["ok"]

    def test_by_the_client_that_wants_her_she_stays_in_stock(self, kind, columns):
        night_until(Draft.objects.exists)
        ann = suppress_ann(kind, columns, Client.objects.get(name="Germania"))

        nights.work_off()

        ann.refresh_from_db()
        assert (ann.status, ann.reason) == ("READY", "suppressed_client")
        assert audit.run()["ok"]

    def test_by_another_client_she_goes_where_she_would(self, kind, columns):
        night_until(Draft.objects.exists)
        ann = suppress_ann(kind, columns, Client.objects.get(name="Franken"))

        nights.work_off()

        assert DeliveredLead.objects.get(lead=ann).client.name == "Germania"


@pytest.mark.parametrize(("kind", "columns"), KINDS)
class TestBeforeTheFileIsMade:
    @pytest.mark.parametrize(
        ("whose", "becomes"),
        [
            pytest.param(None, "SUPPRESSED", id="everybody"),
            pytest.param("Germania", "READY", id="the client"),
        ],
    )
    def test_she_is_withdrawn(self, kind, columns, whose, becomes):
        night_until(Delivery.objects.exists)
        ann = suppress_ann(kind, columns, Client.objects.filter(name=whose).first())

        nights.work_off()

        ann.refresh_from_db()
        assert (ann.status, ann.reason) == (becomes, "suppressed_before_delivery")
        assert DeliveredLead.objects.get(lead=ann).status == "WITHDRAWN"
        assert Delivery.objects.get(client__name="Germania").rows == 1
        assert audit.run()["ok"]

    def test_not_for_another_client(self, kind, columns):
        night_until(Delivery.objects.exists)
        ann = suppress_ann(kind, columns, Client.objects.get(name="Franken"))

        nights.work_off()

        assert DeliveredLead.objects.get(lead=ann).status == "DELIVERED"


class TestErasedBeforeTheFileIsMade:
    def test_is_withdrawn_by_the_key_that_the_delivery_kept(self):
        night_until(Delivery.objects.exists)
        ann = suppress_ann("ADDRESS", {})
        Lead.objects.filter(pk=ann.pk).update(status="ERASED", key=None, email="")

        nights.work_off()

        assert DeliveredLead.objects.get(lead=ann).status == "WITHDRAWN"
        assert Lead.objects.get(pk=ann.pk).status == "ERASED"


class TestForEverybodyBeforePersonalize:
    def test_no_draft_is_written(self):
        nights.make_agency()
        Client.objects.update(status="PAUSED")
        starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()
        ann = suppress_ann("ADDRESS", {})
        Client.objects.update(status="ACTIVE")

        starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()

        assert not Draft.objects.filter(lead=ann).exists()
