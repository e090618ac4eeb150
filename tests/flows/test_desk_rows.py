"""Deliveries and leads at the desk."""

from __future__ import annotations

import datetime as dt
import html

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from deliveries import links
from deliveries.models import Delivery
from pipeline.admin.desk import Desk
from pipeline.models import Chunk, Prompt, StageRun
from tests.factories import (
    CONTENT,
    NOW,
    ChunkFactory,
    DeliveredLeadFactory,
    DeliveryFactory,
    DraftFactory,
    LeadFactory,
    StageRunFactory,
    complete_run,
    store_file,
)
from tests.files import keep_files
from tests.flows.nights import key_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    keep_files(settings, tmp_path)


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

    def test_is_noted_with_who_fetched_it(self, desk):
        delivery = DeliveryFactory.create(status="LOGGED")
        store_file(delivery)

        assert b"".join(desk.get(download(delivery)).streaming_content) == CONTENT

        fetched = delivery.downloads.get()
        assert (fetched.by, fetched.bytes) == ("ida", len(CONTENT))
        assert "ida, at the desk" in desk.get(page(delivery)).content.decode()


def page(delivery: Delivery) -> str:
    return reverse("admin:deliveries_delivery_change", args=[delivery.pk])


class TestADeliverysPage:
    def test_shows_its_link_and_until_when_it_works(self, desk, settings, time_machine):
        settings.LINK_DAYS = 30
        time_machine.move_to(NOW, tick=False)
        delivery = complete_run().delivery
        Delivery.objects.update(link=links.link_for(delivery.pk))

        response = desk.get(page(delivery))

        assert links.link_for(delivery.pk) in response.content.decode()
        assert response.context["expires_at"] == NOW + dt.timedelta(days=30)

    def test_makes_a_new_link_once_the_first_has_expired(self, desk, settings, time_machine):
        settings.LINK_DAYS = 1
        delivery = complete_run().delivery
        time_machine.move_to(NOW)
        Delivery.objects.update(link=links.link_for(delivery.pk))
        time_machine.move_to(NOW + dt.timedelta(days=2))
        desk.force_login(User.objects.get())

        context = desk.get(page(delivery)).context

        assert context["expired"]
        assert context["fresh_link"].startswith("http://127.0.0.1:8000/files/")
        assert context["fresh_link"] != delivery.link

    def test_shows_drives_link_and_one_of_ours_besides(self, desk):
        delivery = complete_run().delivery
        Delivery.objects.update(
            link="https://drive.example/file/d/id-7/view", drive_file_id="id-7", note="No end."
        )

        shown = desk.get(page(delivery)).content.decode()

        assert 'href="https://drive.example/file/d/id-7/view"' in shown
        assert "http://127.0.0.1:8000/files/" in shown
        assert "No end." in shown

    def test_says_what_waits_and_why(self, desk):
        delivery = DeliveryFactory.create(status="WAITING", error="The disk is full.")

        shown = desk.get(reverse("admin:deliveries_delivery_change", args=[delivery.pk]))

        assert "goes on by itself:</b> The disk is full." in shown.content.decode()


@pytest.fixture
def failed(monkeypatch):
    """A delivery whose file could not go out."""
    monkeypatch.setattr("pipeline.tasks.publish", lambda: None)
    delivery = DeliveryFactory.create(status="FAILED", error="There is no room on Drive.")
    stage_run = StageRunFactory.create(run=delivery.run, stage="UPLOAD")
    ChunkFactory.create(
        stage_run=stage_run, ref_id=delivery.pk, status="FAILED", error=delivery.error
    )
    return delivery


