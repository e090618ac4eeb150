"""Dedupe against real rows: who is kept, who is a duplicate of whom, and what it told of him."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from pipeline import lookalikes
from pipeline.models import Lead, LeadChange
from tests import factories as make
from tests.stages.new_leads import (
    ANN,
    BOB,
    bare,
    fresh,
    lead_file,
    settle,
    two_people,
    verdicts,
)

pytestmark = pytest.mark.django_db


def known(status: str = "READY", **columns: Any) -> Lead:
    return make.LeadFactory.create(**bare(**{"reason": "no_client", **columns}), status=status)


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Lead, LeadChange)]


COMPLETE: dict[str, Any] = {"first_name": "Ann", "company": "Acme"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """Rows of one person in record order; `kept` is the place of the one that is kept."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    kept: int


class TestTheKeptRowOfAFile:
    @pytest.mark.parametrize(
        "case",
        [
            pytest.param(Case(rows=[{}, {}], kept=0), id="first where none is complete"),
            pytest.param(Case(rows=[{}, COMPLETE], kept=1), id="the complete one"),
            pytest.param(Case(rows=[COMPLETE, COMPLETE], kept=0), id="first of the complete ones"),
            pytest.param(
                Case(rows=[{}, {"full_name": "Ann", "company": "Acme"}, COMPLETE], kept=1),
                id="full name is a name",
            ),
            pytest.param(
                Case(rows=[{"first_name": "Ann"}, {"company": "Acme"}, COMPLETE], kept=2),
                id="name and company, not one of them",
            ),
            pytest.param(
                Case(rows=[{"last_name": "Ash", "company": "Acme"}, COMPLETE], kept=1),
                id="a last name alone is none",
            ),
        ],
    )
    def test_is_the_first_complete_one(self, run, case):
        file = lead_file(run)
        rows = [fresh(file, record, **row) for record, row in enumerate(case.rows, 1)]

        settle(run)

        kept = rows[case.kept].pk
        assert verdicts(run) == [
            ("READY", "", None) if row.pk == kept else ("DUPLICATE", "dup_file", kept)
            for row in rows
        ]

    def test_goes_by_record_and_not_by_when_it_was_written(self, run):
        file = lead_file(run)
        late, early = fresh(file, 2), fresh(file, 1)

        settle(run)

        assert Lead.objects.get(pk=late.pk).twin == early

    def test_takes_from_the_others_what_it_is_blank_about(self, run):
        file = lead_file(run, known_leads="SKIP")
        fresh(file, 1, title="CFO", city="Bonn", extras={"notes": "one"})
        kept = fresh(file, 2, **COMPLETE, title="CEO", extras={"size": "9"})
        fresh(file, 3, city="Köln", extras={"notes": "three"})

        settle(run)

        kept.refresh_from_db()
        assert (kept.title, kept.city, kept.first_name) == ("CEO", "Bonn", "Ann")
        assert kept.extras == {"size": "9", "notes": "one"}
        assert not LeadChange.objects.exists()


