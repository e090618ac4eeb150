"""`load_leads`, and what it answers to files that are none."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import call_command
from django.db import DataError, transaction

from pipeline import judging, lead_files, leadfile
from pipeline.models import LeadFile, SourceProfile
from tests.factories import LeadFileFactory
from tests.files import CLOSED, ClosedBucket, keep_files
from tests.flows import nights
from tests.flows.commands import ask

pytestmark = pytest.mark.django_db

VAGUE = "Name,Reach me at\nAnn,ann@acme-pipes.com\n"
FILE_KEYS = {
    "file", "id", "encoding", "delimiter", "header_row", "mapping", "rows", "accepted",
    "duplicate_in_file", "invalid", "blank", "reasons", "rejects",
}  # fmt: skip


class SomebodyIsQuicker(FileSystemStorage):
    """While our bytes are stored, somebody else queues the same ones."""

    def _save(self, name, content):
        LeadFileFactory.create(name="theirs.csv", status="QUEUED", sha256=leadfile.digest(content))
        content.seek(0)
        return super()._save(name, content)  # type: ignore[misc]  # not in the stubs


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    keep_files(settings, tmp_path / "storage")
    return tmp_path / "storage"


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text(nights.CSV)
    return path


def load(*arguments: str) -> tuple[list[dict[str, Any]], int]:
    code, found = ask("load_leads", *arguments)
    return found["files"], code


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "leads.csv") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def stored() -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return default_storage.listdir("lead-files")[1]
    return []


class TestAGoodFile:
    def test_is_queued_and_described_in_one_object_whose_sums_add_up(self, good, storage):
        code, found = ask("load_leads", str(good), "--source", "Apollo")

        queued = LeadFile.objects.get()
        assert code == 0
        assert found == {
            "files": [
                {
                    "file": str(good),
                    "id": queued.pk,
                    "encoding": "utf-8",
                    "delimiter": ",",
                    "header_row": 1,
                    "mapping": {
                        "First Name": "first_name",
                        "Last Name": "last_name",
                        "Title": "title",
                        "Company": "company",
                        "Email": "email",
                        "Country": "country",
                    },
                    "rows": 9,
                    "accepted": 6,
                    "duplicate_in_file": 1,
                    "invalid": 1,
                    "blank": 1,
                    "reasons": {"bad_email": 1},
                    "rejects": str(storage / "rejects" / f"{queued.pk}-leads.csv"),
                }
            ]
        }
        assert (queued.status, queued.source, queued.name) == ("QUEUED", "Apollo", "leads.csv")

    def test_is_only_checked_with_dry_run(self, good):
        code, found = ask("load_leads", str(good), "--dry-run")

        (one,) = found["files"]
        assert code == 0
        assert set(one) == FILE_KEYS
        assert (one["id"], one["rows"], one["accepted"]) == (None, 9, 6)
        assert not LeadFile.objects.exists()
        assert stored() == []

    def test_may_have_its_columns_named(self, tmp_path):
        path = tmp_path / "leads.csv"
        path.write_text("Reach=me,Name\nann@acme-pipes.com,Ann\n")

        _, found = ask("load_leads", str(path), "--map", "Reach=me=email")

        assert found["files"][0]["mapping"]["Reach=me"] == "email"

    def test_is_taken_a_second_time_only_on_purpose(self, good):
        ask("load_leads", str(good))

        refused = ask("load_leads", str(good))
        insisted = ask("load_leads", str(good), "--again")

        first = LeadFile.objects.order_by("pk")[0]
        assert refused[0] == 2
        assert refused[1]["files"][0]["error"] == (
            f"These very bytes were uploaded before, as file {first.pk} (leads.csv)."
            " To import them again, add --again."
        )
        assert insisted[0] == 0
        assert LeadFile.objects.count() == 2

    def test_beside_a_bad_one_is_queued_and_the_exit_is_2(self, good, tmp_path):
        code, found = ask("load_leads", str(tmp_path / "no.csv"), str(good))

        assert code == 2
        assert [set(one) for one in found["files"]] == [{"file", "error"}, FILE_KEYS]
        assert LeadFile.objects.count() == 1

    def test_is_shown_to_a_person_as_a_table_beside_what_is_wrong(
        self, good, tmp_path, capsys, monkeypatch
    ):
        monkeypatch.setenv("COLUMNS", "300")

        with pytest.raises(SystemExit):
            call_command("load_leads", str(good), str(tmp_path / "no.csv"))

        shown = capsys.readouterr().out
        assert "bad_email 1" in shown
        assert "no.csv cannot be read: No such file or directory." in shown

    def test_may_hold_what_looks_like_markup(self, write, capsys):
        with pytest.raises(SystemExit):
            call_command("load_leads", write("Name [/mr],Town\nAnn,Ulm\n"))

        assert "Name [/mr]" in capsys.readouterr().out


class TestABadFile:
    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            pytest.param(b"", "The file is empty", id="empty"),
            pytest.param(b" \r\n\r\n", "The file is empty", id="blank"),
            pytest.param(b"Email,Name\n", "no row behind it", id="header only"),
            pytest.param(b"PK\x03\x04" + bytes(99), "is damaged", id="broken workbook"),
            pytest.param(bytes(range(9)) * 99, "this is binary", id="binary"),
            pytest.param(b"Name,Town\nAnn,Ulm\n", "e-mail", id="no e-mail column"),
            pytest.param(b"<html><body>Sign in", "this is a web page", id="web page"),
        ],
    )
    def test_gets_one_sentence_and_leaves_nothing_behind(self, tmp_path, content, sentence):
        path = tmp_path / "leads.csv"
        path.write_bytes(content)

        code, found = ask("load_leads", str(path))

        (one,) = found["files"]
        assert code == 2
        assert set(one) == {"file", "error"}
        assert sentence in one["error"]
        assert "\n" not in one["error"]
        assert not LeadFile.objects.exists()
        assert stored() == []

    @pytest.mark.parametrize(
        "second",
        [
            pytest.param("First Name,Last Name,Company,Position,Email Address", id="as wide"),
            pytest.param("Forename,Surname,E-mail,Position,Firm,Phone", id="wider"),
            pytest.param("Forename,Surname,Firm,Position,E-mail,Flag", id="with a word of its own"),
        ],
    )
    def test_of_two_with_other_headers_is_refused(self, write, second):
        first = "First Name,Last Name,Title,Company,Email\nAnn,Lee,CEO,Acme,ann@acme-pipes.com\n"

        (found,), code = load(write(f"{first}{second}\nCid,Moe,Cork,CFO,cid@cork-mill.com\n"))

        assert code == 2
        assert found["error"].startswith("Line 3 is a header again, with the columns in another")

    @pytest.mark.parametrize(
        "second",
        [
            pytest.param("Forename,Surname,Firm,Work Phone,Mobile,E-mail", id="the same order"),
            pytest.param("First name,Last name,Company,Phone,Phone,Email", id="the header again"),
            pytest.param("Company,,,,,", id="one word"),
            pytest.param("Bob,Ray,Phone,Email,,nobody", id="a lead with two such words"),
        ],
    )
    def test_of_two_in_one_order_has_a_row_refused(self, write, second):
        lead = "Ann,Lee,Acme,+49 30 1234,+49 30 1235,ann@acme-pipes.com\n"
        header = "First name,Last name,Company,Phone,Phone,Email\n"

        (found,), code = load(write(f"{header}{lead}{second}\n"))

        assert (code, found["accepted"], found["invalid"]) == (0, 1, 1)

    def test_that_is_not_there_is_named(self, tmp_path):
        code, found = ask("load_leads", str(tmp_path / "no.csv"))

        assert code == 2
        assert found["files"][0]["error"] == (
            f"{tmp_path / 'no.csv'} cannot be read: No such file or directory."
        )

    @pytest.mark.parametrize("source", ["\udcff", "x" * 121, "a\x00"])
    def test_of_a_source_that_cannot_be_kept_is_refused(self, good, source):
        code, found = ask("load_leads", str(good), "--source", source)

        assert code == 2
        assert set(found) == {"error", "hint"}
        assert not LeadFile.objects.exists()

    def test_that_comes_through_a_pipe_is_to_be_saved_first(self, tmp_path):
        os.mkfifo(tmp_path / "leads.csv")

        (found,), code = load(str(tmp_path / "leads.csv"))

        assert code == 2
        assert "save it first" in found["error"]

    def test_that_the_database_refuses_is_not_left_in_storage(self, good, storage):
        with pytest.raises(DataError), good.open("rb") as stream, transaction.atomic():
            lead_files.take_in(stream, name="l.csv", source="x" * 400, uploaded_by="test")

        assert not [each for each in storage.rglob("*") if each.is_file()]

    def test_that_is_a_directory_is_named(self, tmp_path):
        code, found = ask("load_leads", str(tmp_path))

        assert (code, found["files"][0]["error"]) == (
            2,
            f"{tmp_path} cannot be read: Is a directory.",
        )

    def test_too_large_is_told_how_large_it_may_be(self, tmp_path, settings):
        settings.MAX_UPLOAD_MB = 1
        path = tmp_path / "leads.csv"
        path.write_bytes(b"Email\n" + b"ann@acme-pipes.com\n" * 60_000)

        code, found = ask("load_leads", str(path))

        assert code == 2
        assert found["files"][0]["error"] == (
            "The file has 1 MB; 1 are allowed (MAX_UPLOAD_MB). Split it."
        )

    def test_with_too_many_rows_is_told_how_many_it_may_have(self, good, settings):
        settings.MAX_ROWS = 3

        _, found = ask("load_leads", str(good))

        assert found["files"][0]["error"] == "The file has more than 3 rows; split it."

    @pytest.mark.parametrize("unsure", ["Reach=no_such_field", "No such header=email"])
    def test_a_mapping_that_makes_no_sense_is_refused(self, good, unsure):
        code, found = ask("load_leads", str(good), "--map", unsure)

        assert code == 2
        assert unsure.partition("=")[0] in found["files"][0]["error"]
        assert not LeadFile.objects.exists()

    @pytest.mark.parametrize("nonsense", ["email", "=email"])
    def test_a_map_that_is_no_pair_is_refused(self, good, nonsense):
        code, found = ask("load_leads", str(good), "--map", nonsense)

        assert code == 2
        assert found == {
            "error": f"--map {nonsense!r} is not HEADER=FIELD.",
            "hint": "Write it like --map 'Mail=email'.",
        }


class TestStorageThatTakesNothing:
    def test_is_told_apart_from_a_file_that_cannot_be_read(self, good, storage):
        storage.write_text("in the way of the directory")

        code, found = ask("load_leads", str(good))

        assert code == 2
        assert found["files"][0]["error"].startswith("The file storage does not take files (")
        assert "None" not in found["files"][0]["error"]
        assert not LeadFile.objects.exists()

    def test_is_told_in_one_sentence_where_a_bucket_refuses(self, good, settings, tmp_path):
        keep_files(settings, tmp_path, ClosedBucket)

        code, found = ask("load_leads", str(good))

        assert code == 2
        assert found["files"][0]["error"] == CLOSED
        assert not LeadFile.objects.exists()


class TestTheSameBytesAtTheSameMoment:
    def test_are_taken_once_and_stored_once(self, settings, storage, good):
        """Because the look before and the database's constraint are not one moment."""
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {
                "BACKEND": f"{__name__}.SomebodyIsQuicker",
                "OPTIONS": {"location": storage},
            },
        }

        code, found = ask("load_leads", str(good))

        quicker = LeadFile.objects.get()
        assert code == 2
        assert f"uploaded before, as file {quicker.pk} (theirs.csv)" in found["files"][0]["error"]
        assert stored() == []


