"""Taking a lead file in: checked whole at once, then queued for the next run (design, 15).

The check and the import are one code path, `intake.judge`, so that what a person sees at the
upload is what the night will do.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from pipeline import intake, leadfile, mapping
from pipeline.models import LeadFile
from pipeline.models.leads import LeadFileStatus

SLICE_ROWS = 50_000


class Refused(Exception):
    """No lead file, or one that is not wanted: one sentence for the operator."""


@dataclass(kw_only=True)
class Check:
    """What a whole file holds: rows = accepted + duplicate_in_file + invalid + blank."""

    layout: leadfile.Layout
    columns: mapping.Mapping
    accepted: int = 0
    duplicate_in_file: int = 0
    invalid: int = 0
    blank: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.accepted + self.duplicate_in_file + self.invalid + self.blank
