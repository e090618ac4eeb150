"""Sending mails, by SMTP or into files, and telling what became of each.

Django's backend opens the connection (https://docs.djangoproject.com/en/5.2/topics/email/), over
which `smtp_talk` speaks. One recipient per message, so that one refused address says nothing about
another. smtplib's exceptions end here.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives, get_connection
from django.core.mail.backends import filebased
from django.core.mail.message import sanitize_address

from leadgen.integrations.errors import ConfigError, PermanentError, TransientError
from leadgen.integrations.smtp_talk import (
    OK,
    SERVICE,
    AddressRefused,
    AnswerLost,
    HungUp,
    PutOff,
    converse,
    hanging_up_is_transient,
    not_let_in,
    said,
)

__all__ = [
    "SERVICE", "AddressRefused", "AnswerLost", "Carrier", "EmlFiles", "Letter", "PutOff",
    "carrier", "connected", "hang_up", "probe",
]  # fmt: skip

RENEW_AFTER = 50  # mails over one connection
IDLE_SECONDS = 60  # servers hang up on whoever says nothing for long


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One mail to one address; `message_id` is fixed before the first try."""

    recipient: str
    message_id: str
    subject: str
    text: str
    html: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Carrier:
    """Carries letters over one connection: opened when needed, anew after a drop or many letters."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._made_for: tuple[object, ...] = ()
        self._carried = 0
        self._used_at = 0.0

    def send(self, letter: Letter, *, begin: Callable[[], bool]) -> None:
        """Send the letter; `begin` is called right before its text goes over and may say no.

        Raises PutOff, AddressRefused, PermanentError or TransientError where it was certainly
        not taken, ConfigError where the account is refused, AnswerLost where nobody can know.
        """
        message = _build(letter)
        kept = self._fresh()
        try:
            self._carry(message, begin)
        except HungUp:
            if not kept:
                raise TransientError("The mail server hung up.", service=SERVICE) from None
            self._carry_anew(message, begin)

    def _carry_anew(self, message: EmailMultiAlternatives, begin: Callable[[], bool]) -> None:
        """Once more: a kept connection may have been dead for long, and nothing has begun."""
        try:
            self._carry(message, begin)
        except HungUp:
            raise TransientError("The mail server hung up.", service=SERVICE) from None

    def _fresh(self) -> bool:
        """Whether a connection is kept that is worth trying; else the next one is opened."""
        idle = time.monotonic() - self._used_at
        if self._connection is not None and (
            self._carried >= RENEW_AFTER or idle > IDLE_SECONDS or _address() != self._made_for
        ):
            self.hang_up()
        return self._connection is not None

    def _carry(self, message: EmailMultiAlternatives, begin: Callable[[], bool]) -> None:
        if self._connection is None:
            self._made_for = _address()
            self._connection, self._carried = _opened(), 0
        self._carried += 1
        try:
            if isinstance(getattr(self._connection, "connection", None), smtplib.SMTP):
                _talk(self._connection.connection, message, begin)
            else:
                _put_down(self._connection, message, begin)
        except (PutOff, PermanentError):
            raise  # said over a connection that is as good as before
        except BaseException:
            self.hang_up()
            raise
        finally:
            self._used_at = time.monotonic()

    def hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            _close(connection)


class _Kept(threading.local):
    """Each thread of a process has its own: a connection is one conversation."""

    carrier: Carrier | None = None


_kept = _Kept()


def carrier() -> Carrier:
    """The carrier of this process: its connection outlives a single delivery."""
    if _kept.carrier is None:
        _kept.carrier = Carrier()
    return _kept.carrier


def hang_up() -> None:
    """Close the connection that is kept, if any."""
    if _kept.carrier is not None:
        _kept.carrier.hang_up()


def probe() -> str:
    """Log in and name the sender, as for a mail, and send none; what was found, in words.

    Raises ConfigError, PermanentError or TransientError.
    """
    with connected() as connection:
        server = connection.connection
        with hanging_up_is_transient():
            server.ehlo_or_helo_if_needed()
            code, answer = server.mail(_sender())
        if code != OK:
            raise ConfigError(
                f"The mail server does not let us send as {settings.DEFAULT_FROM_EMAIL}"
                f" ({code}: {said(answer)}).",
                service=SERVICE,
            )
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.rset()
    who = f", logged in as {settings.EMAIL_HOST_USER}" if settings.EMAIL_HOST_USER else ""
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} takes mails{who}."


@contextlib.contextmanager
def connected() -> Iterator[Any]:
    """A connection of one's own, closed in the end. Raises TransientError or ConfigError."""
    connection = _opened()
    try:
        yield connection
    finally:
        _close(connection)


