"""The desk's words and numbers, for templates."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.admin.views.main import ChangeList
from django.urls import reverse

from pipeline import shown
from pipeline.reasons import in_words, inside, of_a_client

register = template.Library()

register.filter("number", shown.number)
register.filter("moment", shown.moment)
register.filter("day", shown.day)
register.filter("size", shown.size)
register.filter("duration", shown.duration)
register.filter("in_words", in_words)
register.filter("inside", inside)
register.filter("of_a_client", of_a_client)
register.filter("admin_url", shown.admin_url)
register.simple_tag(shown.label, name="label")


@register.filter
def share(part: int, whole: int) -> str:
    """A percentage for a bar's width; a sliver stays visible, nothing stays nothing."""
    if not part or not whole:
        return "0"
    return f"{max(100 * part / whole, 0.6):.1f}"


@register.simple_tag
def list_url(name: str, **filters: object) -> str:
    """`{% list_url "pipeline_lead" run=7 %}`: that list, filtered."""
    return reverse(f"admin:{name}_changelist") + (f"?{urlencode(filters)}" if filters else "")


@register.simple_tag
def filters_in_use(changelist: ChangeList) -> list[dict[str, Any]]:
    """What the list is narrowed to: each filter's title, its choice, and the way out of it."""
    found = []
    for spec in changelist.filter_specs:
        choices = [dict(choice) for choice in spec.choices(changelist)]
        chosen = [choice for choice in choices[1:] if choice["selected"]]
        if chosen:
            found.append(
                {
                    "title": spec.title,
                    "choice": chosen[0]["display"],
                    "without": choices[0]["query_string"],
                }
            )
    return found
