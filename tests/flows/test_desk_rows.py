"""Deliveries and leads at the desk."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from deliveries import links
from deliveries.models import Delivery
from tests.factories import (
    CONTENT,
    NOW,
    DeliveryFactory,
    DraftFactory,
    LeadFactory,
    complete_run,
    store_file,
)
from tests.flows.nights import key_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path, "allow_overwrite": False},
        },
    }


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


def download(delivery: Delivery) -> str:
    return f"/admin/deliveries/delivery/{delivery.pk}/download/"


class TestADeliverysFile:
    def test_comes_as_it_lies_in_storage(self, desk):
        delivery = DeliveryFactory.create(status="LOGGED")
        store_file(delivery)

        response = desk.get(download(delivery))

        assert b"".join(response.streaming_content) == CONTENT
        assert "attachment" in response["Content-Disposition"]

    def test_is_for_those_who_are_logged_in(self, client):
        delivery = DeliveryFactory.create(status="LOGGED")
        store_file(delivery)

        assert client.get(download(delivery))["Location"].startswith("/admin/login/")

    def test_is_for_those_who_may_see_deliveries(self, client):
        client.force_login(User.objects.create_user("guest", is_staff=True))
        delivery = DeliveryFactory.create(status="LOGGED")

        assert client.get(download(delivery)).status_code == 403

    def test_is_missed_with_a_sentence(self, desk):
        waiting = DeliveryFactory.create(status="WAITING")
        lost = DeliveryFactory.create(status="LOGGED")

        assert "has no file yet" in desk.get(download(waiting), follow=True).content.decode()
        assert desk.get(download(lost)).status_code == 404


class TestADeliverysPage:
    def test_shows_its_link_and_until_when_it_works(self, desk, settings):
        settings.LINK_DAYS = 30
        delivery = complete_run().delivery
        Delivery.objects.update(link=links.link_for(delivery.pk))

        response = desk.get(reverse("admin:deliveries_delivery_change", args=[delivery.pk]))

        assert links.link_for(delivery.pk).split(":")[0] in response.content.decode()
        assert delivery.uploaded_at is not None
        assert response.context["expires_at"] == delivery.uploaded_at + dt.timedelta(days=30)

    def test_makes_a_new_link_once_the_first_has_expired(self, desk, settings):
        settings.LINK_DAYS = 1
        delivery = complete_run(as_of=NOW - dt.timedelta(days=900)).delivery

        context = desk.get(reverse("admin:deliveries_delivery_change", args=[delivery.pk])).context

        assert context["expired"]
        assert context["fresh_link"].startswith("http://127.0.0.1:8000/files/")

    def test_says_what_waits_and_why(self, desk):
        delivery = DeliveryFactory.create(status="WAITING", error="The disk is full.")

        shown = desk.get(reverse("admin:deliveries_delivery_change", args=[delivery.pk]))

        assert "goes on by itself:</b> The disk is full." in shown.content.decode()


class TestLeads:
    def test_are_found_by_any_spelling_of_their_address(self, desk):
        wanted = LeadFactory.create(email="ann.ashby@gmail.com", key=key_of("annashby@gmail.com"))
        LeadFactory.create()

        found = desk.get("/admin/pipeline/lead/", {"q": "Ann.Ashby+x@googlemail.com"})

        assert list(found.context["cl"].result_list) == [wanted]

    @pytest.mark.parametrize("asked", ["acme", "Ashby"])
    def test_are_found_by_company_and_name(self, desk, asked):
        wanted = LeadFactory.create(company="Acme Pipes", last_name="Ashby")
        LeadFactory.create(company="Bolt", last_name="Byrne", email="bob@bolt.example")

        found = desk.get("/admin/pipeline/lead/", {"q": asked})

        assert list(found.context["cl"].result_list) == [wanted]

    def test_are_narrowed_to_a_typed_country_within_the_other_filters(self, desk):
        wanted = LeadFactory.create(country="Germany")
        LeadFactory.create(country="France", file=wanted.file)

        found = desk.get("/admin/pipeline/lead/", {"country": "germany", "file": wanted.file_id})

        assert list(found.context["cl"].result_list) == [wanted]
        assert f'name="file" value="{wanted.file_id}"' in found.content.decode()

    def test_say_where_they_are_and_why(self, desk):
        night = complete_run()
        DraftFactory.create(lead=night.left_over, client=night.client, reason="no_ai_account")

        def story(lead):
            page = reverse("admin:pipeline_lead_change", args=[lead.pk])
            return desk.get(page).content.decode()

        assert "Delivered to 1 client." in story(night.given[0].lead)
        assert f"lead {night.given[0].lead_id}" in story(night.duplicate)
        assert "There is no active client" in story(night.left_over)
        assert "No AI account is set up" in story(night.left_over)

    def test_show_markup_in_a_lead_as_text(self, desk):
        lead = LeadFactory.create(company="<script>alert(1)</script>", extras={"<i>": "<u>"})

        for address in ("/admin/pipeline/lead/", f"/admin/pipeline/lead/{lead.pk}/change/"):
            shown = desk.get(address).content.decode()
            assert "<script>alert(1)" not in shown
            assert "<u>" not in shown
