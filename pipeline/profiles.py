"""What a person once said about the files of a source, for the next ones of it (spec U3)."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from pipeline.headers.known_headers import merged
from pipeline.models import LeadFile, SourceProfile


def of(source: str) -> SourceProfile | None:
    """The profile of a source, however its name is capitalised."""
    if not source.strip():
        return None
    return SourceProfile.objects.filter(source__iexact=source.strip()).order_by("pk").first()


def fields_of(source: str) -> dict[str, str]:
    """Header → field, '' for none, as far as somebody said so for this source."""
    profile = of(source)
    return dict(profile.fields) if profile else {}


def remember(lead_file: LeadFile, said: Mapping[str, str], *, by: str) -> SourceProfile | None:
    """Keep what a person said of a file's columns for later files of its source."""
    source = lead_file.source.strip()
    if not source or not said:
        return None
    known = of(source)
    with transaction.atomic():
        profile, _ = SourceProfile.objects.select_for_update().get_or_create(
            source=known.source if known else source, defaults={"updated_by": by}
        )
        profile.fields = merged(profile.fields, said)
        profile.updated_by = by
        profile.save()
    return profile
