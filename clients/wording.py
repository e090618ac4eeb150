"""A client's own words in mails: text with variables, checked before it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import models

VARIABLES = {
    "client": "the client's name",
    "leads": "how many leads",
    "date": "the business day",
}
HINT = "May hold " + ", ".join(f"{{{name}}} ({what})" for name, what in VARIABLES.items()) + "."
_BRACES = re.compile(r"\{([^{}]*)\}")


def check_subject(text: str) -> None:
    """Raise ValidationError where a mail's subject may not look like that."""
    if len(text.splitlines()) > 1:
        raise ValidationError("A subject is one line.")
    check_intro(text)


def check_intro(text: str) -> None:
    """Raise ValidationError where a variable is unknown or a brace stands alone."""
    for name in _BRACES.findall(text):
        if name not in VARIABLES:
            raise ValidationError(f"There is no variable {{{name}}}. {HINT}")
    if set("{}") & set(_BRACES.sub("", text)):
        raise ValidationError(f"A brace stands alone. {HINT}")


def fill(text: str, values: Mapping[str, object]) -> str:
    """The text with its variables put in; values are never looked into for variables again."""
    return _BRACES.sub(lambda found: str(values[found[1]]), text)


class MailWords(models.Model):
    """How the mails to a client are worded, and where its replies go."""

    reply_to = models.EmailField(
        "replies go to",
        blank=True,
        default="",
        db_default="",
        help_text="Whoever looks after this client. Blank: to the sender, EMAIL_FROM.",
    )
    mail_subject = models.CharField(
        "subject of its mails",
        max_length=150,
        blank=True,
        default="",
        db_default="",
        validators=[check_subject],
        help_text=f"Blank: ours. {HINT}",
    )
    mail_intro = models.TextField(
        "how its mails begin",
        blank=True,
        default="",
        db_default="",
        validators=[check_intro],
        help_text=f"Blank: ours. {HINT}",
    )

    class Meta:
        abstract = True