class TestAMappingThatIsUnsure:
    @pytest.mark.parametrize("more", [[], ["--dry-run"]])
    def test_whose_mapping_is_unsure_is_an_error_that_says_what_to_give(self, write, more):
        (found,), code = load(write(VAGUE), *more)

        assert code == 2
        assert "--map" in found["error"]
        assert not LeadFile.objects.exists()

    def test_may_have_a_very_long_name(self, write):
        (found,), code = load(write(nights.CSV, f"{'ü' * 120}q.csv"))

        assert code == 0
        assert found["rejects"].endswith("ü.csv")
        assert Path(found["rejects"]).read_text().count("\n") > 1

    def test_is_queued_even_if_its_rejects_cannot_be_written(self, good, monkeypatch, capsys):
        def full(_lead_file):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(lead_files, "write_rejects", full)

        (found,), code = load(str(good))

        assert (code, found["rejects"]) == (0, None)
        assert LeadFile.objects.get(pk=found["id"]).status == "QUEUED"

    def test_has_no_rejects_where_no_row_was_rejected(self, write):
        (found,), _ = load(write("Email\nann@acme-pipes.com\n"))

        assert found["rejects"] is None


class TestWhatAPersonShouldKnow:
    DOUBTFUL = "Email,Phone,Full Address\nann@acme-pipes.com,4.91521E+11,1 Main St\n"

    @pytest.mark.parametrize("more", [[], ["--dry-run"]])
    def test_is_said_beside_the_answer(self, write, more, capsys):
        (found,), code = load(write(self.DOUBTFUL), *more)

        said = capsys.readouterr().err
        assert (code, found["accepted"]) == (0, 1)
        assert "1 phone number is rounded by a spreadsheet" in said
        assert "Not sure enough to be one of our fields, so look at them: Full Address." in said
        assert "--map 'HEADER=FIELD'" in said

    def test_is_nothing_of_a_plain_file(self, good, capsys):
        load(str(good))

        assert capsys.readouterr().err == ""


