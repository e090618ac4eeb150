"""Log lines for a person: the message, then what was said beside it."""

from __future__ import annotations

import logging

from pythonjsonlogger.core import RESERVED_ATTRS

_PLAIN = (str, int, float)  # libraries add whole requests and tasks, which may name people


class WithExtras(logging.Formatter):
    """Appends each `extra` as key=value: "chunk failed" is of little use without which."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's own name)
        extras = [
            f"{name}={_shown(value)}"
            for name, value in vars(record).items()
            if name not in RESERVED_ATTRS and isinstance(value, _PLAIN)
        ]
        return " ".join([super().formatMessage(record), *extras])


def _shown(value: str | float) -> str:
    """Quoted where it would not read as one word, on one line."""
    text = str(value)
    return text if text.isprintable() and text.split() == [text] else repr(text)
