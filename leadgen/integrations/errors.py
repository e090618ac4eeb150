"""What can go wrong outside, in four kinds.

    ServiceError              something outside did not do what we asked
    ├── TransientError        ask again later: outage, throttling, time-out
    └── PermanentError        asking again changes nothing: refused, gone
        └── ConfigError       nothing will work until a person changes a setting

Arguments are plain strings and numbers, so that every one of them pickles.
"""

from __future__ import annotations


class ServiceError(Exception):
    """The message is one sentence for the operator, without secrets."""

    def __init__(self, message: str, *, service: str) -> None:
        super().__init__(message)
        self.service = service


class TransientError(ServiceError):
    """`retry_after`: in how many seconds to ask again, where somebody knows."""

    def __init__(self, message: str, *, service: str, retry_after: float | None = None) -> None:
        super().__init__(message, service=service)
        self.retry_after = retry_after


class PermanentError(ServiceError):
    pass


class ConfigError(PermanentError):
    pass
