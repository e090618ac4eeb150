"""What can go wrong outside, in four kinds.

    ServiceError              something outside did not do what we asked
    ├── TransientError        ask again later: outage
    │   ├── Throttled         we asked too fast: all of us wait
    │   └── Dropped           no answer came; it may have been carried out, and paid for
    └── PermanentError        asking again changes nothing: refused, gone
        ├── Unusable          an answer came, is paid for, and says nothing
        └── ConfigError       nothing will work until a person changes a setting
            └── AccountError  the account refuses us, for now or for good

Arguments are plain strings and numbers, so that every one of them pickles.
"""

from __future__ import annotations

from functools import partial
from typing import Any

LONGEST_PAUSE = 24 * 60 * 60.0  # seconds


class ServiceError(Exception):
    """The message is one sentence for the operator, without secrets."""

    def __init__(self, message: str, *, service: str) -> None:
        super().__init__(message)
        self.service = service

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **vars(self)), self.args


class TransientError(ServiceError):
    """`retry_after`: in how many seconds it makes sense to ask again; None where nobody knows.

    A day at most is believed: the service's clock may be wrong.
    """

    def __init__(self, message: str, *, service: str, retry_after: float | None = None) -> None:
        super().__init__(message, service=service)
        self.retry_after = None if retry_after is None else min(retry_after, LONGEST_PAUSE)


class Throttled(TransientError):
    """It asks everybody for a pause, of `retry_after` seconds where it says so."""


class Dropped(TransientError):
    pass


class PermanentError(ServiceError):
    pass


class Unusable(PermanentError):
    """`reason` is a code of pipeline.reasons; the tokens are what it cost."""

    def __init__(
        self, message: str, *, service: str, reason: str, tokens_in: int = 0, tokens_out: int = 0
    ) -> None:
        super().__init__(message, service=service)
        self.reason = reason
        self.tokens_in = tokens_in
        self.tokens_out = tokens_out


class ConfigError(PermanentError):
    pass


class AccountError(ConfigError):
    """`reason` is a code of pipeline.reasons; `daily`: over by the provider's next midnight."""

    def __init__(self, message: str, *, service: str, reason: str, daily: bool = False) -> None:
        super().__init__(message, service=service)
        self.reason = reason
        self.daily = daily
