"""Mails over SMTP: taken, refused, cut off; each address gets its mail once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from clients.models import Client
from deliveries import outbox, posting
from deliveries.models import Delivery, Mail
from pipeline import audit, postroom, services, starting
from pipeline.models import Chunk, Run, ServiceState
from tests.factories import MailFactory
from tests.flows import mail_server, nights
from tests.flows.mail_server import ALL_IS_READ, HANG_UP

FIRST, SECOND = "a@germania.com", "b@germania.com"


@pytest.fixture
def server(settings):
    with mail_server.in_use(settings) as found:
        yield found


def night(monkeypatch, *addresses: str) -> Delivery:
    """One night whose Germania has these addresses; its delivery, as far as it comes at once."""
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
    nights.make_agency()
    Client.objects.filter(name="Germania").update(emails=list(addresses))
    starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    return Delivery.objects.get(client__name="Germania")


def try_again() -> None:
    Chunk.objects.filter(status="PENDING").update(next_try_at=None)
    nights.work_off()


def states() -> list[tuple[str, str, int]]:
    mails = Mail.objects.filter(recipient__in=[FIRST, SECOND]).order_by("recipient")
    return list(mails.values_list("recipient", "status", "begins"))


def chunk_of(delivery: Delivery) -> Chunk:
    return Chunk.objects.get(stage_run__stage="NOTIFY", ref_id=delivery.pk)


@pytest.mark.django_db
class TestANightWithAMailServer:
    def test_that_takes_everything_mails_each_address_once(self, server, monkeypatch):
        delivery = night(monkeypatch, FIRST, SECOND)

        assert delivery.status == "LOGGED"
        assert sorted(server.recipients()) == [FIRST, SECOND, "leads@franken.com"]

    def test_that_refuses_one_address_for_good_mails_the_other(self, server, monkeypatch):
        server.answers = {f"RCPT TO:<{FIRST}": "550 no such user"}

        delivery = night(monkeypatch, FIRST, SECOND)

        assert delivery.status == "LOGGED"
        assert states() == [(FIRST, "FAILED", 0), (SECOND, "SENT", 1)]
        assert "550: no such user" in Mail.objects.get(recipient=FIRST).error
        assert outbox.refused_addresses(delivery.client) == {
            FIRST: "The mail server answered 550: no such user"
        }

    def test_that_refuses_every_address_fails_the_delivery_and_no_other(self, server, monkeypatch):
        server.answers = {f"RCPT TO:<{FIRST}": "550 no such user"}

        delivery = night(monkeypatch, FIRST)

        assert (delivery.status, delivery.error) == (
            "FAILED",
            "Every address of the client was refused.",
        )
        assert Run.objects.get().status == "DONE"
        assert Delivery.objects.get(client__name="Franken").status == "LOGGED"
        assert audit.run()["ok"]

    def test_that_puts_one_address_off_mails_the_other_and_goes_on_beside_the_run(
        self, server, monkeypatch
    ):
        server.answers = {f"RCPT TO:<{FIRST}": "450 4.2.0 greylisted"}
        delivery = night(monkeypatch, FIRST, SECOND)
        assert states() == [(FIRST, "PENDING", 0), (SECOND, "SENT", 1)]
        assert (delivery.status, chunk_of(delivery).status) == ("LOGGED", "DONE")
        assert Run.objects.get().status == "DONE"

        server.answers = {}
        assert postroom.send() == 0  # not before its moment
        Mail.objects.update(next_try_at=None)
        assert postroom.send() == 1

        assert states() == [(FIRST, "SENT", 1), (SECOND, "SENT", 1)]
        assert audit.run()["ok"]

    def test_that_puts_every_address_off_lets_the_delivery_wait_till_then(
        self, server, monkeypatch
    ):
        server.answers = {f"RCPT TO:<{FIRST}": "450 4.2.0 greylisted"}
        delivery = night(monkeypatch, FIRST)

        chunk = chunk_of(delivery)
        assert (chunk.status, chunk.failures) == ("PENDING", 0)
        assert chunk.error == "The mail server answered 450: 4.2.0 greylisted"
        assert chunk.next_try_at is not None
        wait = chunk.next_try_at - timezone.now()
        assert dt.timedelta(minutes=4) < wait < dt.timedelta(minutes=6)

        server.answers = {}
        Mail.objects.update(next_try_at=None)
        try_again()

        delivery.refresh_from_db()
        assert (delivery.status, states()) == ("LOGGED", [(FIRST, "SENT", 1)])

    def test_that_puts_an_address_off_for_two_days_is_given_up(self, server, monkeypatch):
        server.answers = {f"RCPT TO:<{FIRST}": "450 4.2.0 greylisted"}
        night(monkeypatch, FIRST, SECOND)

        pauses = []
        while states()[0][1] == "PENDING":
            mail = Mail.objects.get(recipient=FIRST)
            assert mail.next_try_at is not None
            pauses.append(round((mail.next_try_at - timezone.now()).total_seconds() / 60))
            Mail.objects.filter(pk=mail.pk).update(next_try_at=None)
            postroom.send()

        assert pauses == list(outbox.PUT_OFF_MINUTES)
        mail = Mail.objects.get(recipient=FIRST)
        assert (mail.status, mail.address_refused) == ("FAILED", False)
        assert mail.error == "Put off 7 times. The mail server answered 450: 4.2.0 greylisted"

    def test_that_breaks_off_before_the_text_has_not_got_it_and_gets_it_later(
        self, server, monkeypatch
    ):
        server.answers = {f"RCPT TO:<{FIRST}": HANG_UP}
        night(monkeypatch, FIRST)
        assert states() == [(FIRST, "PENDING", 0)]

        server.answers = {"DATA": HANG_UP}
        try_again()
        assert states() == [(FIRST, "PENDING", 1)]

        server.answers = {}
        try_again()
        assert states() == [(FIRST, "SENT", 2)]
        assert server.recipients().count(FIRST) == 1
        assert audit.run()["ok"]

    def test_whose_answer_is_lost_leaves_that_mail_to_a_person_and_sends_the_other(
        self, server, monkeypatch
    ):
        server.answers = {ALL_IS_READ: HANG_UP}
        server.only_once = True
        delivery = night(monkeypatch, FIRST, SECOND)

        try_again()

        assert states() == [(FIRST, "UNKNOWN", 1), (SECOND, "SENT", 1)]
        assert server.recipients().count(FIRST) == server.recipients().count(SECOND) == 1
        delivery.refresh_from_db()
        assert delivery.status == "LOGGED"

    def test_that_takes_a_mail_and_dies_is_not_sent_it_again(self, server, monkeypatch):
        server.answers = {ALL_IS_READ: HANG_UP}
        night(monkeypatch, FIRST)

        server.answers = {}
        try_again()

        assert states() == [(FIRST, "UNKNOWN", 1)]
        assert server.recipients().count(FIRST) == 1

    def test_that_loses_every_answer_is_left_alone_for_a_while(self, server, monkeypatch):
        server.answers = {ALL_IS_READ: HANG_UP}

        night(monkeypatch, *(f"{n}@germania.com" for n in range(5)))  # and one of Franken's

        assert Mail.objects.filter(status="UNKNOWN").count() == services.TRIP_AFTER
        assert Mail.objects.filter(status="PENDING").count() == 1
        assert ServiceState.objects.get(service="smtp").open_until is not None

    def test_that_takes_no_mail_of_ours_does_not_blame_the_client(self, server, monkeypatch):
        server.answers = {ALL_IS_READ: "550 5.7.1 sender not authorised"}

        delivery = night(monkeypatch, FIRST)

        assert delivery.status == "FAILED"
        assert delivery.error.startswith("No mail to the client was taken.")
        assert "5.7.1 sender not authorised" in delivery.error
        assert outbox.refused_addresses(delivery.client) == {}

    def test_that_finds_one_mailbox_full_holds_up_no_other(self, server, monkeypatch):
        server.answers = {ALL_IS_READ: "452 4.2.2 mailbox full"}
        server.only_once = True

        delivery = night(monkeypatch, FIRST, SECOND)

        assert states() == [(FIRST, "PENDING", 1), (SECOND, "SENT", 1)]
        assert Delivery.objects.get(client__name="Franken").status == "LOGGED"
        Mail.objects.update(next_try_at=None)
        postroom.send()
        assert states() == [(FIRST, "SENT", 2), (SECOND, "SENT", 1)]
        assert (delivery.status, audit.run()["ok"]) == ("LOGGED", True)

    def test_that_is_away_holds_up_the_mails_and_nothing_else(self, server, monkeypatch, settings):
        settings.EMAIL_PORT = 1
        settings.STAGE_PATIENCE_MINUTES = 0

        delivery = night(monkeypatch, FIRST)
        nights.work_off()

        delivery.refresh_from_db()
        assert (delivery.status, Run.objects.get().status) == ("WAITING", "DONE")
        assert "cannot be reached" in delivery.error
        assert states() == [(FIRST, "PENDING", 0)]
        assert ServiceState.objects.get(service="smtp").failures == 2  # one for each client

    def test_that_comes_back_gets_the_mails_though_the_run_has_ended(
        self, server, monkeypatch, settings
    ):
        settings.EMAIL_PORT = 1
        settings.STAGE_PATIENCE_MINUTES = 0
        delivery = night(monkeypatch, FIRST)
        nights.work_off()
        settings.EMAIL_PORT = server.port

        try_again()

        delivery.refresh_from_db()
        assert (delivery.status, delivery.error) == ("LOGGED", "")
        assert server.recipients().count(FIRST) == 1
        assert audit.run()["ok"]

    def test_that_refuses_our_login_fails_the_deliveries_with_what_to_correct(
        self, server, monkeypatch, settings
    ):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ida", "wrong password"
        server.answers = {"AUTH": "535 nobody I know"}

        delivery = night(monkeypatch, FIRST)

        assert delivery.status == "FAILED"
        assert delivery.error == "The mail server refused EMAIL_USER and EMAIL_PASSWORD."
        assert states() == [(FIRST, "PENDING", 0)]

    def test_is_asked_over_one_connection(self, server, monkeypatch):
        night(monkeypatch, FIRST, SECOND)

        assert len(server.taken) == 3
        assert server.connections == 1


@pytest.mark.django_db
class TestAMailThatSomebodyElseBegan:
    def test_is_not_begun_again(self, server):
        """Because two workers may hold the same row for a moment."""
        mail = MailFactory.create(status="PENDING")
        Mail.objects.filter(pk=mail.pk).update(status="SENDING", begins=1)

        posting.post([mail], postroom.write)

        assert server.taken == []
        assert Mail.objects.get().status == "SENDING"


@pytest.mark.django_db
class TestSendingAgain:
    def test_is_a_new_mail_that_names_who_wanted_it(self, server, monkeypatch):
        server.answers = {f"RCPT TO:<{FIRST}": "550 no such user"}
        night(monkeypatch, FIRST, SECOND)
        server.answers = {}

        again = outbox.resend(Mail.objects.get(recipient=FIRST), by="ida", now=timezone.now())
        postroom.send()

        again.refresh_from_db()
        assert (again.status, again.resend_by) == ("SENT", "ida")
        assert again.message_id != again.supersedes.message_id
        assert server.recipients().count(FIRST) == 1
        assert outbox.refused_addresses(again.about.client) == {}
        assert audit.run()["ok"]

    def test_of_what_may_be_under_way_still_is_refused_for_15_minutes(self):
        now = timezone.now()
        mail = MailFactory.create(status="UNKNOWN", begun_at=now - dt.timedelta(minutes=14))

        with pytest.raises(outbox.NotPossible, match="less than 15 minutes ago"):
            outbox.resend(mail, by="ida", now=now)

        assert outbox.resend(mail, by="ida", now=now + dt.timedelta(minutes=2)).supersedes == mail

    @pytest.mark.parametrize("status", ["PENDING", "SENDING", "SENT"])
    def test_is_only_for_what_failed_or_is_unknown(self, status):
        mail = MailFactory.create(status=status)

        with pytest.raises(outbox.NotPossible, match=f"The mail is {status.lower()}"):
            outbox.resend(mail, by="ida", now=timezone.now())

    def test_happens_once(self):
        mail = MailFactory.create(status="FAILED")
        outbox.resend(mail, by="ida", now=timezone.now())

        with pytest.raises(outbox.NotPossible, match="already"):
            outbox.resend(mail, by="bob", now=timezone.now())


@pytest.mark.django_db
class TestAWorkerThatDiedWhileSending:
    @pytest.mark.parametrize(
        ("seconds", "status"),
        [
            pytest.param(100, "SENDING", id="soon"),
            pytest.param(140, "UNKNOWN", id="after two minutes"),
            pytest.param(-3_600, "UNKNOWN", id="once the clock was set back"),
        ],
    )
    def test_is_given_up(self, seconds, status):
        begun = timezone.now() - dt.timedelta(seconds=seconds)
        mail = MailFactory.create(status="SENDING", begun_at=begun)

        outbox.abandon_interrupted()

        mail.refresh_from_db()
        assert mail.status == status

    @pytest.mark.parametrize(
        ("ending", "status"),
        [
            pytest.param(outbox.not_taken, "PENDING", id="may be tried again"),
            pytest.param(outbox.refused, "FAILED", id="refused for good"),
            pytest.param(outbox.put_off, "PENDING", id="put off"),
        ],
    )
    def test_and_lives_after_all_knows_what_became_of_the_mail(self, ending, status):
        mail = MailFactory.create(status="UNKNOWN", begins=1)

        ending(mail, "450: later", begun=True)

        mail.refresh_from_db()
        assert (mail.status, mail.refusals) == (status, 1)

    def test_and_lives_after_all_comes_too_late_where_a_person_had_it_sent_again(self):
        mail = MailFactory.create(status="UNKNOWN", begins=1)
        outbox.resend(mail, by="ida", now=timezone.now())

        outbox.not_taken(mail, "450: later", begun=True)

        mail.refresh_from_db()
        assert mail.status == "UNKNOWN"


@pytest.mark.django_db
class TestThePostroom:
    @pytest.mark.parametrize(("status", "waiting"), [("UPLOADED", 0), ("NOTIFIED", 1)])
    def test_leaves_a_mail_to_the_stage_that_has_not_come_to_it_yet(self, status, waiting):
        mail = MailFactory.create(delivery__status=status)

        assert postroom.waiting().count() == waiting
        assert mail in outbox.due()

    def test_tries_a_password_that_is_wrong_once_in_a_while(self, server, settings):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ida", "wrong"
        server.answers = {"AUTH": "535 no"}
        MailFactory.create(delivery__status="NOTIFIED")

        for _ in range(3):
            postroom.send()

        assert server.connections == 1
        assert "EMAIL_PASSWORD" in ServiceState.objects.get(service="smtp").last_error
