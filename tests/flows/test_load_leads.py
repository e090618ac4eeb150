"""load_leads: what scripts outside the repository rely on (contract.md)."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from pipeline.models import LeadFile, SourceProfile
from tests.flows import nights

pytestmark = pytest.mark.django_db

VAGUE = "Name,Reach me at\nAnn,ann@acme-pipes.com\n"


def load(*arguments: str) -> tuple[list[dict], int]:
    out = io.StringIO()
    code = 0
    try:
        call_command("load_leads", *arguments, "--json", stdout=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    (line,) = out.getvalue().splitlines()
    return json.loads(line)["files"], code


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "leads.csv") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


class TestAFile:
    def test_is_told_with_sums_that_add_up(self, write):
        path = write(nights.CSV)

        (found,), code = load(path, "--source", "Apollo")

        assert code == 0
        assert found["file"] == path
        assert found["id"] == LeadFile.objects.get().pk
        assert (found["encoding"], found["delimiter"], found["header_row"]) == ("utf-8", ",", 1)
        assert found["mapping"]["Email"] == "email"
        assert (found["rows"], found["accepted"], found["duplicate_in_file"]) == (9, 6, 1)
        assert (found["invalid"], found["blank"], found["reasons"]) == (1, 1, {"bad_email": 1})
        assert found["rejects"].endswith(".csv")
        assert LeadFile.objects.get().status == "QUEUED"

    def test_has_no_rejects_where_no_row_was_rejected(self, write):
        (found,), _ = load(write("Email\nann@acme-pipes.com\n"))

        assert found["rejects"] is None

    def test_is_only_checked_in_a_dry_run(self, write):
        (found,), code = load(write(nights.CSV), "--dry-run")

        assert (code, found["id"], found["rejects"], found["rows"]) == (0, None, None, 9)
        assert not LeadFile.objects.exists()

    def test_that_cannot_be_read_leaves_the_others_alone(self, write):
        found, code = load(write("", "empty.csv"), write(nights.CSV), "/nowhere/leads.csv")

        assert code == 2
        assert [sorted(one) == ["error", "file"] for one in found] == [True, False, True]
        assert LeadFile.objects.get().status == "QUEUED"

    def test_whose_bytes_were_here_is_taken_again_only_on_purpose(self, write):
        path = write(nights.CSV)
        load(path)

        (refused,), code = load(path)
        (insisted,), _ = load(path, "--again")

        assert (code, "uploaded before" in refused["error"]) == (2, True)
        assert insisted["id"] == LeadFile.objects.latest("pk").pk

    @pytest.mark.parametrize("more", [[], ["--dry-run"]])
    def test_whose_mapping_is_unsure_is_an_error_that_says_what_to_give(self, write, more):
        (found,), code = load(write(VAGUE), *more)

        assert code == 2
        assert "--map" in found["error"]
        assert not LeadFile.objects.exists()


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

    def test_without_a_sign_is_one_sentence(self, write, capsys):
        out = io.StringIO()

        with pytest.raises(SystemExit):
            call_command("load_leads", write(VAGUE), "--map", "email", "--json", stdout=out)

        assert "is not HEADER=FIELD" in json.loads(out.getvalue())["error"]


class TestALargeFile:
    def test_has_a_bar_on_stderr_and_one_line_on_stdout(self, write, capfd):
        path = write("Email,Notes\n" + f"ann@acme-pipes.com,{'x' * 100_000}\n" * 51)

        (found,), _ = load(path)

        assert found["rows"] == 51
        assert "leads.csv" in capfd.readouterr().err
