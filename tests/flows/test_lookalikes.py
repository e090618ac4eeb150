"""Leads that look alike: a person says whether they are one."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone

from pipeline import audit, lookalikes, starting, undo
from pipeline.models import Lead, LeadChange
from tests.factories import DeliveredLeadFactory, LeadFactory, RunFactory
from tests.flows import nights

pytestmark = pytest.mark.django_db

PAGE = "https://www.linkedin.com/in/ann-ashby"
FIRST = f"""\
First Name,Company,Email,LinkedIn
Ann,,ann@acme-pipes.com,{PAGE}
"""
SECOND = f"""\
First Name,Company,Title,Email,LinkedIn
Ann,Acme Pipes,CFO,ann.ashby@home-mail.com,{PAGE}
"""


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


def two_nights() -> tuple[Lead, Lead]:
    """Ann as the first file knows her, and as the second does."""
    for text in (FIRST, SECOND):
        nights.take_in(text, f"{len(text)}.csv")
        starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()
    older, newer = Lead.objects.order_by("pk")
    assert (newer.lookalike, newer.lookalike_by) == (older, "linkedin")
    return older, newer


def press(desk, lead, button) -> list[str]:
    response = desk.post(reverse(f"admin:pipeline_lead_{button}", args=[lead.pk]), follow=True)
    lead.refresh_from_db()
    return [str(message) for message in response.context["messages"]]


class TestOnePerson:
    def test_is_kept_as_the_older_lead_that_learns_what_the_newer_says(self):
        older, newer = two_nights()

        assert lookalikes.one_person(newer) == older

        newer.refresh_from_db()
        older.refresh_from_db()
        assert (newer.status, newer.reason, newer.twin) == ("DUPLICATE", "dup_db", older)
        assert (newer.lookalike, newer.lookalike_by) == (None, "")
        assert (older.status, older.company, older.title) == ("READY", "Acme Pipes", "CFO")
        assert older.email == "ann@acme-pipes.com"
        assert audit.run()["ok"]

    def test_is_as_before_once_the_newer_file_is_undone(self):
        older, newer = two_nights()
        was = Lead.objects.filter(pk=older.pk).values().get()
        lookalikes.one_person(newer)

        undo.ask(newer.file, "ida")
        while undo.go_on(newer.file_id):
            pass

        assert Lead.objects.values().get() == was
        assert not LeadChange.objects.exists()

    def test_lives_on_as_the_newer_lead_once_the_older_file_is_undone(self):
        older, newer = two_nights()
        lookalikes.one_person(newer)

        undo.ask(older.file, "ida")
        while undo.go_on(older.file_id):
            pass

        newer.refresh_from_db()
        assert (newer.status, newer.reason, newer.twin) == ("READY", "twin_undone", None)
        assert audit.run()["ok"]

    def test_takes_over_what_pointed_to_the_newer_lead(self):
        older = LeadFactory.create()
        newer = LeadFactory.create(lookalike=older, lookalike_by="phone")
        repeated = LeadFactory.create(status="DUPLICATE", twin=newer)
        third = LeadFactory.create(lookalike=newer, lookalike_by="linkedin")

        lookalikes.one_person(newer)

        repeated.refresh_from_db()
        third.refresh_from_db()
        assert repeated.twin == older
        assert (third.lookalike, third.lookalike_by) == (older, "linkedin")

    @pytest.mark.parametrize(("days", "since"), [(80, 80), (500, 400)])
    def test_is_for_sale_as_the_older_lead_where_only_the_newer_was(self, days, since):
        """As young as the younger of them, and left over for the reason that the newer was."""
        older, newer = two_nights()
        now = timezone.now()
        ago = {each: now - dt.timedelta(days=each) for each in (80, 400, 500)}
        expired = {"status": "EXPIRED", "reason": "too_old", "created_at": ago[400]}
        Lead.objects.filter(pk=older.pk).update(**expired)
        Lead.objects.filter(pk=newer.pk).update(created_at=ago[days])
        was = Lead.objects.filter(pk=older.pk).values().get()

        lookalikes.one_person(newer)

        older.refresh_from_db()
        assert (older.status, older.reason) == ("READY", newer.reason)
        assert older.created_at == ago[since]
        assert audit.run()["ok"]
        undo.ask(newer.file, "ida")
        while undo.go_on(newer.file_id):
            pass
        assert Lead.objects.values().get() == was

    def test_stays_expired_where_both_are(self):
        older = LeadFactory.create(status="EXPIRED", reason="too_old")
        newer = LeadFactory.create(
            status="EXPIRED", reason="too_old", lookalike=older, lookalike_by="phone"
        )

        lookalikes.one_person(newer)

        older.refresh_from_db()
        assert (older.status, older.reason) == ("EXPIRED", "too_old")

    def test_in_one_file_stands_in_it_twice(self):
        older = LeadFactory.create()
        newer = LeadFactory.create(file=older.file, record=2, lookalike=older, lookalike_by="phone")

        lookalikes.one_person(newer)

        newer.refresh_from_db()
        assert newer.reason == "dup_file"

    @pytest.mark.parametrize("status", ["ALLOCATED", "DELIVERED"])
    def test_is_refused_where_a_client_has_the_newer(self, status):
        given = DeliveredLeadFactory.create(status=status)
        newer = Lead.objects.get(delivered_leads=given)
        Lead.objects.filter(pk=newer.pk).update(
            lookalike=LeadFactory.create(), lookalike_by="phone", status=status
        )

        with pytest.raises(lookalikes.NotPossible, match=f"is {status.lower()}, so it cannot"):
            lookalikes.one_person(newer)

        assert Lead.objects.get(pk=newer.pk).status == status

    def test_is_refused_where_the_older_lives_no_more(self):
        older = LeadFactory.create(status="SUPPRESSED")
        newer = LeadFactory.create(lookalike=older, lookalike_by="phone")

        with pytest.raises(lookalikes.NotPossible, match="is suppressed and cannot"):
            lookalikes.one_person(newer)

    def test_is_refused_while_a_run_is_active(self):
        run = RunFactory.create(status="RUNNING")
        newer = LeadFactory.create(lookalike=LeadFactory.create(), lookalike_by="phone")

        with pytest.raises(lookalikes.NotPossible, match=f"Run {run.pk} is in progress"):
            lookalikes.one_person(newer)

    def test_is_refused_where_somebody_has_decided_already(self):
        newer = LeadFactory.create(lookalike=LeadFactory.create(), lookalike_by="phone")
        lookalikes.two_people(Lead.objects.get(pk=newer.pk))

        with pytest.raises(lookalikes.NotPossible, match="nobody's lookalike"):
            lookalikes.one_person(newer)


class TestTwoPeople:
    def test_are_marked_no_more_and_stay_as_they_are(self):
        older, newer = two_nights()

        assert lookalikes.two_people(newer)

        newer.refresh_from_db()
        assert (newer.status, newer.lookalike, newer.lookalike_by) == ("READY", None, "")
        assert Lead.objects.get(pk=older.pk).status == "READY"
        assert not lookalikes.two_people(newer)


class TestTheDesk:
    def test_lists_what_is_to_be_decided(self, desk):
        older, newer = two_nights()

        listed = desk.get("/admin/pipeline/lead/", {"lookalike": "yes"})

        assert list(listed.context["cl"].result_list) == [newer]
        assert len(desk.get("/admin/pipeline/lead/").context["cl"].result_list) == 2
        assert older.email.encode() not in listed.content

    def test_shows_the_other_lead_and_by_what(self, desk):
        older, newer = two_nights()

        page = desk.get(reverse("admin:pipeline_lead_change", args=[newer.pk])).content.decode()
        other = desk.get(reverse("admin:pipeline_lead_change", args=[older.pk])).content.decode()

        assert "Same LinkedIn page as" in page
        assert older.email in page
        assert newer.email in other

    def test_merges_and_parts_by_buttons(self, desk):
        older, newer = two_nights()

        assert f"duplicate of lead {older.pk}" in press(desk, newer, "one_person")[0]
        assert newer.status == "DUPLICATE"
        assert "nobody's lookalike" in press(desk, newer, "one_person")[0]

        third = LeadFactory.create(lookalike=older, lookalike_by="phone")
        assert "a person of its own" in press(desk, third, "two_people")[0]
        assert third.lookalike is None

    def test_needs_the_right_to_change_leads(self, client):
        newer = LeadFactory.create(lookalike=LeadFactory.create(), lookalike_by="phone")
        clerk = User.objects.create_user("cora", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="view_lead"))
        client.force_login(clerk)

        page = client.get(reverse("admin:pipeline_lead_change", args=[newer.pk]))

        assert b"Different people" not in page.content
        for button in ("one_person", "two_people"):
            address = reverse(f"admin:pipeline_lead_{button}", args=[newer.pk])
            assert client.post(address).status_code == 403
        assert Lead.objects.get(pk=newer.pk).lookalike

    def test_shows_the_country_and_how_a_person_is_written_to(self, desk):
        lead = LeadFactory.create(
            first_name="ANN", last_name="MCKAY", company="ACME PIPES GMBH",
            phone="(030) 1234567", country="Germany", country_code="DE",
        )  # fmt: skip

        context = desk.get(reverse("admin:pipeline_lead_change", args=[lead.pk])).context

        assert ("country_code", "DE") in context["fields"]
        assert dict(context["polished"])["first_name"] == "Ann"
        assert dict(context["polished"])["phone"] == "+49301234567"

    @pytest.mark.parametrize(("status", "offered"), [("READY", True), ("DELIVERED", False)])
    def test_offers_a_merge_only_where_there_can_be_one(self, desk, status, offered):
        newer = LeadFactory.create(
            lookalike=LeadFactory.create(), lookalike_by="phone", status=status
        )

        text = desk.get(f"/admin/pipeline/lead/{newer.pk}/change/").content.decode()

        assert ("one_person/" in text) is offered
        assert ("cannot become a duplicate any more" in text) is not offered
        assert "two_people/" in text
