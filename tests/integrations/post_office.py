"""A real SMTP server (aiosmtpd) that can be told to refuse, put off, throttle or hang up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG_UP = "hang up"
HANG_UP_AFTER = "hang up after taking it"


class PostOffice:
    """`answers` maps MAIL, RCPT <address>, DATA (the text) to what is said instead of yes."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.taken: list[tuple[str, EmailMessage]] = []
        self.sessions: set[int] = set()
        self.accounts: dict[str, str] = {}

    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.taken]

    # What aiosmtpd calls

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, answers: list[str]
    ) -> list[str]:
        self.sessions.add(id(session))
        session.host_name = name
        return answers

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        return self._say(server, "MAIL") or self._note_sender(envelope, address)

    def _note_sender(self, envelope: Envelope, address: str) -> str:
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self._say(server, f"RCPT {address}")
        if not said:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.answers.get("DATA", "")
        if not answer or answer == HANG_UP_AFTER:
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            self.taken += [(recipient, message) for recipient in envelope.rcpt_tos]
        return self._say(server, "DATA") or "250 taken"

    def _say(self, server: Any, moment: str) -> str:
        answer = self.answers.get(moment, "")
        if answer in {HANG_UP, HANG_UP_AFTER}:
            server.transport.abort()
            return "421 gone"
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        known = self.accounts.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=known, handled=False)


class _Anywhere(Controller):
    """On a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def opened(*, login: bool = False) -> Iterator[tuple[PostOffice, int]]:
    """A post office and its port; with `login` it takes mails of its accounts only."""
    office = PostOffice()
    controller = _Anywhere(
        office,
        hostname="127.0.0.1",
        port=0,
        authenticator=office.authenticate if login else None,
        auth_required=login,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield office, controller.port
    finally:
        controller.stop()
