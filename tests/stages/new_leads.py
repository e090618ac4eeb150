"""NEW leads of a run, as the tests of dedupe need them, and what became of them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection
from psycopg import sql

from pipeline.models import Lead, LeadFile, Run
from pipeline.stages import dedupe
from tests import factories as make

ANN, BOB = uuid.UUID(int=1), uuid.UUID(int=2 << 120)


def bare(**columns: Any) -> dict[str, Any]:
    """A row that says nothing but what is named."""
    return {"first_name": "", "last_name": "", "company": "", "reason": "", "key": ANN, **columns}


def lead_file(run: Run, **columns: Any) -> LeadFile:
    return make.LeadFileFactory.create(run=run, **columns)


def fresh(file: LeadFile, record: int = 1, **columns: Any) -> Lead:
    return make.LeadFactory.create(file=file, record=record, status="NEW", **bare(**columns))


def settle(run: Run) -> None:
    dedupe.settle(run.pk)


def verdicts(run: Run) -> list[tuple[str, str, int | None]]:
    """(status, reason, twin) by file and record."""
    found = Lead.objects.filter(run=run).order_by("file", "record")
    return list(found.values_list("status", "reason", "twin"))


def two_people(run: Run) -> LeadFile:
    file = lead_file(run)
    for record in (1, 2):
        fresh(file, record, key=uuid.UUID(int=record))
    return file


def move_all_to(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "WITH taken AS (DELETE FROM ONLY pipeline_lead RETURNING *)"
                " INSERT INTO {} SELECT * FROM taken"
            ).format(sql.Identifier(table))
        )
