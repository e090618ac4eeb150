"""The desk's buttons for mails, and what its history keeps of who did what."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from clients.models import Client, Plan
from deliveries.models import Mail
from pipeline.models import LeadFile, Run
from pipeline.shown import admin_url, moment
from tests.factories import ClientFactory, DeliveryFactory, MailFactory, PlanFactory, RunFactory
from tests.flows import nights

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


def press(desk, name: str, mail: Mail):
    return desk.post(reverse(f"admin:deliveries_mail_{name}", args=[mail.pk]), follow=True)


def page(desk, row) -> str:
    return str(desk.get(admin_url(row)).content.decode())


def history(row) -> list[str]:
    entries = LogEntry.objects.filter(object_id=str(row.pk)).order_by("pk")
    return [entry.get_change_message() for entry in entries]


def typed_in(desk, row) -> dict[str, object]:
    """The row's form as a browser would send it back untouched."""
    form = desk.get(admin_url(row)).context["adminform"].form
    kept = {name: form[name].value() for name in form.fields}
    return {
        name: ",".join(map(str, value)) if isinstance(value, list) else value
        for name, value in kept.items()
        if value is not None and value is not False
    }


class TestSendAgain:
    def test_writes_a_new_mail_in_the_operators_name(self, desk):
        mail = MailFactory.create(status="FAILED", error="550 no such user")
        assert "Send it again" in page(desk, mail)

        answer = press(desk, "again", mail)

        again = Mail.objects.get(supersedes=mail)
        assert (again.status, again.resend_by) == ("PENDING", "ida")
        assert f"It is sent to {mail.recipient} again." in answer.content.decode()
        assert f'It was sent again by ida: <a class="desk-link" href="{admin_url(again)}"' in page(
            desk, mail
        )
        assert history(mail) == [f"Sent again to {mail.recipient} as mail {again.pk}."]

    def test_takes_the_first_off_the_overview(self, desk):
        mail = MailFactory.create(status="FAILED", created_at=timezone.now())
        assert "1 mail refused by the mail server." in desk.get("/admin/").content.decode()

        press(desk, "again", mail)

        assert "refused by the mail server" not in desk.get("/admin/").content.decode()

    def test_is_refused_while_the_first_may_be_under_way(self, desk):
        mail = MailFactory.create(status="UNKNOWN", begun_at=timezone.now())

        answer = press(desk, "again", mail)

        assert "less than 15 minutes ago" in answer.content.decode()
        assert Mail.objects.count() == 1
        assert history(mail) == []

    def test_of_what_went_is_not_offered(self, desk):
        mail = MailFactory.create(status="SENT")

        assert "Send it again" not in page(desk, mail)
        assert "The mail is sent" in press(desk, "again", mail).content.decode()

    def test_lets_a_delivery_go_on_that_had_failed_for_it(self, desk):
        nights.make_agency()
        run = RunFactory.create()
        delivery = DeliveryFactory.create(run=run, status="UPLOADED")
        mail = MailFactory.create(delivery=delivery, status="FAILED")
        stage_run = run.stage_runs.create(stage="NOTIFY", status="DONE")
        chunk = stage_run.chunks.create(seq=0, ref_id=delivery.pk, status="FAILED", failures=1)
        type(delivery).objects.filter(pk=delivery.pk).update(status="FAILED", error="refused")

        press(desk, "again", mail)

        chunk.refresh_from_db()
        delivery.refresh_from_db()
        assert (chunk.status, delivery.status) == ("PENDING", "UPLOADED")

    def test_is_a_button_and_no_link(self, desk):
        mail = MailFactory.create(status="FAILED")

        assert desk.get(reverse("admin:deliveries_mail_again", args=[mail.pk])).status_code == 405

    def test_asks_for_the_permission(self, client):
        client.force_login(User.objects.create_user("viewer", is_staff=True))
        mail = MailFactory.create(status="FAILED")

        assert (
            client.post(reverse("admin:deliveries_mail_again", args=[mail.pk])).status_code == 403
        )


class TestAskNow:
    def test_ends_the_wait_of_an_address_that_was_put_off(self, desk):
        mail = MailFactory.create(next_try_at=timezone.now() + dt.timedelta(hours=4), put_off=3)
        assert "The server put this address off" in page(desk, mail)

        press(desk, "now", mail)

        mail.refresh_from_db()
        assert mail.next_try_at is None
        assert history(mail) == ["Tried before its time."]

    def test_says_where_nothing_waits(self, desk):
        mail = MailFactory.create(status="SENT")

        assert "It does not wait any longer." in press(desk, "now", mail).content.decode()


class TestAClientsPage:
    def test_names_an_address_that_is_refused_until_a_mail_goes_through(self, desk):
        client = ClientFactory.create()
        delivery = DeliveryFactory.create(client=client, status="UPLOADED")
        MailFactory.create(
            delivery=delivery, status="FAILED", address_refused=True, error="It answered 550."
        )
        assert f"Mails to {client.emails[0]} are refused: It answered 550." in page(desk, client)

        MailFactory.create(
            delivery=DeliveryFactory.create(client=client, status="UPLOADED"), status="SENT"
        )

        assert "are refused" not in page(desk, client)


class TestWhoDidWhat:
    def test_a_start_by_hand_is_kept_with_what_it_took_up(self, desk):
        nights.make_agency()

        desk.post(
            reverse("admin:pipeline_run_start"), {"press": "b4d6f1de-2c1d-4d0e-9b3f-1f1b8c1d2e3f"}
        )

        assert history(Run.objects.get()) == ["Started by hand, with 1 file and 6 rows."]

    def test_an_import_is_kept_with_its_counts(self, desk):
        file = nights.make_agency()
        LeadFile.objects.update(status="CHECKED")

        desk.post(reverse("admin:pipeline_leadfile_queue", args=[file.pk]), {"press": ""})

        (said,) = history(file)
        assert said == "Queued: 9 rows, 6 accepted, 1 twice, 1 invalid, 1 blank."

    def test_a_cap_is_kept_with_its_old_and_its_new_value(self, desk):
        plan = PlanFactory.create(cap_day=2)

        desk.post(admin_url(plan), {**typed_in(desk, plan), "cap_day": "5", "cap_month": "0"})

        assert Plan.objects.get().cap_day == 5
        assert history(plan) == ["Changed Leads a day (2 to 5) and Leads a month (blank to 0)."]

    def test_a_moment_is_written_as_on_every_other_page(self, desk):
        client = ClientFactory.create()
        entry = LogEntry.objects.create(
            user=User.objects.get(), object_id=str(client.pk), action_flag=2, change_message="Changed.",
            content_type=ContentType.objects.get_for_model(client),
        )  # fmt: skip

        shown = desk.get(f"/admin/clients/client/{client.pk}/history/").content.decode()

        assert moment(entry.action_time) in shown

    def test_a_long_text_is_only_named(self, desk):
        client = ClientFactory.create()
        rules = {f"target_rules-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}

        answer = desk.post(
            admin_url(client),
            {
                **typed_in(desk, client), **rules, "delivery_days": ["1", "2", "3", "4", "5", "6", "7"],
                "mail_intro": "Good morning {client}, " * 20, "cap_day": "7",
            },
        )  # fmt: skip

        assert answer.status_code == 302, answer.context["adminform"].form.errors
        assert Client.objects.get().cap_day == 7
        assert history(client) == ["Changed Leads a day (blank to 7) and How its mails begin."]