class TestAPersonThatIsKnown:
    @pytest.mark.parametrize("status", ["READY", "ALLOCATED", "DELIVERED"])
    def test_stays_as_it_is_and_the_new_row_points_to_it(self, run, status):
        before = known(status)
        fresh(lead_file(run), **COMPLETE)

        settle(run)

        assert verdicts(run) == [("DUPLICATE", "dup_db", before.pk)]
        after = Lead.objects.get(pk=before.pk)
        assert (after.status, after.reason, after.key) == (status, "no_client", ANN)

    def test_that_had_expired_is_ready_again_whatever_the_file_was_told(self, run):
        before = known("EXPIRED", reason="too_old", created_at=make.NOW)
        file = lead_file(run, known_leads="SKIP")
        fresh(file)

        settle(run)

        after = Lead.objects.get(pk=before.pk)
        assert (after.status, after.reason) == ("READY", "")
        change = LeadChange.objects.get(file=file, lead=before)
        assert (change.before["status"], change.before["reason"]) == ("EXPIRED", "too_old")

    def test_that_had_expired_is_as_new_as_what_comes_in_now(self, run):
        """Otherwise allocate would let it expire again in the same night."""
        known("EXPIRED", reason="too_old", created_at=make.NOW - make.minutes(60 * 24 * 400))
        fresh(lead_file(run))
        with connection.cursor() as cursor:
            cursor.execute("SELECT now()")
            (now,) = cursor.fetchone()

        settle(run)

        assert Lead.objects.ready().get().created_at == now

    @pytest.mark.parametrize("status", ["DUPLICATE", "SUPPRESSED", "ERASED"])
    def test_but_not_live_does_not_stand_in_the_way(self, run, status):
        known(status, reason="dup_db", email="")
        fresh(lead_file(run))

        settle(run)

        assert verdicts(run) == [("READY", "", None)]

    def test_from_the_first_part_of_the_same_file_counts_as_in_file(self, run):
        file = lead_file(make.RunFactory.create(status="FAILED"))
        before = make.LeadFactory.create(file=file, record=1, **bare(reason="filter"))
        make.LeadFactory.create(file=file, record=2, run=run, status="NEW", **bare(title="CFO"))

        settle(run)

        assert verdicts(run) == [("DUPLICATE", "dup_file", before.pk)]
        assert Lead.objects.get(pk=before.pk).title == "CFO"
        assert not LeadChange.objects.exists()

    def test_in_two_new_files_is_the_first_files(self, run):
        first, second = lead_file(run), lead_file(run)
        kept = fresh(first, 5)
        fresh(second, 1, title="CFO")

        settle(run)

        assert verdicts(run) == [("READY", "", None), ("DUPLICATE", "dup_db", kept.pk)]
        assert LeadChange.objects.get().after == {"title": "CFO"}


