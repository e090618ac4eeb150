"""Which leads dedupe marks as perhaps one person."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from pipeline import lookalikes
from pipeline.models import Lead, Run
from tests import factories as make
from tests.stages.new_leads import (
    BOB,
    bare,
    fresh,
    lead_file,
    settle,
)

pytestmark = pytest.mark.django_db


def live(**columns: Any) -> Lead:
    return make.LeadFactory.create(**bare(key=uuid.uuid4(), **columns))


class TestLookalikes:
    def marks(self) -> dict[int, tuple[int | None, str]]:
        rows = Lead.objects.exclude(lookalike=None).values_list("pk", "lookalike", "lookalike_by")
        return {pk: (other, by) for pk, other, by in rows}

    def mark(self, run: Run, **columns: Any) -> Lead:
        lead = fresh(lead_file(run), key=uuid.uuid4(), **columns)
        settle(run)
        lookalikes.mark(run.pk)
        return lead

    def test_share_a_page_with_the_first_live_lead_that_has_it(self, run):
        first = live(linkedin_key="in/ann")
        live(linkedin_key="in/ann")

        found = self.mark(run, linkedin_key="in/ann")

        assert self.marks() == {found.pk: (first.pk, "linkedin")}

    def test_are_told_by_the_page_before_the_phone(self, run):
        live(phone_key=BOB)
        by_page = live(linkedin_key="in/ann")

        found = self.mark(run, linkedin_key="in/ann", phone_key=BOB)

        assert self.marks() == {found.pk: (by_page.pk, "linkedin")}

    def test_are_none_where_the_other_lead_is_not_live(self, run):
        make.LeadFactory.create(status="SUPPRESSED", **bare(linkedin_key="in/ann", reason="x"))

        self.mark(run, linkedin_key="in/ann")

        assert self.marks() == {}

    @pytest.mark.parametrize("of_this_run", [1, 2, 3])
    @pytest.mark.parametrize(
        ("all_of_them", "marked"),
        [pytest.param(4, True, id="four"), pytest.param(5, False, id="five")],
    )
    def test_by_phone_are_fewer_than_five(self, run, all_of_them, marked, of_this_run):
        first, *_ = [live(phone_key=BOB) for _ in range(all_of_them - of_this_run)]
        others = [
            fresh(lead_file(run), key=uuid.uuid4(), phone_key=BOB) for _ in range(of_this_run - 1)
        ]

        found = self.mark(run, phone_key=BOB)

        expected = {each.pk: (first.pk, "phone") for each in (*others, found)}
        assert self.marks() == (expected if marked else {})

    def test_may_come_in_one_run(self, run):
        first = fresh(lead_file(run), key=BOB, linkedin_key="in/ann")

        found = self.mark(run, linkedin_key="in/ann")

        assert self.marks() == {found.pk: (first.pk, "linkedin")}

    def test_are_not_found_by_what_is_empty(self, run):
        live()

        self.mark(run)

        assert self.marks() == {}

    def test_are_found_among_what_a_run_settled_that_ended_before_its_last_chunk(self):
        """The leads that it left, the next run has taken up; it marks them all."""
        unmarked = [dedupe_of("DONE"), dedupe_of("FAILED"), dedupe_of("FAILED")]
        others = [live(run=run, file=lead_file(run), linkedin_key="in/ann") for run in unmarked]
        run = make.RunFactory.create(status="RUNNING")

        found = self.mark(run, linkedin_key="in/ann")

        first = others[0].pk
        assert self.marks() == {lead.pk: (first, "linkedin") for lead in (*others[1:], found)}
        Lead.objects.update(lookalike=None, lookalike_by="")
        make.StageRunFactory.create(run=run, stage="DEDUPE", status="DONE", kept=1)
        Run.objects.update(status="DONE", ended_at=make.NOW)
        later = self.mark(make.RunFactory.create(status="RUNNING"), linkedin_key="in/ann")
        assert self.marks() == {later.pk: (first, "linkedin")}


def dedupe_of(status: str) -> Run:
    """A run whose dedupe ended so, and was not for nothing."""
    run = make.RunFactory.create(status=status)
    make.StageRunFactory.create(run=run, stage="DEDUPE", status=status, kept=1)
    return run
