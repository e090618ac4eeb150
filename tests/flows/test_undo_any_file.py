"""Whatever two files hold: undoing the second leaves of the first what there was before it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from pipeline import audit, checking, starting, undo
from pipeline.models import Lead, LeadFile
from tests.flows import nights

pytestmark = pytest.mark.django_db

HEADER = ("First Name", "Last Name", "Title", "Company", "Email", "Country", "Phone", "Hobby")

people = st.sampled_from(["ann@acme-pipes.com", "ANN@acme-pipes.com", "bob@bolt-works.com",
                          "cleo@cedar-labs.com", "eve@elm-foods.com", "not an address"])  # fmt: skip
names = st.sampled_from(["", "Ann", "Bob"])
titles = st.sampled_from(["", "CFO", "CEO"])
firms = st.sampled_from(["", "Acme Pipes"])
countries = st.sampled_from(["", "Italy", "Spain"])
phones = st.sampled_from(["", "+49 30 1234567", "+49 30 7654321"])
hobbies = st.sampled_from(["", "Chess", "Sailing"])
rows = st.lists(
    st.tuples(names, names, titles, firms, people, countries, phones, hobbies),
    min_size=1,
    max_size=6,
)
mode = st.sampled_from(["FILL", "OVERWRITE", "SKIP"])


def as_csv(table: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *table])
    return text.getvalue()


def leads_of(lead_file: LeadFile) -> list[dict[str, Any]]:
    rows = Lead.objects.filter(file=lead_file).order_by("record").values()
    return [dict(row) for row in rows]


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def night(table: list[tuple[str, ...]], name: str, known_leads: str = "FILL") -> LeadFile | None:
    try:
        found = nights.take_in(as_csv(table), name, insisted=True)
    except checking.Refused:
        return None  # no row with an address: nobody can be sure of the column
    LeadFile.objects.filter(pk=found.pk).update(known_leads=known_leads)
    starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    return found


class TestUndoingTheSecondOfTwoFiles:
    @hypothesis(max_examples=25)
    @given(first=rows, second=rows, known_leads=mode)
    def test_leaves_the_firsts_leads_field_by_field_as_they_were(self, first, second, known_leads):
        with transaction.atomic():
            self.nights(first, second, known_leads)
            transaction.set_rollback(True)  # the next example begins empty

    def nights(self, first, second, known_leads) -> None:
        nights.make_agency()
        LeadFile.objects.all().delete()  # its clients want people of Germany and France
        kept = night(first, "first.csv")
        if kept is None:
            return
        before = leads_of(kept)
        taken_back = night(second, "second.csv", known_leads)
        if taken_back is None:
            return
        undo.ask(taken_back, "ida")
        while undo.go_on(taken_back.pk, 2):
            pass

        assert leads_of(kept) == before
        assert not Lead.objects.filter(file=taken_back).exists()
        assert audit.run()["ok"]
