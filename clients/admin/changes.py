"""What a person changed, from what to what, in the history of a client or a plan."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpRequest

from pipeline.admin.desk import Desk, M

LONGEST = 60  # characters of a value; longer ones are named only
NOTHING = "blank"


class Told(Desk[M]):
    """A desk whose history says old and new values, not only which fields were touched."""

    def construct_change_message(
        self,
        request: HttpRequest,
        form: Form,
        formsets: Any,
        add: bool = False,  # noqa: FBT001, FBT002  (the signature is Django's)
    ) -> Any:
        found = super().construct_change_message(request, form, formsets, add)
        if add or not isinstance(found, list):
            return found
        for each in found:
            # The form's own entry has no name; those of its inlines have one.
            if "changed" in each and "name" not in each["changed"]:
                each["changed"]["fields"] = [from_to(form, name) for name in form.changed_data]
        return found


def from_to(form: Form, name: str) -> str:
    """`leads a day (2 to 5)`; of a long text only that it changed."""
    named = form.fields[name].label or name
    old, new = said(form.initial.get(name)), said(form.cleaned_data.get(name))
    if max(len(old), len(new)) > LONGEST:
        return str(named)
    return f"{named} ({old} to {new})"


def said(value: Any) -> str:
    """A value as the history says it; None and '' are both blank."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    return NOTHING if value is None or value == "" else str(getattr(value, "pk", value))
