"""Mails over SMTP: taken, refused, cut off; each address gets its mail once."""

from __future__ import annotations

import pytest
from django.utils import timezone

from clients.models import Client
from deliveries.models import Delivery, Mail
from leadgen.integrations import mail as smtp
from leadgen.integrations.errors import ConfigError, PermanentError, TransientError
from pipeline import audit, starting
from pipeline.models import Chunk, Run, ServiceState
from pipeline.stages import notify
from tests.factories import MailFactory
from tests.flows import mail_server, nights
from tests.flows.mail_server import ALL_IS_READ, HANG_UP

FIRST, SECOND = "a@germania.com", "b@germania.com"


@pytest.fixture
def server(settings):
    with mail_server.running() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        settings.EMAIL_USE_TLS = False
        settings.EMAIL_TIMEOUT = 5
        yield found


def send(recipient=FIRST, subject="3 new leads") -> None:
    with smtp.connected() as connection:
        smtp.send(
            connection,
            subject=subject,
            text="Hello Jürgen",
            recipient=recipient,
            message_id="<delivery-1@leads.example>",
        )


class TestSend:
    def test_hands_the_mail_over_under_its_own_id(self, server):
        send()

        ((recipient, message),) = server.taken
        assert recipient == FIRST
        assert message["Message-ID"] == "<delivery-1@leads.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message.get_content().strip() == "Hello Jürgen"

    def test_logs_in_where_an_account_is_set(self, server, settings):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ida", "a password"
        known = f"AUTH PLAIN {mail_server.login('ida', 'a password')}"
        server.answers = {known: "235 welcome", "AUTH": "535 nobody I know"}

        send()

        assert server.recipients() == [FIRST]

    @pytest.mark.parametrize(
        ("answers", "error", "sentence"),
        [
            pytest.param({"RCPT": "550 no such user"}, PermanentError, "550: no such", id="5xx"),
            pytest.param({"RCPT": "450 try later"}, TransientError, "450: try later", id="4xx"),
            pytest.param({"MAIL": "552 too much"}, PermanentError, "552: too much", id="sender"),
            pytest.param({"DATA": "451 no space"}, TransientError, "451: no space", id="data"),
            pytest.param({ALL_IS_READ: "554 spam"}, PermanentError, "554: spam", id="content"),
            pytest.param({ALL_IS_READ: HANG_UP}, smtp.AnswerLost, "answer was lost", id="lost"),
            pytest.param({"DATA": HANG_UP}, smtp.AnswerLost, "answer was lost", id="cut off"),
        ],
    )
    def test_tells_what_became_of_the_mail(self, server, answers, error, sentence):
        server.answers = answers

        with pytest.raises(error, match=sentence):
            send()

    @pytest.mark.parametrize(
        "injected",
        [
            pytest.param({"subject": "Leads\nBcc: eve@else.example"}, id="subject"),
            pytest.param({"recipient": f"{FIRST}\nBcc: eve@else.example"}, id="recipient"),
            pytest.param({"recipient": f"{FIRST}\r\nRCPT TO:<eve@else.example>"}, id="command"),
        ],
    )
    def test_never_lets_a_value_become_a_header(self, server, injected):
        with pytest.raises(PermanentError, match="could not be built"):
            send(**injected)

        assert server.taken == []


class TestConnected:
    def test_a_refused_login_is_for_a_person_to_correct(self, server, settings):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ida", "wrong password"
        server.answers = {"AUTH": "535 nobody I know"}

        with pytest.raises(ConfigError, match="refused EMAIL_USER and EMAIL_PASSWORD") as refused:
            send()

        assert "wrong password" not in str(refused.value)

    def test_a_login_that_fails_for_now_is_an_outage(self, server, settings):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ida", "a password"
        server.answers = {"AUTH": "454 temporary failure"}

        with pytest.raises(TransientError, match="cannot be reached"):
            send()

    @pytest.mark.parametrize("answer", [pytest.param("421 busy", id="busy"), HANG_UP])
    def test_a_server_that_does_not_let_us_in_is_an_outage(self, server, answer):
        server.answers = {"connect": answer}

        with pytest.raises(TransientError, match="cannot be reached"):
            send()

    def test_a_server_without_tls_is_never_sent_a_mail_in_the_clear(self, server, settings):
        settings.EMAIL_USE_TLS = True

        with pytest.raises(TransientError, match="STARTTLS"):
            send()

        assert server.taken == []

    def test_no_server_at_all_is_an_outage(self, server, settings):
        settings.EMAIL_PORT = 1

        with pytest.raises(TransientError, match="cannot be reached"):
            send()


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
        assert states() == [(FIRST, "FAILED", 1), (SECOND, "SENT", 1)]
        assert "550: no such user" in Mail.objects.get(recipient=FIRST).error

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

    def test_that_refuses_one_address_for_now_mails_the_other_and_tries_again(
        self, server, monkeypatch
    ):
        server.answers = {f"RCPT TO:<{FIRST}": "450 mailbox busy"}
        delivery = night(monkeypatch, FIRST, SECOND)
        assert states() == [(FIRST, "PENDING", 1), (SECOND, "SENT", 1)]
        assert (chunk_of(delivery).status, chunk_of(delivery).failures) == ("PENDING", 0)

        server.answers = {}
        try_again()

        assert states() == [(FIRST, "SENT", 2), (SECOND, "SENT", 1)]
        delivery.refresh_from_db()
        assert delivery.status == "LOGGED"
        assert audit.run()["ok"]

    def test_whose_answer_is_lost_leaves_that_mail_to_a_person_and_sends_the_other(
        self, server, monkeypatch
    ):
        server.answers = {f"RCPT TO:<{FIRST}": HANG_UP}
        delivery = night(monkeypatch, FIRST, SECOND)

        server.answers = {}
        try_again()

        assert states() == [(FIRST, "UNKNOWN", 1), (SECOND, "SENT", 1)]
        assert server.recipients().count(SECOND) == 1
        assert FIRST not in server.recipients()
        delivery.refresh_from_db()
        assert delivery.status == "LOGGED"

    def test_that_takes_a_mail_and_dies_is_not_sent_it_again(self, server, monkeypatch):
        server.answers = {ALL_IS_READ: HANG_UP}
        night(monkeypatch, FIRST)

        server.answers = {}
        try_again()

        assert states() == [(FIRST, "UNKNOWN", 1)]
        assert server.recipients().count(FIRST) == 1

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


@pytest.mark.django_db
class TestAMailThatSomebodyElseBegan:
    def test_is_not_begun_again(self, server):
        """Because two workers may hold the same row for a moment."""
        mail = MailFactory.create(status="PENDING")
        Mail.objects.filter(pk=mail.pk).update(status="SENDING", begins=1)

        notify.send_each([mail], "3 new leads", "Hello")

        assert server.taken == []