class TestWhatAFileTellsOfKnownLeads:
    @pytest.mark.parametrize(
        ("mode", "title", "city", "extras"),
        [
            pytest.param("FILL", "CEO", "Bonn", {"notes": "old", "size": "9"}, id="fill"),
            pytest.param("OVERWRITE", "COO", "Köln", {"notes": "new", "size": "9"}, id="overwrite"),
            pytest.param("SKIP", "CEO", "", {"notes": "old"}, id="skip"),
        ],
    )
    def test_depends_on_what_the_file_was_told(self, run, mode, title, city, extras):
        before = known(title="CEO", company="Acme", extras={"notes": "old"})
        file = lead_file(run, known_leads=mode)
        fresh(file, 1, title="CFO", city="Bonn", extras={"size": "9"})
        fresh(file, 2, title="COO", city="Köln", extras={"notes": "new", "size": ""})

        settle(run)

        after = Lead.objects.get(pk=before.pk)
        assert (after.title, after.city, after.extras) == (title, city, extras)
        assert (after.company, after.email) == ("Acme", before.email)

    def test_never_takes_away_what_its_only_row_is_blank_about(self, run):
        before = known(company="Acme", phone="+49 30 1", phone_key=BOB, extras={"size": "9"})
        fresh(lead_file(run, known_leads="OVERWRITE"), title="CFO", extras={"size": ""})

        settle(run)

        after = Lead.objects.get(pk=before.pk)
        assert (after.title, after.company, after.extras) == ("CFO", "Acme", {"size": "9"})
        assert (after.phone, after.phone_key) == ("+49 30 1", BOB)

    def test_is_kept_as_an_image_of_what_changed_only(self, run):
        before = known(title="CEO")
        file = lead_file(run, known_leads="OVERWRITE")
        fresh(file, title="CFO", phone="+49 30 1", phone_key=BOB, extras={"notes": "x"})

        settle(run)

        change = LeadChange.objects.get(file=file, lead=before)
        assert change.before == {
            "title": "CEO", "phone": "", "phone_key": "", "extras.notes": None,
        }  # fmt: skip
        assert change.after == {
            "title": "CFO", "phone": "+49 30 1", "phone_key": str(BOB), "extras.notes": "x",
        }  # fmt: skip

    def test_that_is_nothing_new_leaves_no_image(self, run):
        known(title="CEO", extras={"notes": "x"})
        fresh(lead_file(run, known_leads="OVERWRITE"), title="CEO", extras={"notes": "x"})

        settle(run)

        assert not LeadChange.objects.exists()

    def test_brings_the_keys_of_phone_page_and_country_along(self, run):
        before = known(country="France", country_code="FR")
        fresh(
            lead_file(run),
            phone="+49 30 1", phone_key=BOB, linkedin_url="x.com/in/ann", linkedin_key="in/ann",
            country="Germany", country_code="DE",
        )  # fmt: skip

        settle(run)

        after = Lead.objects.get(pk=before.pk)
        assert (after.phone_key, after.linkedin_key, after.country_code) == (BOB, "in/ann", "FR")

    def test_is_told_file_by_file_each_with_its_own_image(self, run):
        known()
        first = lead_file(run, known_leads="FILL")
        second = lead_file(run, known_leads="OVERWRITE")
        fresh(second, title="CEO")
        fresh(first, title="CFO")

        settle(run)

        images = LeadChange.objects.order_by("file").values_list("file", "before", "after")
        assert list(images) == [
            (first.pk, {"title": ""}, {"title": "CFO"}),
            (second.pk, {"title": "CFO"}, {"title": "CEO"}),
        ]

    def test_in_two_runs_is_one_image_from_the_first_before_to_the_last_after(self, run):
        before = known()
        file = lead_file(run, known_leads="OVERWRITE")
        fresh(file, 1, title="CFO")
        settle(run)
        fresh(file, 2, title="CEO", city="Bonn")

        settle(run)

        change = LeadChange.objects.get(file=file, lead=before)
        assert change.before == {"title": "", "city": ""}
        assert change.after == {"title": "CEO", "city": "Bonn"}

    cells = st.sampled_from(["", "", "a", "b"])
    said = st.fixed_dictionaries({
        "title": cells, "city": cells, "phone": cells,
        "extras": st.dictionaries(st.sampled_from(["x", "y"]), cells),
    })  # fmt: skip

    @hypothesis(max_examples=40)
    @given(before=said, rows=st.lists(said, min_size=1, max_size=4))
    def test_never_costs_a_value_under_fill(self, before, rows):
        with transaction.atomic():
            run = make.RunFactory.create(status="RUNNING")
            twin = known(**before)
            file = lead_file(run)
            for record, row in enumerate(rows, 1):
                fresh(file, record, **row)

            settle(run)

            twin.refresh_from_db()
            for name in ("title", "city", "phone"):
                said = [before[name], *(row[name] for row in rows)]
                assert getattr(twin, name) == next(filter(None, said), "")
            for name in "xy":
                said = [row["extras"].get(name, "") for row in (before, *rows)]
                assert twin.extras.get(name, "") == next(filter(None, said), "")
            transaction.set_rollback(True)


