from __future__ import annotations

import csv
import re
from collections import Counter

import pytest

from pipeline import sample_words
from pipeline.addresses import is_role, normalise
from pipeline.fields.address_cells import taken_apart
from pipeline.samples import EMAIL, HEADER, write_leads

# Companies and mail providers that everybody knows; an invented one must be none of them.
KNOWN = ("acme", "amazon", "apple", "bosch", "google", "ibm", "microsoft", "oracle", "siemens")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("samples") / "leads.csv"
    truth = write_leads(path)
    with path.open(encoding="utf-8", newline="") as stream:
        return truth, list(csv.reader(stream))


class TestWriteLeads:
    def test_writes_what_it_says(self, written):
        truth, (header, *rows) = written

        assert tuple(header) == HEADER
        assert len(rows) == truth.rows == 2_000
        assert truth.rows == truth.accepted + truth.duplicate + truth.invalid + truth.blank

    def test_writes_the_same_again(self, tmp_path):
        for name in "ab":
            write_leads(tmp_path / name, rows=200, seed=3)

        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_writes_another_file_for_another_seed(self, tmp_path):
        write_leads(tmp_path / "a", rows=200, seed=3)
        write_leads(tmp_path / "b", rows=200, seed=4)

        assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()

    def test_has_dirt_of_every_kind(self, written):
        truth, (_, *rows) = written
        people = [row for row in rows if len(row) == len(HEADER) and any(row)]
        addresses = [row[EMAIL] for row in people]

        assert set(truth.reasons) == {"missing_field", "bad_email", "too_many_cells", "role"}
        assert truth.blank
        assert truth.duplicate
        assert any("\n" in cell for row in people for cell in row)
        assert any('"' in cell and ";" in cell for row in people for cell in row)
        assert any(row[0].isupper() for row in people)
        assert any(not row[0].isascii() for row in people)
        assert any(row[3].isupper() for row in people)
        assert any(row[3].endswith("GmbH") for row in people)
        assert any(is_role(address) for address in addresses)
        assert any(address.endswith("@gmail.com") for address in addresses)
        assert any(";" in address or "<" in address for address in addresses)
        firsts = [found[0] for address in addresses if (found := taken_apart(address))]
        assert len({normalise(a) for a in firsts if not is_role(a)}) == truth.accepted

    def test_spreads_over_countries_and_titles(self, written):
        _, (_, *rows) = written
        people = [row for row in rows if len(row) == len(HEADER) and any(row)]
        countries = Counter(row[HEADER.index("Country")] for row in people)
        titles = Counter(row[2] for row in people)

        assert len(countries) == 12
        assert len(titles) == len(sample_words.JOBS) == 31
        assert min(countries.values()) > 50
        assert min(titles.values()) > 30

    def test_invents_all_companies(self, written):
        _, (_, *rows) = written
        domains = {row[EMAIL].strip().lower().rpartition("@")[2] for row in rows if len(row) > 5}
        domains -= {*sample_words.FREEMAILS, "googlemail.com"}
        invented = [domain for domain in domains if re.fullmatch(r"[a-z]+-[a-z]+\.[a-z.]+", domain)]

        assert len(invented) > 500
        assert not [domain for domain in invented if domain.partition("-")[0] in KNOWN]

    def test_writes_phone_numbers_of_the_ranges_kept_for_fiction(self, written):
        _, (_, *rows) = written
        phones = [row[HEADER.index("Corporate Phone")] for row in rows if len(row) == len(HEADER)]

        assert all(re.fullmatch(r"'\+[0-9 -]{10,20}", phone) for phone in phones if phone)
