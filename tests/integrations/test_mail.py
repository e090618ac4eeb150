"""The mail client against a real SMTP server: each way in which a mail may go, or not."""

from __future__ import annotations

import pytest

from leadgen.integrations import mail
from leadgen.integrations.errors import ConfigError, PermanentError, Throttled, TransientError
from tests.flows import mail_server
from tests.integrations import post_office
from tests.integrations.post_office import HANG_UP, HANG_UP_AFTER

# On loopback, to see a login at all.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
FIRST, SECOND = "ann@client.example", "bob@client.example"


@pytest.fixture
def office(settings):
    with post_office.opened() as (found, port):
        mail_server.use(settings, port)
        yield found
        mail.hang_up()


@pytest.fixture
def guarded_office(settings):
    with post_office.opened(login=True) as (found, port):
        mail_server.use(settings, port)
        found.accounts = {"ida": "a password"}
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ida", "a password"
        yield found
        mail.hang_up()


def letter(recipient=FIRST, **said) -> mail.Letter:
    told = {
        "subject": "3 new leads",
        "text": "Hello Jürgen\n.a line that begins with a dot",
        "html": "<p>Hello Jürgen</p>",
        "message_id": "<delivery-1@leads.example>",
        **said,
    }
    return mail.Letter(recipient=recipient, **told)


def send(found=None, *, begin=lambda: True) -> None:
    mail.carrier().send(found or letter(), begin=begin)


class TestCarrier:
    def test_hands_over_both_twins_under_the_letters_own_id(self, office):
        send(letter(reply_to="ida@agency.example"))

        ((recipient, message),) = office.taken
        assert recipient == FIRST
        assert message["Message-ID"] == "<delivery-1@leads.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Reply-To"] == "ida@agency.example"
        plain = message.get_body(("plain",)).get_content()
        assert plain.splitlines() == ["Hello Jürgen", ".a line that begins with a dot"]
        assert "<p>Hello Jürgen</p>" in message.get_body(("html",)).get_content()

    def test_keeps_its_connection_for_further_letters(self, office):
        for _ in range(3):
            send()

        assert len(office.taken) == 3
        assert len(office.sessions) == 1

    def test_opens_another_after_many_letters(self, office, monkeypatch):
        monkeypatch.setattr(mail, "RENEW_AFTER", 2)

        for _ in range(5):
            send()

        assert (len(office.taken), len(office.sessions)) == (5, 3)

    def test_sends_over_a_new_one_where_the_kept_one_is_dead(self, office):
        send()
        mail.carrier()._connection.connection.sock.close()

        send(letter(SECOND))

        assert office.recipients() == [FIRST, SECOND]

    def test_goes_on_over_the_same_one_after_a_refused_address(self, office):
        office.answers = {f"RCPT {FIRST}": "550 5.1.1 no such user"}
        with pytest.raises(mail.AddressRefused):
            send()

        send(letter(SECOND))

        assert office.recipients() == [SECOND]
        assert len(office.sessions) == 1

    def test_sends_no_text_where_another_has_begun_the_mail(self, office):
        send(begin=lambda: False)
        send(letter(SECOND))

        assert office.recipients() == [SECOND]

    @pytest.mark.parametrize(
        ("answers", "error", "sentence"),
        [
            pytest.param({f"RCPT {FIRST}": "550 5.1.1 no such user"}, mail.AddressRefused, "no such", id="address 5xx"),
            pytest.param({f"RCPT {FIRST}": "550 5.7.1 relaying denied"}, PermanentError, "relaying", id="policy 5xx"),
            pytest.param({f"RCPT {FIRST}": "450 4.2.0 greylisted"}, mail.PutOff, "greylisted", id="address 4xx"),
            pytest.param({f"RCPT {FIRST}": "421 too busy"}, Throttled, "too busy", id="address 421"),
            pytest.param({f"RCPT {FIRST}": HANG_UP}, TransientError, "hung up", id="drop before the text"),
            pytest.param({f"RCPT {FIRST}": "530 5.7.0 log in first"}, ConfigError, "log in", id="address 530"),
            pytest.param({"MAIL": "552 too much"}, PermanentError, "552: too much", id="too large"),
            pytest.param({"MAIL": "550 5.7.60 not as this sender"}, ConfigError, "send as EMAIL_FROM", id="sender 5xx"),
            pytest.param({"MAIL": "454 4.7.0 too many logins"}, Throttled, "454", id="sender 454"),
            pytest.param({"DATA": "554 spam"}, PermanentError, "554: spam", id="text 5xx"),
            pytest.param({"DATA": "550 5.1.1 no such user"}, mail.AddressRefused, "no such", id="address after text"),
            pytest.param({"DATA": "421 4.7.0 slow down"}, Throttled, "slow down", id="text 421"),
            pytest.param({"DATA": "451 4.3.0 try later"}, Throttled, "451", id="text 45x"),
            pytest.param({"DATA": "452 4.2.2 mailbox full"}, mail.PutOff, "mailbox full", id="mailbox after text"),
            pytest.param({"DATA": "452 4.3.1 no space"}, Throttled, "no space", id="text 452"),
            pytest.param({"DATA": "2.0.0 Ok: queued"}, mail.AnswerLost, "cannot be read", id="no code after text"),
            pytest.param({"DATA": HANG_UP_AFTER}, mail.AnswerLost, "was lost", id="drop after the text"),
        ],
    )  # fmt: skip
    def test_tells_what_became_of_the_mail(self, office, answers, error, sentence):
        office.answers = answers

        with pytest.raises(error, match=sentence) as raised:
            send()

        assert type(raised.value) is error

    @pytest.mark.parametrize("answer", ["250", "251 queued", "200 OK queued as 17"])
    def test_takes_every_yes_after_the_text_for_one(self, office, answer):
        office.answers = {"DATA": answer}

        send()

    @pytest.mark.parametrize("moment", ["MAIL", f"RCPT {FIRST}", "DATA"])
    @pytest.mark.parametrize("code", [550, 552])
    def test_takes_a_daily_cap_for_a_pause_of_an_hour(self, office, moment, code):
        office.answers = {moment: f"{code} 5.4.5 Daily sending quota exceeded"}

        with pytest.raises(Throttled) as raised:
            send()

        assert raised.value.retry_after == 3600

    @pytest.mark.parametrize(
        "injected",
        [
            pytest.param({"subject": "Leads\nBcc: eve@else.example"}, id="subject"),
            pytest.param({"recipient": f"{FIRST}\nBcc: eve@else.example"}, id="recipient"),
            pytest.param({"recipient": f"{FIRST}\r\nRCPT TO:<eve@else.example>"}, id="command"),
            pytest.param({"reply_to": f"{FIRST}\nBcc: eve@else.example"}, id="reply-to"),
            pytest.param({"headers": {"X-Client": "a\r\nBcc: eve@else.example"}}, id="header"),
        ],
    )
    def test_never_lets_a_value_become_a_header(self, office, injected):
        with pytest.raises(PermanentError, match="could not be built"):
            send(letter(**injected))

        assert office.taken == []


