"""Sending one mail, by SMTP or into a file, and telling what became of it.

Django's backends do the talking (https://docs.djangoproject.com/en/5.2/topics/email/); smtplib's
exceptions end here. One recipient per message: smtplib reports a partly refused message only in
a return value that Django throws away.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMessage, get_connection
from django.core.mail.backends import filebased

from leadgen.integrations.errors import ConfigError, PermanentError, ServiceError, TransientError

SERVICE = "smtp"


class AnswerLost(ServiceError):
    """The connection broke after sending began: the server may have taken the mail."""


@contextlib.contextmanager
def connected() -> Iterator[Any]:
    """A connection that mails can be sent over, closed in the end.

    Raises TransientError where the server cannot be reached, ConfigError where it knows us not.
    """
    connection = get_connection()
    try:
        _open(connection)
        yield connection
    finally:  # Django leaves the socket open where the login fails
        with contextlib.suppress(smtplib.SMTPException, OSError):
            connection.close()


def _open(connection: Any) -> None:
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        raise _not_let_in(error) from None


def send(connection: Any, *, subject: str, text: str, recipient: str, message_id: str) -> None:
    """Send one mail over an open connection.

    Raises TransientError or PermanentError where the mail was certainly not taken, and
    AnswerLost where nobody can know.
    """
    message = EmailMessage(
        subject,
        text,
        settings.DEFAULT_FROM_EMAIL,
        [recipient],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    try:
        message.send()
    except (BadHeaderError, ValueError) as error:
        raise PermanentError(f"The mail could not be built: {error}", service=SERVICE) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(*next(iter(error.recipients.values()))) from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error) from None
    except (smtplib.SMTPException, OSError) as error:
        raise AnswerLost(
            f"The mail server's answer was lost ({type(error).__name__}).", service=SERVICE
        ) from None


def _not_let_in(error: Exception) -> ServiceError:
    if isinstance(error, smtplib.SMTPAuthenticationError) and _is_permanent(error.smtp_code):
        return ConfigError(
            "The mail server refused EMAIL_USER and EMAIL_PASSWORD.", service=SERVICE
        )
    return TransientError(f"The mail server cannot be reached ({error}).", service=SERVICE)


def _is_permanent(code: int) -> bool:
    """RFC 5321, 4.2.1: 5yz is permanent, 4yz may be tried again."""
    return code >= 500  # noqa: PLR2004


def _refused(code: int, answer: bytes | str) -> ServiceError:
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    sentence = f"The mail server answered {code}: {said.splitlines()[0] if said else ''}"
    return (PermanentError if _is_permanent(code) else TransientError)(sentence, service=SERVICE)


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
            Path(self.file_path, f"{name}.eml").write_bytes(raw.as_bytes())
        return len(email_messages)