class TestWhoIsSuppressed:
    KEY = uuid.UUID(int=77)

    @pytest.mark.parametrize(
        ("kind", "columns"),
        [
            pytest.param("ADDRESS", {"key": KEY}, id="address"),
            pytest.param("DOMAIN", {"domain_keys": [BOB, KEY]}, id="domain or one above it"),
            pytest.param("PHONE", {"phone_key": KEY}, id="phone"),
        ],
    )
    def test_is_so_by_each_kind_of_its_own(self, run, kind, columns):
        make.SuppressionFactory.create(kind=kind, key=self.KEY)
        file = lead_file(run)
        fresh(file, 1, **columns)
        fresh(file, 2, key=BOB)

        settle(run)

        assert verdicts(run) == [("SUPPRESSED", "suppressed_global", None), ("READY", "", None)]

    @pytest.mark.parametrize("kind", ["ADDRESS", "DOMAIN", "PHONE"])
    def test_is_nobody_by_a_key_of_another_kind_or_a_clients_list(self, run, kind):
        of_kind: dict[str, Any] = {"ADDRESS": {"key": self.KEY}, "DOMAIN": {"domain_keys": [self.KEY]},
                   "PHONE": {"phone_key": self.KEY}}  # fmt: skip
        fresh(lead_file(run), **of_kind.pop(kind))
        for other in of_kind:
            make.SuppressionFactory.create(kind=other, key=self.KEY)
        make.SuppressionFactory.create(kind=kind, key=self.KEY, client=make.ClientFactory.create())

        settle(run)

        assert verdicts(run) == [("READY", "", None)]

    def test_neither_wins_nor_tells_anything(self, run):
        make.SuppressionFactory.create(kind="PHONE", key=self.KEY)
        file = lead_file(run)
        fresh(file, 1, **COMPLETE, phone_key=self.KEY, title="CFO")
        kept = fresh(file, 2)

        settle(run)

        assert verdicts(run) == [("SUPPRESSED", "suppressed_global", None), ("READY", "", None)]
        assert Lead.objects.get(pk=kept.pk).title == ""

    def test_is_suppressed_although_a_live_lead_is_known(self, run):
        known()
        make.SuppressionFactory.create(key=ANN)
        fresh(lead_file(run), title="CFO")

        settle(run)

        assert verdicts(run) == [("SUPPRESSED", "suppressed_global", None)]
        assert not LeadChange.objects.exists()


class TestTwice:
    def test_changes_nothing(self, run):
        known(title="CEO")
        make.SuppressionFactory.create(key=BOB)
        file = lead_file(run, known_leads="OVERWRITE")
        fresh(file, 1, title="CFO")
        fresh(file, 2, key=BOB)
        fresh(file, 3, key=uuid.uuid4(), linkedin_key="in/x")
        settle(run)
        lookalikes.mark(run.pk)
        once = everything()

        settle(run)
        lookalikes.mark(run.pk)

        assert everything() == once

    @pytest.mark.parametrize(
        "change",
        [
            "DELETE FROM pipeline_lead_new_0 WHERE record = 1",
            """INSERT INTO pipeline_lead_new_0 (run_id, file_id, record, line, key, email, extras)
               SELECT run_id, file_id, 3, 3, '00000000-0000-0000-0000-000000000003', email, extras
                 FROM pipeline_lead_new_0 WHERE record = 1""",
        ],
    )
    def test_of_rows_that_changed_while_they_were_judged_nothing_is_moved(self, run, change):
        two_people(run)
        with (
            pytest.raises(RuntimeError, match="changed while they were judged"),
            transaction.atomic(),
            after_judging(change),
        ):
            settle(run)

        assert verdicts(run) == [("NEW", "", None), ("NEW", "", None)]
        settle(run)
        assert verdicts(run) == [("READY", "", None), ("READY", "", None)]

    def test_a_row_that_was_written_to_while_it_was_judged_is_what_it_was_judged_to_be(self, run):
        file = two_people(run)
        fresh(file, 3, key=uuid.UUID(int=1))

        with after_judging("UPDATE pipeline_lead_new_0 SET line = 9"):
            settle(run)

        assert [status for status, _, _ in verdicts(run)] == ["READY", "READY", "DUPLICATE"]


@contextlib.contextmanager
def after_judging(statement: str) -> Iterator[None]:
    """Somebody's statement between the judgement and the move."""

    def change(execute, sql, params, many, context):
        found = execute(sql, params, many, context)
        if sql == "ANALYZE settled":
            execute(statement, None, False, context)
        return found

    with connection.execute_wrapper(change):
        yield
