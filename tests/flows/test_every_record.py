"""Whatever a file holds: each of its records ends in one place, and the numbers add up."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from clients.models import Suppression
from pipeline import audit, checking, lead_files, starting
from pipeline.models import Lead, LeadFile, Run
from tests.flows import nights

pytestmark = pytest.mark.django_db

HEADER = ("First Name", "Title", "Email", "Country")
SUPPRESSED = "eve@elm-foods.com"

addresses = st.one_of(
    st.sampled_from([
        "ann@acme-pipes.com", "ANN@acme-pipes.com ", "bob@bolt-works.com", SUPPRESSED,
        "a.nn+x@gmail.com", "ann@googlemail.com", "", " ", "nobody", "two@@at.com", "x@y",
    ]),
    st.from_regex(r"[a-d]{1,2}@[x-z]{2}\.com", fullmatch=True),
    st.text(max_size=12),
)  # fmt: skip
cells = st.one_of(
    st.sampled_from(["", "Ann", "Germany", "France", 'say "hi"', "two\nlines", "=1+1", "\x00"]),
    st.text(max_size=8),
)
good_rows = st.tuples(cells, cells, addresses, cells)
rows = st.lists(st.one_of(good_rows, st.lists(cells, max_size=6).map(tuple)), max_size=12)


def as_csv(table: list[tuple[str, ...]], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADER, *table])
    return text.getvalue().encode()


class TestAnyFile:
    @pytest.fixture(autouse=True)
    def _no_broker(self, monkeypatch):
        monkeypatch.setattr("pipeline.tasks.wake", lambda: None)

    @hypothesis(max_examples=40)
    @given(table=rows, delimiter=st.sampled_from(",;\t"))
    def test_adds_up_from_the_upload_to_the_last_stage(self, table, delimiter):
        with transaction.atomic():
            self.night(as_csv(table, delimiter))
            transaction.set_rollback(True)  # the next example begins empty

    def night(self, content: bytes) -> None:
        nights.make_agency()
        try:
            lead_file = lead_files.take_in(
                io.BytesIO(content), name="any.csv", source="", uploaded_by="test"
            )
        except checking.Refused:
            return
        run = starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()

        lead_file.refresh_from_db()
        self.check_sums(lead_file)
        assert Run.objects.get(pk=run.pk).status == "DONE"
        assert audit.run()["ok"]

    def check_sums(self, lead_file: LeadFile) -> None:
        leads = Counter(Lead.objects.filter(file=lead_file).values_list("status", flat=True))
        rejected = Counter(lead_file.rejections.values_list("code", flat=True))
        assert leads.total() == lead_file.accepted + lead_file.duplicate_in_file
        assert rejected.total() == lead_file.invalid + lead_file.blank
        assert leads.total() + rejected.total() == lead_file.rows
        assert set(leads) <= {"READY", "DELIVERED", "DUPLICATE", "SUPPRESSED"}
        numbers = {
            *Lead.objects.filter(file=lead_file).values_list("record", flat=True),
            *lead_file.rejections.values_list("record", flat=True),
        }
        assert numbers == set(range(1, lead_file.rows + 1))
        assert Suppression.objects.count() == 1
