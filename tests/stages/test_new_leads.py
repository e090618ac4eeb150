"""Where NEW leads lie, and the chunks in which dedupe takes them from there."""

from __future__ import annotations

import contextlib
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg import sql

from pipeline.chunks import Lease, claim
from pipeline.models import Lead
from pipeline.models.leads import NEW_TABLES
from pipeline.stages import dedupe
from pipeline.states import Stage
from tests import factories as make
from tests.stages.new_leads import (
    fresh,
    lead_file,
    move_all_to,
    settle,
    two_people,
    verdicts,
)

pytestmark = pytest.mark.django_db


class TestWhereNewLeadsLie:
    @pytest.mark.parametrize("table", NEW_TABLES)
    def test_the_sequence_of_ids_is_not_looked_up_for_each_row(self, table):
        """It was, by a function in the default: a third of an import's COPY."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute"
                " ON attrelid = adrelid AND attnum = adnum"
                " WHERE adrelid = %s::regclass AND attname = 'id'",
                [table],
            )
            assert cursor.fetchall() == [("nextval('pipeline_lead_id_seq'::regclass)",)]

    @pytest.mark.parametrize("table", ["pipeline_lead", *NEW_TABLES])
    def test_what_all_leads_are_asked_lies_before_the_long_texts(self, table):
        """A row is walked through from its front: a third of a look through all of them."""
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table)))
            names = [column.name for column in cursor.description]

        asked = {"run_id", "file_id", "record", "key", "status", "phone_key", "linkedin_key"}
        assert asked < {*names[: names.index("email")]}
        assert "extras" not in names[: names.index("email")]

    @pytest.mark.parametrize(("table", "digits"), NEW_TABLES.items())
    def test_no_table_takes_a_lead_of_another(self, run, table, digits):
        file = lead_file(run)
        for record, digit in enumerate("0123456789abcdef"):
            fresh(file, record, key=uuid.UUID(digit * 32))
        with connection.cursor() as cursor:
            for record, digit in enumerate("0123456789abcdef"):
                taken = sql.SQL(
                    "INSERT INTO {} SELECT * FROM pipeline_lead WHERE record = %s"
                ).format(sql.Identifier(table))
                if digit in digits:
                    cursor.execute(taken, [record])
                    continue
                with pytest.raises(IntegrityError, match="by_its_key"), transaction.atomic():
                    cursor.execute(taken, [record])

    def test_those_that_an_older_worker_copied_are_found(self, run):
        fresh(lead_file(run))
        move_all_to("pipeline_lead_new")

        settle(run)

        assert verdicts(run) == [("READY", "", None)]

    @pytest.fixture
    def many(self, monkeypatch) -> None:
        monkeypatch.setattr(dedupe, "LARGE", 2)

    def file_of(self, table: str) -> int:
        """Another one each time that the table is emptied at once."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_relation_filenode(%s::regclass)", [table])
            (found,) = cursor.fetchone()
            return int(found)

    @pytest.mark.usefixtures("many")
    def test_is_emptied_at_once_of_many(self, run):
        two_people(run)
        before = self.file_of("pipeline_lead_new_0")

        settle(run)

        assert verdicts(run) == [("READY", "", None), ("READY", "", None)]
        assert self.file_of("pipeline_lead_new_0") != before

    @pytest.mark.usefixtures("many")
    def test_is_not_emptied_of_what_is_another_runs(self, run):
        two_people(run)
        other = make.RunFactory.create(status="FAILED")
        fresh(lead_file(other), key=uuid.UUID(int=3))
        move_all_to("pipeline_lead_new_0")

        settle(run)

        assert verdicts(run) == [("READY", "", None), ("READY", "", None)]
        assert verdicts(other) == [("NEW", "", None)]

    @pytest.mark.usefixtures("many")
    def test_is_not_emptied_while_somebody_reads_there(self, run):
        two_people(run)
        before = self.file_of("pipeline_lead_new_0")
        reader = connection.copy()
        with reader.cursor() as cursor, contextlib.closing(reader):
            reader.set_autocommit(False)
            cursor.execute("SELECT count(*) FROM pipeline_lead_new_0")

            settle(run)

        assert verdicts(run) == [("READY", "", None), ("READY", "", None)]
        assert self.file_of("pipeline_lead_new_0") == before


class TestTheChunks:
    def test_mark_lookalikes_when_the_last_is_done(self, run, monkeypatch):
        monkeypatch.setattr(dedupe, "LEADS_PER_CHUNK", 1)
        first = fresh(lead_file(run), key=uuid.UUID(int=1 << 124), linkedin_key="in/ann")
        second = fresh(lead_file(run), key=uuid.UUID(int=15 << 124), linkedin_key="in/ann")
        slices = dedupe.plan(run).slices
        stage_run = make.StageRunFactory.create(run=run, stage=Stage.DEDUPE, status="RUNNING")
        for seq, part in enumerate(slices):
            make.ChunkFactory.create(
                stage_run=stage_run, seq=seq, low=part.low, high=part.high, status="PENDING"
            )

        for chunk in stage_run.chunks.order_by("-seq"):
            claimed = claim(chunk.pk)
            assert claimed
            assert Lead.objects.exclude(lookalike=None).count() == 0
            dedupe.work(claimed, Lease(claimed.pk, claimed.attempt))

        assert [(part.low, part.high) for part in slices] == [(0, 7), (8, 15)]
        assert Lead.objects.get(pk=second.pk).lookalike == first
