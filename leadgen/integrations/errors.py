"""What can go wrong outside, in four kinds.

    ServiceError              something outside did not do what we asked
    ├── TransientError        ask again later: outage, throttling, time-out
    │   └── Throttled         it asks everybody for a pause
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
    """`retry_seconds`: when asking again makes sense, where that is known; else 0."""

    def __init__(self, message: str, *, service: str, retry_seconds: float = 0) -> None:
        super().__init__(message, service=service)
        self.retry_seconds = retry_seconds


class Throttled(TransientError):
    """Nobody should ask for `retry_seconds`; 0: the service did not say for how long."""


class PermanentError(ServiceError):
    pass


class ConfigError(PermanentError):
    pass
