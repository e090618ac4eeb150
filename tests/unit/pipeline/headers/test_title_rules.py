from __future__ import annotations

import pytest

from pipeline.mapping import Columns, guess

TALKS = ("Scaling a harbour", "Why quays lie", "Cranes at the edge", "Ropes, part 2")
JOBS = ("Head of IT", "Vertriebsleiterin", "Jefe de compras", "Właściciel")
STAKES = ("Decision maker", "Influencer", "Champion", "Economic buyer")


def columns(header: str, cells: tuple[str, ...]) -> Columns:
    sample = [
        ["Ann Lee", f"ann@quay{n}-pipes.com", "Quay Pipes", cell] for n, cell in enumerate(cells)
    ]
    return guess(["Full Name", "Email", "Company", header], sample=sample)


class TestABareTitle:
    @pytest.mark.parametrize("header", ["Title", "Titel", "Título", "Role", "Job"])
    def test_of_no_job_in_any_cell_is_asked_about(self, header):
        assert columns(header, TALKS).unsure == (3,)
        assert columns(header, JOBS).field_of(3) == "title"

    @pytest.mark.parametrize("cells", [TALKS[:2], TALKS[:1] * 4, ("市場部", "営業部", "総務部")])
    def test_is_believed_where_cells_cannot_tell(self, cells):
        assert columns("Title", cells).field_of(3) == "title"

    @pytest.mark.parametrize("header", ["Job Title", "Position", "Funktion"])
    def test_is_not_what_says_that_it_is_a_job(self, header):
        assert columns(header, TALKS).field_of(3) == "title"

    @pytest.mark.parametrize("header", ["Role", "Position"])
    def test_of_a_stake_in_a_deal_is_asked_about(self, header):
        assert columns(header, STAKES).unsure == (3,)
