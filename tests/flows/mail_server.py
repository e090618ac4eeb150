"""An SMTP server that remembers what it took, and can be told what to answer (RFC 5321)."""

from __future__ import annotations

import base64
import contextlib
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from leadgen.integrations import mail

HANG_UP = ""  # an answer: close the connection without a word
ALL_IS_READ = "."  # in place of a command: the message has been sent to its end


class MailServer(socketserver.ThreadingTCPServer):
    """`answers` maps the beginning of a command to what is said instead of yes."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.answers: dict[str, str] = {}
        self.taken: list[tuple[str, EmailMessage]] = []  # (recipient, message)
        self.connections = 0
        self.only_once = False  # whether a told answer is given once, and yes from then on

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.taken]

    def says(self, command: str, otherwise: str) -> str:
        told = [start for start in self.answers if command.startswith(start)]
        if not told:
            return otherwise
        return self.answers.pop(told[0]) if self.only_once else self.answers[told[0]]


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.server.connections += 1
        self.recipient = ""
        with contextlib.suppress(ConnectionError, _HungUp):
            self.say(self.server.says("connect", "220 mail.example"))
            for line in self.rfile:
                verb, rest = line[:4].decode(), line[4:].decode()
                self.obey(verb.upper() + rest.rstrip())

    def say(self, words: str) -> None:
        if words == HANG_UP:
            raise _HungUp
        self.wfile.write(f"{words}\r\n".encode())
        if words.startswith(("221", "421")):
            raise _HungUp

    def obey(self, command: str) -> None:
        usual = {
            "EHLO": "250-mail.example\r\n250 AUTH PLAIN",
            "AUTH": "235 welcome",
            "DATA": "354 go on",
            "QUIT": "221 bye",
        }
        said = self.server.says(command, usual.get(command[:4], "250 OK"))
        if command.startswith("RCPT TO:"):
            self.recipient = command[8:].strip("<> ")
        self.say(said)
        if command == "DATA" and said.startswith("354"):
            self.read_message()

    def read_message(self) -> None:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        answer = self.server.says(ALL_IS_READ, "250 taken")
        if answer.startswith("250") or answer == HANG_UP:  # hung up only after it was taken
            message = message_from_bytes(b"".join(lines), policy=policy.default)
            self.server.taken.append((self.recipient, message))
        self.say(answer)


class _HungUp(Exception):
    pass


@contextlib.contextmanager
def running() -> Iterator[MailServer]:
    """A server on a port of its own."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def in_use(settings: Any) -> Iterator[MailServer]:
    """The product sends its mails to a server; whose connection ends with it."""
    with running() as server:
        use(settings, server.port)
        yield server
        mail.hang_up()


def use(settings: Any, port: int) -> None:
    """Point the product at a server."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = False
    settings.EMAIL_TIMEOUT = 5


def login(user: str, password: str) -> str:
    """What AUTH PLAIN says for an account (RFC 4616)."""
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()