class TestOpening:
    def test_logs_in_where_an_account_is_set(self, guarded_office):
        send()

        assert guarded_office.recipients() == [FIRST]

    def test_a_refused_login_is_for_a_person_to_correct(self, guarded_office, settings):
        settings.EMAIL_HOST_PASSWORD = "wrong password"

        with pytest.raises(ConfigError, match="refused EMAIL_USER and EMAIL_PASSWORD") as refused:
            send()

        assert "wrong password" not in str(refused.value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("EMAIL_HOST_PASSWORD", "pässword"), ("EMAIL_HOST", "mail..example.com")],
    )
    def test_a_setting_that_no_server_can_be_told_is_named_and_kept_secret(
        self, guarded_office, settings, name, value
    ):
        setattr(settings, name, value)

        with pytest.raises(ConfigError, match="EMAIL_PASSWORD cannot be used") as raised:
            send()

        assert value not in str(raised.value)

    @pytest.mark.parametrize("call", [send, mail.probe])
    def test_a_sender_that_is_no_address_is_named(self, office, settings, call):
        settings.DEFAULT_FROM_EMAIL = "Leads <leads@>"

        with pytest.raises(ConfigError, match="EMAIL_FROM is no address"):
            call()

    def test_a_server_without_tls_is_never_sent_a_mail_in_the_clear(self, office, settings):
        settings.EMAIL_USE_TLS = True

        with pytest.raises(TransientError, match="STARTTLS"):
            send()

        assert office.taken == []

    def test_no_server_at_all_is_an_outage(self, office, settings):
        settings.EMAIL_PORT = 1

        with pytest.raises(TransientError, match="cannot be reached"):
            send()


class TestAServerThatIsBusy:
    @pytest.fixture
    def server(self, settings):
        with mail_server.in_use(settings) as found:
            yield found

    def test_is_left_alone_where_it_puts_the_login_off(self, server, settings):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ida", "a password"
        server.answers = {"AUTH": "454 4.7.0 too many logins"}

        with pytest.raises(Throttled, match=r"asks for a pause.*454.*too many logins"):
            send()

    def test_is_left_alone_where_it_lets_nobody_in(self, server):
        server.answers = {"connect": "421 busy"}

        with pytest.raises(Throttled, match=r"asks for a pause.*421.*busy"):
            send()

    def test_is_away_where_it_hangs_up_at_once(self, server):
        server.answers = {"connect": mail_server.HANG_UP}

        with pytest.raises(TransientError, match="cannot be reached"):
            send()

    def test_has_not_got_what_it_hangs_up_on_before_the_text(self, server):
        server.answers = {"DATA": mail_server.HANG_UP}

        with pytest.raises(TransientError, match="hung up"):
            send()

        assert server.taken == []


class TestProbe:
    def test_says_where_mails_are_taken_and_sends_none(self, guarded_office, settings):
        found = mail.probe()

        assert found == f"127.0.0.1:{settings.EMAIL_PORT} takes mails, logged in as ida."
        assert guarded_office.taken == []

    def test_names_a_sender_that_is_not_let(self, office):
        office.answers = {"MAIL": "550 5.7.1 not your domain"}

        with pytest.raises(ConfigError, match=r"does not let us send as .*not your domain"):
            mail.probe()

    def test_names_a_server_that_hangs_up(self, office):
        office.answers = {"MAIL": HANG_UP}

        with pytest.raises(TransientError, match="hung up"):
            mail.probe()
