"""How statuses, numbers, moments and links look, in lists and in templates alike.

Apart from `pipeline.admin`, because unfold renders a template while it is being imported.
"""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

SHORT_SECONDS = 10  # below, tenths are worth showing
NOTHING = "-"  # as in unfold's own empty cells

# A status is a word first; its colour only repeats it.
TONES = {
    **dict.fromkeys(
        ("DONE", "IMPORTED", "DELIVERED", "LOGGED", "SENT", "ACTIVE", "APPROVED", "alive"), "good"
    ),
    **dict.fromkeys(
        ("RUNNING", "IMPORTING", "NEW", "ALLOCATED", "UPLOADED", "NOTIFIED", "SENDING", "LEASED"),
        "busy",
    ),
    **dict.fromkeys(("QUEUED", "WAITING", "UNKNOWN", "TEMPLATE", "PAUSED", "PENDING"), "warn"),
    **dict.fromkeys(("FAILED", "REFUSED", "REJECTED", "silent"), "bad"),
    **dict.fromkeys(("READY", "AI", "HUMAN"), "calm"),
}


def admin_url(row: Model) -> str:
    """Where the desk shows this row."""
    meta = row._meta  # noqa: SLF001  (Django's documented name)
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def list_url(model: type[Model], **filters: object) -> str:
    """The list of these rows, filtered."""
    meta = model._meta  # noqa: SLF001  (Django's documented name)
    query = f"?{urlencode(filters)}" if filters else ""
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist") + query


def link_to(row: Model | None, text: object = "") -> SafeString | str:
    """A link to the row's page; a dash where there is no row."""
    if row is None:
        return NOTHING
    return format_html('<a class="desk-link" href="{}">{}</a>', admin_url(row), text or row)


def two_lines(first: object, second: object) -> SafeString | str:
    """What matters, and below it in small what belongs to it."""
    if not second:
        return format_html("{}", first)
    return format_html(
        '<span class="desk-two"><span>{}</span><span class="desk-second">{}</span></span>',
        first,
        second,
    )


def label(status: str, text: object = "", *, tone: str = "") -> SafeString:
    """A status as a coloured word."""
    return format_html(
        '<span class="desk-label" data-tone="{}">{}</span>',
        tone or TONES.get(status, ""),
        text or status.capitalize(),
    )


def number(count: int | None) -> str:
    """12,345; a dash for nothing known."""
    return NOTHING if count is None else f"{count:,}"


def moment(at: dt.datetime | None) -> str:
    """24 Nov 2025, 02:00 in TIME_ZONE."""
    return NOTHING if at is None else date_format(timezone.localtime(at), "j M Y, H:i")


def day(on: dt.date) -> str:
    """24 Nov 2025."""
    return date_format(on, "j M Y")


def size(count: int | None) -> str:
    """Bytes as people read them: 512 bytes, 12.3 kB, 4.5 MB."""
    if count is None:
        return NOTHING
    for unit, name in ((1_000_000, "MB"), (1_000, "kB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count} bytes"


def duration(seconds: float | None) -> str:
    """0.4 s, 12 s, 3 min 05 s, 2 h 10 min."""
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    if minutes:
        return f"{minutes} min {rest:02} s"
    return f"{seconds:.0f} s" if rest >= SHORT_SECONDS else f"{seconds:.1f} s"
