"""A lead file from the upload to the queue, as an operator does it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from pipeline import clock, starting, undo
from pipeline.models import LeadFile, SourceProfile
from tests.flows import nights

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

PATIENCE = 15_000  # ms: the page looks every three seconds
TWO_LINES = 45  # px
VENDOR = """\
Vorname;Nachname;Firma;Mail;Abteilung;Ort
Jürgen;Müller;Pumpen Müller GmbH;juergen@pumpen-mueller.de;Einkauf;Köln
Änne;Groß;Groß & Sohn;aenne@gross-sohn.de;Leitung;Münster
Uwe;Weiß;Weiß KG;keine Adresse;Einkauf;Görlitz
;;;;;
"""


@pytest.fixture
def vendor_file(tmp_path):
    path = tmp_path / "Messe 2026.csv"
    path.write_bytes(VENDOR.encode("cp1252"))
    return path


def upload(desk: Page, path, source: str) -> None:
    desk.goto("/admin/pipeline/leadfile/")
    desk.get_by_role("link", name="Upload a lead file").click()
    desk.set_input_files("[name=file]", path)
    desk.fill("[name=source]", source)
    desk.get_by_role("button", name="Check the file").click()


class TestALeadFile:
    def test_is_uploaded_corrected_queued_and_seen(self, desk, vendor_file):
        upload(desk, vendor_file, "Messe")

        expect(desk.get_by_role("heading", name="Messe 2026.csv", level=2)).to_be_visible()
        expect(desk.get_by_label("Encoding")).to_have_value("cp1252")
        expect(desk.get_by_label("Separated by")).to_have_value(";")
        expect(desk.get_by_role("cell", name="Jürgen", exact=True)).to_be_visible()
        desk.get_by_text("Not an e-mail address").click()
        expect(desk.get_by_text("keine Adresse").first).to_be_visible()

        desk.get_by_label("Field for Abteilung").select_option("list")
        expect(desk.get_by_role("button", name="Import with the next run")).to_be_disabled()
        desk.get_by_role("button", name="Check again").click()
        expect(desk.get_by_text("Checked again")).to_be_visible()
        expect(desk.get_by_label("Field for Abteilung")).to_have_value("list")
        expect(desk.get_by_text("you said so")).to_be_visible()

        desk.get_by_label("Leave as it is").check()
        desk.get_by_role("button", name="Import with the next run").click()
        expect(desk.get_by_text(re.compile("^Queued: the next run imports it"))).to_be_visible()
        desk.goto("/admin/pipeline/leadfile/")
        expect(desk.get_by_role("row", name=re.compile("Messe 2026.csv.*Queued"))).to_be_visible()

        found = LeadFile.objects.get()
        assert (found.status, found.known_leads, found.accepted) == ("QUEUED", "SKIP", 2)
        assert SourceProfile.objects.get().fields == {"Abteilung": "list"}

    def test_shows_by_itself_when_it_is_imported_and_undone(self, desk, vendor_file):
        upload(desk, vendor_file, "")
        desk.get_by_role("button", name="Import with the next run").click()
        starting.start_now(now=clock.database_now(), started_by="ida", request_key="manual:1")
        desk.reload()
        expect(desk.get_by_text("has it and is about to import it")).to_be_visible()

        nights.work_off()
        expect(desk.locator(".desk-title")).to_contain_text("Imported", timeout=PATIENCE)
        desk.get_by_text("Undo this import").click()
        desk.get_by_role("button", name="Undo it").click()
        expect(desk.locator(".desk-title")).to_contain_text("Being undone")
        while undo.go_on(LeadFile.objects.get().pk):
            pass

        expect(desk.locator(".desk-title")).to_contain_text("Undone", timeout=PATIENCE)
        expect(desk.get_by_text("2 leads removed")).to_be_visible()

    def test_of_a_fair_fits_on_a_phone(self, desk, vendor_file):
        desk.set_viewport_size({"width": 390, "height": 844})
        upload(desk, vendor_file, "")

        name = desk.get_by_role("cell", name="Nachname").bounding_box()

        assert name["height"] < TWO_LINES
        assert desk.evaluate("document.documentElement.scrollWidth") <= 390

    def test_that_was_uploaded_before_leads_to_the_first(self, desk, tmp_path):
        first = nights.take_in()
        path = tmp_path / "again.csv"
        path.write_text(nights.CSV)

        upload(desk, path, "")
        desk.get_by_role("link", name=f"file {first.pk}, leads.csv").click()

        expect(desk.get_by_role("heading", name="leads.csv", level=2)).to_be_visible()

    def test_whose_rows_are_rejected_hands_them_out(self, desk, vendor_file):
        upload(desk, vendor_file, "")

        with desk.expect_download() as download:
            desk.get_by_role("link", name="rejects.csv").click()

        assert download.value.suggested_filename == "rejects of Messe 2026.csv"
        content = download.value.path().read_bytes().decode("utf-8-sig")
        assert content.splitlines()[0].endswith("Ort,_row,_field,_code,_reason")
        assert "keine Adresse" in content