# Opening and closing


def _address() -> tuple[object, ...]:
    """What a kept connection was made with; where that has changed it is not used again."""
    return (settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT,
            settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)  # fmt: skip


def _opened() -> Any:
    connection = get_connection()
    try:
        connection.open()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        _close(connection)  # Django leaves the socket open where the login fails
        raise not_let_in(error) from None
    return connection


def _close(connection: Any) -> None:
    with contextlib.suppress(smtplib.SMTPException, OSError):
        connection.close()


# Building


def _build(letter: Letter) -> EmailMultiAlternatives:
    """The message, with every header looked at. Raises PermanentError, or ConfigError."""
    _sender()  # of a bad one the message would say that the letter is at fault
    message = EmailMultiAlternatives(
        letter.subject,
        letter.text,
        settings.DEFAULT_FROM_EMAIL,
        [letter.recipient],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers={
            "Message-ID": letter.message_id,
            "Auto-Submitted": "auto-generated",
            **letter.headers,
        },
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    try:
        _bare(letter.recipient)
        message.message()
    except (BadHeaderError, ValueError) as error:
        raise PermanentError(f"The mail could not be built: {error}", service=SERVICE) from None
    return message


def _bare(address: str) -> str:
    """As it goes into a command: a domain of any script in ASCII. Raises ValueError."""
    return sanitize_address(address, settings.DEFAULT_CHARSET)


def _sender() -> str:
    """Whom mails come from, in a command. Raises ConfigError."""
    try:
        return _bare(settings.DEFAULT_FROM_EMAIL)
    except ValueError:
        raise ConfigError(
            f"EMAIL_FROM is no address that mails can come from: {settings.DEFAULT_FROM_EMAIL}",
            service=SERVICE,
        ) from None


def _talk(server: smtplib.SMTP, message: EmailMultiAlternatives, begin: Callable[[], bool]) -> None:
    converse(
        server,
        sender=_bare(message.from_email),
        recipient=_bare(message.to[0]),
        content=message.message().as_bytes(linesep="\r\n"),  # type: ignore[call-arg]  # Django's own
        begin=begin,
    )


# Files instead of a server


def _put_down(connection: Any, message: EmailMultiAlternatives, begin: Callable[[], bool]) -> None:
    if not begin():
        return
    try:
        connection.send_messages([message])
    except OSError as error:
        raise TransientError(
            f"The mail could not be written down ({error.strerror or error}).", service=SERVICE
        ) from None


class EmlFiles(filebased.EmailBackend):
    """Django's file backend with one .eml per mail, named by its Message-ID.

    So a mail that is written twice is one file, and any mail program opens it.
    """

    def open(self) -> bool:
        return False  # the parent would leave an empty log file for each connection

    def close(self) -> None:
        pass

    def send_messages(self, email_messages: Any) -> int:
        for message in email_messages:
            raw = message.message()
            name = re.sub(r"[^\w.@-]", "", raw["Message-ID"])
            half = Path(self.file_path, f".{name}.half")
            half.write_bytes(raw.as_bytes())
            half.replace(Path(self.file_path, f"{name}.eml"))
        return len(email_messages)
