"""The audit: each invariant asked of the database, and the stored files read where told so.

Each statement sees one moment, so the audit may be run while a run is under way.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.db import connection

from deliveries.models import Delivery
from leadgen.integrations import storage
from pipeline import invariants, mail_invariants, money_invariants
from pipeline.invariants import Check
from pipeline.models.leads import COLUMNS
from pipeline.states import Stage

__all__ = ["CHECKS", "run"]

CHECKS = (*invariants.CHECKS, *money_invariants.CHECKS, *mail_invariants.CHECKS)

SHOWN_IDS = 20
STORED_FILES = ("A16", "A stored file is byte for byte the one delivered (deliveries)")


def run(*, deep: bool = False) -> dict[str, Any]:
    """The object of `manage.py audit --json`; `deep` also reads every delivered file.

    Raises a ServiceError where the file storage does not answer.
    """
    found = [_result(check.name, check.title, violations(check)) for check in CHECKS]
    if deep:
        found.append(_result(*STORED_FILES, changed_files()))
    found.sort(key=lambda one: str(one["name"]))
    return {"ok": not any(one["violations"] for one in found), "checks": found}


def violations(check: Check) -> list[int]:
    """The ids that break one invariant, each once, in order."""
    known: dict[str, int | list[str]] = {
        "stages": [stage.value for stage in Stage],
        "lease": settings.LEASE_SECONDS,
        "personal": [*COLUMNS, "linkedin_key", "phone_key"],
    }
    with connection.cursor() as cursor:
        cursor.execute(check.sql, known)
        return sorted({row[0] for row in cursor.fetchall()})


def changed_files() -> list[int]:
    """Deliveries whose stored bytes are gone or differ from size and SHA-256 of the row."""
    stored = Delivery.objects.exclude(storage_name="").order_by("pk")
    return [delivery.pk for delivery in stored.iterator() if not _is_unchanged(delivery)]


def _is_unchanged(delivery: Delivery) -> bool:
    size, digest = 0, hashlib.sha256()
    try:
        with storage.opened(delivery.storage_name) as content:
            while block := content.read(1 << 20):
                size += len(block)
                digest.update(block)
    except FileNotFoundError:
        return False
    return (size, digest.hexdigest()) == (delivery.size, delivery.sha256)


def _result(name: str, title: str, ids: list[int]) -> dict[str, Any]:
    return {"name": name, "title": title, "violations": len(ids), "ids": ids[:SHOWN_IDS]}