class TestAMapping:
    def test_names_a_column(self, write):
        (found,), code = load(write(VAGUE), "--map", "Reach me at=email")

        assert code == 0
        assert found["mapping"]["Reach me at"] == "email"

    @pytest.mark.parametrize("off", ["Company=", "Company=-"])
    def test_may_leave_a_column_as_it_is(self, write, off):
        (found,), _ = load(write("Email,Company\nann@acme-pipes.com,Acme\n"), "--map", off)

        assert found["mapping"] == {"Email": "email"}

    def test_of_the_source_is_used_and_what_is_given_goes_before(self, write):
        SourceProfile.objects.create(
            source="Fair", fields={"Reach me at": "email", "Name": "notes"}, updated_by="ida"
        )

        (found,), code = load(write(VAGUE), "--source", "fair", "--map", "Name=list")

        assert code == 0
        assert found["mapping"] == {"Reach me at": "email", "Name": "list"}

    def test_of_a_source_that_needs_a_review_keeps_the_file_back(self, write):
        SourceProfile.objects.create(source="Fair", needs_review=True, updated_by="ida")

        load(write(nights.CSV), "--source", "Fair")

        assert LeadFile.objects.get().status == "CHECKED"


class TestALargeFile:
    def test_has_a_bar_on_stderr_and_one_line_on_stdout(self, write, capfd):
        path = write("Email,Notes\n" + f"ann@acme-pipes.com,{'x' * 100_000}\n" * 51)

        (found,), _ = load(path)

        assert found["rows"] == 51
        assert "leads.csv" in capfd.readouterr().err


class TestTheSuppressionKey:
    def test_another_one_stops_the_command(self, good, settings):
        ask("load_leads", str(good), "--dry-run")
        settings.SUPPRESSION_KEY = "another-key-entirely-" * 3

        with pytest.raises(SystemExit, match="SUPPRESSION_KEY differs"):
            call_command("load_leads", str(good))

        assert not LeadFile.objects.exists()


class TestAFileOfAnUnknownShape:
    def test_keeps_the_columns_it_was_read_with(self):
        lead_file = LeadFileFactory.create(
            headers=["Mail", "Second mail", "Shoes"],
            fields=["email", "email_alt", ""],
        )

        layout, columns = judging.layout_of(lead_file)

        assert layout.headers == ("Mail", "Second mail", "Shoes")
        assert columns.as_json() == {"Mail": "email", "Second mail": "email_alt"}
