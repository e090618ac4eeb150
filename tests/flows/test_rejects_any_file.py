"""Whatever is wrong with a file: its rejects, mended, come in, and the numbers add up."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from pipeline import audit, judging, lead_files, starting
from pipeline.models import Lead, LeadFile
from pipeline.rejects import NOTES
from tests.flows import nights

pytestmark = pytest.mark.django_db

HEADER = ["First Name", "Company", "Email", "Country", "Remark"]

addresses = st.sampled_from([
    "ann@acme-pipes.com", "ANN@acme-pipes.com", "bob@bolt-works.com", "eve@elm-foods.com",
    "", "nobody", "two@@at.com", "x@y", "info@acme-pipes.com", "ann@mailinator.com", "=ann@x",
])  # fmt: skip
cells = st.sampled_from(
    ["", "Ann", "Germany", "France", 'say "hi"', "two\nlines", "=1+1", "-5", "'+1", "é;ü", "\x00"]
)
whole = st.tuples(cells, cells, addresses, cells, cells)
wide = st.tuples(cells, cells, addresses, cells, cells, cells.filter(str.strip))
tables = st.lists(st.one_of(whole, whole, wide), min_size=1, max_size=10)


def as_csv(table) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, ("Cy", "Cedar", "cy@cedar-labs.com", "", "ok"), *table])
    return text.getvalue().encode()


def take_in(content: bytes, name: str) -> LeadFile:
    return lead_files.take_in(
        io.BytesIO(content), name=name, source="", uploaded_by="test", insisted=True
    )


def mended(content: bytes) -> bytes:
    """A fresh address in every row, and what was too much in it joined to the last cell."""
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    surplus = [n for n, name in enumerate(header) if name.startswith("+")]
    for number, row in enumerate(rows):
        row[header.index("Email")] = f"fresh{number}@fir-tools.com"
        for n in surplus:
            row[n] = ""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([header, *rows])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def night() -> None:
    starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()


class TestRejects:
    @pytest.fixture(autouse=True)
    def _no_broker(self, monkeypatch):
        monkeypatch.setattr("pipeline.tasks.wake", lambda: None)

    @hypothesis(max_examples=40)
    @given(table=tables)
    @example(table=[("\x00", "\x00", "ann@acme-pipes.com", "", "\x00")])  # looked like UTF-16
    def test_mended_and_uploaded_again_are_leads_and_nothing_of_ours_is_left(self, table):
        with transaction.atomic():
            self.two_nights(as_csv(table))
            transaction.set_rollback(True)  # the next example begins empty

    def two_nights(self, content: bytes) -> None:
        nights.make_agency()
        LeadFile.objects.all().delete()
        files = [take_in(content, "dirty.csv")]
        rejects = b"".join(lead_files.rejects_of(files[0]))
        night()
        files[0].refresh_from_db()
        assert b"".join(lead_files.rejects_of(files[0])) == rejects
        if files[0].invalid:
            files.append(take_in(mended(rejects), "rejects of dirty.csv"))
            assert (files[1].accepted, files[1].invalid) == (files[0].invalid, 0)
            night()
        self.check(files)

    def check(self, files: list[LeadFile]) -> None:
        leads = Lead.objects.filter(file__in=files)
        assert leads.count() == sum(each.accepted + each.duplicate_in_file for each in files)
        statuses = set(leads.values_list("status", flat=True))
        assert statuses <= {"READY", "DUPLICATE", "SUPPRESSED", "DELIVERED"}
        assert not {name for lead in leads for name in lead.extras} & {*NOTES, "+1"}
        assert audit.run()["ok"]


def test_a_file_of_which_every_row_is_bad_is_mended_too(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
    first = take_in(b"Email,Firm\nnobody,Acme\nx@y,Bolt\n", "bad.csv")

    again = take_in(mended(b"".join(lead_files.rejects_of(first))), "mended.csv")

    assert (first.accepted, again.accepted, again.invalid) == (0, 2, 0)
    assert judging.layout_of(again)[0].headers == ("Email", "Firm", *NOTES)
