"""What is said to a mail server for one mail, and what its answers mean (RFC 5321, 3.3 and 4.2).

We speak ourselves, over the connection that Django has opened, because the outbox must know when
the text begins to go over: what breaks before that is certainly not sent.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
from collections.abc import Callable, Container, Iterator

from leadgen.integrations.errors import (
    ConfigError,
    PermanentError,
    ServiceError,
    Throttled,
    TransientError,
)

SERVICE = "smtp"
DAILY_CAP_SECONDS = 3600  # 5.4.5: the account has sent its day's share; asked again hourly
OK, FORWARDED, GO_ON, CLOSING, NOT_LET_IN, TOO_LARGE = 250, 251, 354, 421, 530, 552


class AnswerLost(ServiceError):
    """The connection broke after the text began to go over: the server may have taken it."""


class PutOff(TransientError):
    """The server wants to hear of this recipient again later (greylisting)."""


class AddressRefused(PermanentError):
    """The server says for good that it has no such recipient."""


class HungUp(Exception):
    """The connection broke before the text went over: the mail is certainly not sent."""


def converse(
    server: smtplib.SMTP, *, sender: str, recipient: str, content: bytes, begin: Callable[[], bool]
) -> None:
    """Hand one mail over; `begin` is called right before its text goes, and may say no.

    Raises HungUp before that, and afterwards TransientError for as long as no word of the text
    was sent; AnswerLost once it was. What the server refuses: PutOff, AddressRefused, Throttled,
    PermanentError, or ConfigError where it is us.
    """
    with _before_it_began():
        server.ehlo_or_helo_if_needed()
        _check(server, *server.mail(sender, _options(server, content)), {OK}, _sender_refused)
        _check(server, *server.rcpt(recipient), {OK, FORWARDED}, _recipient_refused)
    if not begin():
        return _start_over(server)
    with hanging_up_is_transient():
        _check(server, *server.docmd("DATA"), {GO_ON}, _refused)
    return _hand_over(server, content)


def _hand_over(server: smtplib.SMTP, content: bytes) -> None:
    try:
        server.send(re.sub(rb"(?m)^\.", b"..", content).removesuffix(b"\r\n") + b"\r\n.\r\n")
        code, answer = server.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise AnswerLost(
            f"The mail server's answer was lost ({type(error).__name__}).", service=SERVICE
        ) from None
    _check(server, code, answer, _YES, _text_refused)


def _options(server: smtplib.SMTP, content: bytes) -> list[str]:
    size = [f"size={len(content)}"] if server.has_extn("size") else []
    return [*size, "body=8bitmime"] if server.has_extn("8bitmime") else size


def _check(
    server: smtplib.SMTP,
    code: int,
    answer: bytes | str,
    wanted: Container[int],
    refused: Callable[[int, str], ServiceError],
) -> None:
    """Raises what another answer than those wanted means, and forgets the mail."""
    if code not in wanted:
        _start_over(server)
        raise refused(code, said(answer))


def _start_over(server: smtplib.SMTP) -> None:
    """Forget the half-told mail; a server that hangs up meanwhile has forgotten it, too."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        server.rset()


@contextlib.contextmanager
def _before_it_began() -> Iterator[None]:
    try:
        yield
    except (smtplib.SMTPException, OSError):
        raise HungUp from None


@contextlib.contextmanager
def hanging_up_is_transient() -> Iterator[None]:
    """A connection that breaks where nothing has gone over yet is an outage."""
    try:
        yield
    except (smtplib.SMTPException, OSError) as error:
        raise TransientError(f"The mail server hung up ({error}).", service=SERVICE) from None


def not_let_in(error: Exception) -> ServiceError:
    """What it means that no connection could be opened."""
    if isinstance(error, ValueError):  # the value is not told: it may be the password
        why = error.reason if isinstance(error, UnicodeEncodeError) else "no such name can be"
        return ConfigError(
            f"EMAIL_HOST, EMAIL_USER or EMAIL_PASSWORD cannot be used: {why}.", service=SERVICE
        )
    if isinstance(error, smtplib.SMTPAuthenticationError) and _is_permanent(error.smtp_code):
        return ConfigError(
            "The mail server refused EMAIL_USER and EMAIL_PASSWORD.", service=SERVICE
        )
    if isinstance(error, smtplib.SMTPResponseException) and _is_busy(error.smtp_code):
        return Throttled(
            f"The mail server cannot be reached: it asks for a pause ({error.smtp_code}:"
            f" {said(error.smtp_error)}).",
            service=SERVICE,
        )
    return TransientError(f"The mail server cannot be reached ({error}).", service=SERVICE)


# The first digit says what became of it (RFC 5321, 4.2.1).
_YES = range(200, 300)


def _is_busy(code: int) -> bool:
    return code // 100 == 4  # noqa: PLR2004


def _is_permanent(code: int) -> bool:
    return code // 100 == 5  # noqa: PLR2004


def _sender_refused(code: int, words: str) -> ServiceError:
    """Who is not let send at all is for a person to mend; too large a mail is its own fault."""
    if _is_permanent(code) and code != TOO_LARGE and not _is_daily_cap(words):
        return ConfigError(
            f"The mail server does not let us send as EMAIL_FROM ({code}: {words}).",
            service=SERVICE,
        )
    return _refused(code, words)


def _refused(code: int, words: str) -> ServiceError:
    """Refused before or after the text, but not for the recipient's sake."""
    sentence = _sentence(code, words)
    if _is_daily_cap(words):
        return Throttled(sentence, service=SERVICE, retry_after=DAILY_CAP_SECONDS)
    if not _is_permanent(code):
        return Throttled(sentence, service=SERVICE)
    if re.search(r"\b5\.1\.\d", words):
        return AddressRefused(sentence, service=SERVICE)
    return PermanentError(sentence, service=SERVICE)


def _text_refused(code: int, words: str) -> ServiceError:
    """X.2.X is about the recipient's mailbox, a full one say (RFC 3463, 3.3): it alone waits."""
    if not _is_busy(code) and not _is_permanent(code):  # smtplib makes -1 of what is no code
        return AnswerLost(f"The mail server's answer cannot be read ({words}).", service=SERVICE)
    if _is_busy(code) and code != CLOSING and re.search(r"\b4\.2\.\d", words):
        return PutOff(_sentence(code, words), service=SERVICE)
    return _refused(code, words)


def _recipient_refused(code: int, words: str) -> ServiceError:
    sentence = _sentence(code, words)
    if code == CLOSING or _is_daily_cap(words):
        return _refused(code, words)
    if not _is_permanent(code):
        return PutOff(sentence, service=SERVICE)
    if code == NOT_LET_IN:
        return ConfigError(sentence, service=SERVICE)
    # 5.7.x is policy: it refuses us, and the address may be right.
    about_us = re.search(r"\b5\.7\.\d", words)
    return (PermanentError if about_us else AddressRefused)(sentence, service=SERVICE)


def _sentence(code: int, words: str) -> str:
    return f"The mail server answered {code}: {words}"


def _is_daily_cap(words: str) -> bool:
    """Gmail's and others' word for: enough for today. A 5yz that is temporary."""
    return "5.4.5" in words


def said(answer: bytes | str) -> str:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return words.splitlines()[0] if words else ""