class TestTheButtons:
    def test_of_what_failed_lets_it_be_tried_again_and_notes_who_pressed(self, desk, failed):
        shown = desk.get(page(failed)).content.decode()
        assert "Try again" in shown
        assert "Failed:</b> There is no room on Drive." in shown

        desk.post(reverse("admin:deliveries_delivery_try_again", args=[failed.pk]))

        failed.refresh_from_db()
        assert (failed.status, failed.error) == ("ALLOCATED", "")
        chunk = Chunk.objects.get(ref_id=failed.pk)
        assert (chunk.status, chunk.failures, chunk.next_try_at) == ("PENDING", 0, None)
        assert LogEntry.objects.get().get_change_message() == "Tried again."

    def test_of_what_was_delivered_puts_it_right_again(self, desk, failed):
        delivery = DeliveryFactory.create(status="LOGGED", run=failed.run)
        StageRun.objects.update(status="DONE")

        desk.post(reverse("admin:deliveries_delivery_deliver_again", args=[delivery.pk]))

        assert Chunk.objects.get(ref_id=delivery.pk).status == "PENDING"
        delivery.refresh_from_db()
        assert delivery.status == "LOGGED"

    @pytest.mark.parametrize("button", ["try_again", "deliver_again"])
    def test_say_why_where_nothing_can_be_done(self, desk, failed, button):
        Chunk.objects.update(status="DONE")
        pressed = reverse(f"admin:deliveries_delivery_{button}", args=[failed.pk])

        assert "Not done. " in desk.post(pressed, follow=True).content.decode()

    @pytest.mark.parametrize("button", ["try_again", "deliver_again"])
    def test_are_for_those_who_may_change_deliveries(self, client, failed, button):
        client.force_login(User.objects.create_user("guest", is_staff=True))

        pressed = client.post(reverse(f"admin:deliveries_delivery_{button}", args=[failed.pk]))

        assert pressed.status_code == 403

    def test_of_the_list_takes_many_and_names_what_it_left(self, desk, failed):
        fine = DeliveryFactory.create(status="LOGGED")

        shown = desk.post(
            "/admin/deliveries/delivery/",
            {"action": "try_again_all", "_selected_action": [failed.pk, fine.pk]},
            follow=True,
        ).content.decode()

        assert "Tried again: 1 of 2." in shown
        assert f"Delivery {fine.pk} neither failed nor waits." in shown
        failed.refresh_from_db()
        assert failed.status == "ALLOCATED"

    def test_of_the_list_is_shown_to_nobody_else(self, client, failed):
        guest = User.objects.create_user("guest", is_staff=True)
        guest.user_permissions.add(Permission.objects.get(codename="view_delivery"))
        client.force_login(guest)

        assert "try_again_all" not in client.get("/admin/deliveries/delivery/").content.decode()


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

    @pytest.mark.parametrize(
        "code",
        [
            "cap_domain",
            "cap_even",
            "ended",
            "held_review",
            "money_limit",
            "no_schedule",
            "no_time_zone",
            "not_started",
            "outbid",
            "paused",
            "cap_day",
            "dup_db",
            "suppressed_global",
            "too_old",
            "twin_undone",
        ],
    )
    def test_are_narrowed_to_any_reason_that_a_lead_bears(self, desk, code):
        LeadFactory.create(reason=code)
        LeadFactory.create(reason="filter")

        found = desk.get("/admin/pipeline/lead/", {"reason": code})

        assert found.context["cl"].result_count == 1
        assert f"reason={code}" in desk.get("/admin/pipeline/lead/").content.decode()

    def test_show_markup_in_a_lead_as_text(self, desk):
        lead = LeadFactory.create(company="<script>alert(1)</script>", extras={"<i>": "<u>"})

        for address in ("/admin/pipeline/lead/", f"/admin/pipeline/lead/{lead.pk}/change/"):
            shown = desk.get(address).content.decode()
            assert "<script>alert(1)" not in shown
            assert "<u>" not in shown


class TestAnEmptyTable:
    @pytest.mark.parametrize(
        "model",
        sorted(
            model._meta.label_lower.replace(".", "/")
            for model, its_admin in admin.site._registry.items()
            if isinstance(its_admin, Desk) and model is not Prompt  # the product brings one
        ),
    )
    def test_is_a_table_to_come_and_no_failed_search(self, desk, model):
        page = desk.get(f"/admin/{model}/")

        text = html.unescape(page.content.decode())
        assert page.context["cl"].model_admin.when_empty in text
        assert "Nothing fits" not in text

    def test_tells_what_a_source_is(self, desk):
        assert "is remembered here" in desk.get("/admin/pipeline/sourceprofile/").content.decode()

    def test_of_a_search_leads_back(self, desk):
        page = desk.get("/admin/clients/plan/", {"q": "Gold"}).content.decode()

        assert "Nothing fits what was searched for." in page
        assert "No plan yet" not in page


class TestDeliveredLeads:
    def test_are_narrowed_to_those_of_a_run(self, desk):
        asked, other = DeliveredLeadFactory.create_batch(2)

        page = desk.get(f"/admin/deliveries/deliveredlead/?run={asked.run_id}")

        assert [row.pk for row in page.context["cl"].result_list] == [asked.pk]
        assert asked.run_id != other.run_id
