"""Sending mails of the outbox, one by one, and writing down what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from deliveries import outbox
from deliveries.models import Mail
from leadgen.integrations import mail as smtp
from leadgen.integrations.errors import ConfigError, PermanentError, ServiceError, TransientError
from pipeline import services

Write = Callable[[Mail], smtp.Letter]


class _Lost(TransientError):
    """Nobody knows of one mail; its server counts as failing, and the next mail may be sent."""


def post(mails: Iterable[Mail], write: Write) -> None:
    """Send each over one connection; an address that is refused or put off stops no other.

    Raises TransientError where the server is away or wants a pause, ConfigError where it does
    not know us: what has not gone then stays as it was.
    """
    carrier = smtp.carrier()
    for mail in mails:
        with suppress(_Lost), services.guarded(smtp.SERVICE):
            _post(carrier, mail, write(mail))


def _post(carrier: smtp.Carrier, mail: Mail, letter: smtp.Letter) -> None:
    begun = False

    def begin() -> bool:
        nonlocal begun
        begun = outbox.begin(mail)
        return begun

    try:
        carrier.send(letter, begin=begin)
    except ConfigError:
        raise  # nothing was said about this mail
    except ServiceError as error:
        _settle(mail, error, begun=begun)
        if isinstance(error, smtp.AnswerLost):
            raise _Lost(str(error), service=smtp.SERVICE) from None
        if isinstance(error, TransientError) and not isinstance(error, smtp.PutOff):
            raise
    else:
        if begun:
            outbox.sent(mail)


def _settle(mail: Mail, error: ServiceError, *, begun: bool) -> None:
    match error:
        case smtp.AnswerLost():
            outbox.answer_lost(mail, str(error))
        case smtp.PutOff():
            outbox.put_off(mail, str(error), begun=begun)
        case PermanentError():
            address = isinstance(error, smtp.AddressRefused)
            outbox.refused(mail, str(error), begun=begun, address=address)
        case _:
            outbox.not_taken(mail, str(error), begun=begun)
