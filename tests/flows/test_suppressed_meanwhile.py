"""Suppressed while a night is under way: a list is in force from the moment it is committed."""

from __future__ import annotations

import csv
import io
import uuid

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from clients import do_not_contact
from clients.models import Client, Suppression
from deliveries.models import DeliveredLead, Delivery
from pipeline import audit, explaining, starting
from pipeline.models import Draft, Lead
from tests.factories import ClientFactory
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
        run = nights.until(Draft.objects.exists)
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
        nights.until(Draft.objects.exists)
        ann = suppress_ann(kind, columns, Client.objects.get(name="Germania"))

        nights.work_off()

        ann.refresh_from_db()
        assert (ann.status, ann.reason) == ("READY", "suppressed_client")
        assert audit.run()["ok"]

    def test_by_another_client_she_goes_where_she_would(self, kind, columns):
        nights.until(Draft.objects.exists)
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
        nights.until(Delivery.objects.exists)
        ann = suppress_ann(kind, columns, Client.objects.filter(name=whose).first())

        nights.work_off()

        ann.refresh_from_db()
        assert (ann.status, ann.reason) == (becomes, "suppressed_before_delivery")
        assert DeliveredLead.objects.get(lead=ann).status == "WITHDRAWN"
        assert Delivery.objects.get(client__name="Germania").rows == 1
        told = explaining.story(ann.email, run=None).as_json()["clients"]
        assert {
            "client": "Germania",
            "taken": False,
            "rule": "suppressed",
            "detail": "given to it in run "
            f"{DeliveredLead.objects.get(lead=ann).run_id}; suppressed before the file was made",
        } in told
        assert audit.run()["ok"]

    def test_not_for_another_client(self, kind, columns):
        nights.until(Delivery.objects.exists)
        ann = suppress_ann(kind, columns, Client.objects.get(name="Franken"))

        nights.work_off()

        assert DeliveredLead.objects.get(lead=ann).status == "DELIVERED"


class TestFurtherAddressesAndPhones:
    """Of a lead that may be sold, what is suppressed goes to no client, wherever it stands."""

    HEADER = "email,email 2,phone 2,Assistant\n"

    @pytest.mark.parametrize(
        ("row", "cells"),
        [
            pytest.param(
                "d@dd.com,opt@out.com,,", {"email_alt": "", "phone_alt": ""}, id="address"
            ),
            pytest.param(
                "x@xx.com; opt@out.com; y@yy.com,,,", {"email_alt": "y@yy.com"}, id="cell"
            ),
            pytest.param("d@dd.com,a@sub.out.org,,", {"email_alt": ""}, id="domain"),
            pytest.param("d@dd.com,,+49 30 1234567,", {"phone_alt": ""}, id="phone"),
            pytest.param("d@dd.com,,,Opt <opt@out.com>", {"Assistant": ""}, id="own column"),
            pytest.param(
                "d@dd.com,e@ee.com,+49 30 7654321,a note",
                {"email_alt": "e@ee.com", "phone_alt": "+49 30 7654321", "Assistant": "a note"},
                id="others",
            ),
        ],
    )
    def test_do_not_reach_a_client(self, row, cells, monkeypatch):
        client = ClientFactory.create(
            name="All", extra_columns=["email_alt", "phone_alt", "Assistant"]
        )
        listed = do_not_contact.read("opt@out.com\nout.org\n+49 30 1234567\n")
        do_not_contact.suppress(listed.entries, client=client)
        nights.take_in(self.HEADER + row + "\n")
        starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()

        with default_storage.open(Delivery.objects.get().storage_name, "rb") as stored:
            (found,) = csv.DictReader(io.TextIOWrapper(stored, "utf-8-sig"))

        assert cells.items() <= found.items()


class TestErasedBeforeTheFileIsMade:
    def test_is_withdrawn_by_the_key_that_the_delivery_kept(self):
        nights.until(Delivery.objects.exists)
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
