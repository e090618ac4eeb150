"""Between the check and the import: look, correct, choose, queue."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from pipeline import importing, undo
from pipeline.models import Lead, LeadFile, Run, SourceProfile
from tests.factories import (
    LeadChangeFactory,
    LeadFactory,
    LeadFileFactory,
    RunFactory,
    complete_run,
)
from tests.flows import nights

pytestmark = pytest.mark.django_db

VAGUE = b"Name,Reach me at,Firm\nAnn Ashby,ann@acme-pipes.com,Acme Pipes\nBob,bob,Bolt\n"


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


def upload(desk, content, name="leads.csv", **fields) -> LeadFile:
    file = SimpleUploadedFile(name, content, content_type="text/csv")
    desk.post("/admin/pipeline/leadfile/add/", {"file": file, **fields})
    return LeadFile.objects.latest("pk")


def press(desk, lead_file, button, **fields):
    address = reverse(f"admin:pipeline_leadfile_{button}", args=[lead_file.pk])
    response = desk.post(address, fields, follow=True)
    lead_file.refresh_from_db()
    return response


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


class TestAPreview:
    def test_shows_samples_first_leads_and_examples_of_what_is_refused(self, desk):
        found = upload(desk, nights.CSV.encode())
        context = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk])).context

        assert context["columns"][0]["samples"] == ["Ann", "Bob", "Cleo"]
        assert context["first"]["names"][:2] == ["first_name", "last_name"]
        assert len(context["first"]["rows"]) == 7
        (reason,) = context["reasons"]
        assert reason["examples"][0]["line"] == 6
        assert reason["examples"][0]["cells"]["Email"] == "not an address"

    def test_names_what_could_not_be_read(self, desk):
        found = upload(desk, "Email,Town\nann@acme-pipes.com,K\ufffdln\n".encode())

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert "1 cell holds signs that could not be read" in response.content.decode()

    def test_counts_no_header_behind_excels_own_line_as_left_out(self, desk):
        plain = upload(desk, b"sep=;\r\nEmail;Name\r\nann@acme-pipes.com;Ann\r\n")
        titled = upload(desk, b"sep=;\r\nLeads;May\r\nEmail;Name\r\nbob@acme-pipes.com;Bob\r\n")

        assert plain.preview["skipped"] == []
        assert titled.preview["skipped"] == ["Leads, May"]

    def test_names_cells_that_will_be_cut(self, desk, settings):
        settings.MAX_CELL_KB = 1

        found = upload(desk, b"Email,Notes\nann@acme-pipes.com," + b"x" * 1_001 + b"\n")
        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert found.cut_cells == 1
        assert "1 cell is longer than allowed" in response.content.decode()

    def test_names_phone_numbers_that_a_spreadsheet_has_rounded(self, desk):
        found = upload(desk, b"Email,Phone\na@acme.com,4.91521E+11\nb@acme.com,+49 1521 2345\n")

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert "1 phone number is rounded by a spreadsheet" in response.content.decode()

    @pytest.mark.parametrize(("count", "folded"), [(8, 0), (9, 9)])
    def test_folds_columns_that_fill_nothing_where_they_are_many(self, desk, count, folded):
        names = ",".join(f"Question {n}" for n in range(count))
        found = upload(desk, f"Email,{names}\nann@acme-pipes.com,yes\n".encode())

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert response.context["folded"] == folded
        assert response.content.decode().count('x-show="all"') == folded

    def test_folds_no_column_while_one_is_asked_for(self, desk):
        names = ",".join(f"Question {n}" for n in range(9))
        found = upload(desk, f"Reach me at,{names}\nann@acme-pipes.com,yes\n".encode())

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert (bool(response.context["question"]), response.context["folded"]) == (True, 0)

    def test_says_nothing_that_a_browser_would_run(self, desk):
        found = upload(desk, b"Email,<script>a</script>\nann@acme-pipes.com,<script>b</script>\n")

        shown = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert b"<script>a" not in shown.content
        assert b"<script>b" not in shown.content

    def test_is_gone_once_its_rows_are_leads(self, desk):
        found = upload(desk, nights.CSV.encode())
        press(desk, found, "queue", press="6f6f0b0a-7a3b-4f6e-9a52-0d5f1f3c9a01")

        nights.work_off()

        found.refresh_from_db()
        assert found.status == "IMPORTED"
        assert not {"samples", "first", "examples"} & set(found.preview)


class TestAQuestion:
    def test_keeps_the_file_and_stands_on_its_page(self, desk):
        found = upload(desk, VAGUE)

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert (found.status, found.rows) == ("CHECKED", 0)
        assert found.preview["question"]
        assert "One question first" in response.content.decode()
        assert response.context["columns"][1]["samples"] == ["ann@acme-pipes.com", "bob"]

    def test_names_the_columns_that_may_be_it_and_leaves_the_others_known(self, desk):
        found = upload(desk, b"Firma,E-Mail Kantine,E-Mail Pforte\nAcme,a@acme.com,b@acme.com\n")

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert "It may be E-Mail Kantine, E-Mail Pforte" in response.content.decode()
        assert [(row["field"], row["sure"][0]) for row in response.context["columns"]] == [
            ("company", "sure"),
            ("", "unsure"),
            ("", "unsure"),
        ]

    def test_names_the_columns_with_addresses_where_no_name_may_be_it(self, desk):
        found = upload(desk, b"Vorname,Email from Enrichment\nAnn,ann@acme.com\nBob,bob@bolt.com\n")

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert "It may be Email from Enrichment, which is not" in response.content.decode()

    def test_is_asked_of_addresses_with_a_full_width_at_too(self, desk):
        found = upload(desk, "Post,Name\nann\uff20acme.com,Ann\nbob\uff20bolt.com,Bob\n".encode())

        assert "Column 'Post' may hold" in found.preview["question"]

    def test_must_be_answered_before_the_file_is_queued(self, desk):
        found = upload(desk, VAGUE)

        response = press(desk, found, "queue")

        assert found.status == "CHECKED"
        assert "cannot be queued yet" in said(response)[0]

    def test_is_answered_by_a_column(self, desk):
        found = upload(desk, VAGUE)

        press(desk, found, "check", **{"field-0": "full_name", "field-1": "email", "field-2": ""})

        assert found.preview["question"] == ""
        assert (found.rows, found.accepted, found.invalid) == (2, 1, 1)
        assert found.mapping["Reach me at"] == "email"
        press(desk, found, "queue")
        assert found.status == "QUEUED"


class TestACorrection:
    def test_of_one_column_leaves_the_others_as_they_were(self, desk):
        found = upload(desk, b"Email,Name,Firm\nann@acme-pipes.com,Ann,Acme\n")
        shown = dict(enumerate(found.fields))

        press(
            desk,
            found,
            "check",
            **{f"field-{n}": name for n, name in shown.items()} | {"field-2": "industry"},
        )

        assert found.fields == [shown[0], shown[1], "industry"]
        assert found.preview["chosen"] == {"2": "industry"}

    def test_adds_to_the_former_one(self, desk):
        found = upload(desk, b"Email,A,B\nann@acme-pipes.com,Ann,Acme\n")

        press(desk, found, "check", **{"field-0": "email", "field-1": "notes", "field-2": ""})
        press(desk, found, "check", **{"field-0": "email", "field-1": "notes", "field-2": "list"})

        assert found.fields == ["email", "notes", "list"]

    def test_may_unmap_a_column(self, desk):
        found = upload(desk, b"Email,Company\nann@acme-pipes.com,Acme\n")

        press(desk, found, "check", **{"field-0": "email", "field-1": ""})

        assert found.fields == ["email", ""]

    def test_of_the_encoding_reads_the_stored_file_again(self, desk):
        found = upload(desk, "Email,City\nann@acme-pipes.com,Łódź\n".encode("cp1250"))

        press(desk, found, "check", encoding="cp1250", delimiter=",")

        assert found.encoding == "cp1250"
        assert found.preview["first"][0]["city"] == "Łódź"

    def test_of_the_encoding_is_refused_where_the_file_has_another(self, desk):
        found = upload(desk, b"Email,City\nann@acme-pipes.com,Ulm\n")

        response = press(desk, found, "check", encoding="utf-16", delimiter=",")

        assert "The file is not written in UTF-16: choose another encoding." in said(response)[0]
        assert found.encoding == "utf-8"

    def test_of_the_delimiter_forgets_what_was_said_of_columns_that_were_none(self, desk):
        found = upload(desk, b"Email;Name, first;Town\nann@acme-pipes.com;Ann, Bea;Ulm\n")
        press(desk, found, "check", **{"field-0": "email", "field-1": "full_name"})

        press(desk, found, "check", delimiter=",", **{"field-0": "email"})

        assert found.delimiter == ";" or found.preview["chosen"] == {}

    def test_that_cannot_be_read_changes_nothing(self, desk):
        found = upload(desk, b"Email,Name\nann@acme-pipes.com,Ann\n")
        default_storage.delete(found.storage_name)

        response = press(desk, found, "check", **{"field-0": "email", "field-1": "notes"})

        assert "no longer in storage" in said(response)[0]
        assert found.fields[1] != "notes"

    def test_is_not_for_a_file_in_the_queue(self, desk):
        found = upload(desk, b"Email,Name\nann@acme-pipes.com,Ann\n")
        press(desk, found, "queue")

        response = press(desk, found, "check", **{"field-0": "email", "field-1": "notes"})

        assert "out of the queue first" in said(response)[0]
        assert found.fields[1] != "notes"

    def test_is_remembered_for_the_source_once_the_file_is_queued(self, desk):
        found = upload(desk, VAGUE, source="Fair in Ulm")
        press(desk, found, "check", **{"field-1": "email"})
        press(desk, found, "queue")

        later = upload(desk, VAGUE + b"Cy,cy@cedar-labs.com,Cedar\n", source="fair in ulm")

        profile = SourceProfile.objects.get()
        assert (profile.source, profile.fields) == ("Fair in Ulm", {"Reach me at": "email"})
        assert profile.updated_by == "ida"
        assert (later.preview["question"], later.accepted) == ("", 2)

    def test_of_one_of_two_alike_is_remembered_for_files_with_two(self, desk):
        found = upload(desk, b"Email,Phone,Phone\na@acme.com,1234567,7654321\n", source="Fair")
        press(desk, found, "check", **{"field-2": "company_phone"})
        press(desk, found, "queue")

        two = upload(desk, b"PHONE,phone,email\n1234567,7654321,b@bolt.com\n", source="Fair")
        one = upload(desk, b"Email,Phone\nc@cedar.com,1234567\n", source="Fair")

        assert two.fields == ["phone", "company_phone", "email"]
        assert one.fields == ["email", "phone"]

    def test_is_remembered_for_nobody_where_the_file_has_no_source(self, desk):
        found = upload(desk, VAGUE)
        press(desk, found, "check", **{"field-1": "email"})
        press(desk, found, "queue")

        assert not SourceProfile.objects.exists()


class TestQueueing:
    def test_keeps_what_was_chosen_for_known_leads(self, desk):
        found = upload(desk, nights.CSV.encode())

        press(desk, found, "queue", known_leads="SKIP")

        assert (found.status, found.known_leads) == ("QUEUED", "SKIP")
        assert not Run.objects.exists()

    def test_may_start_a_run_at_once_and_only_one(self, desk):
        found = upload(desk, nights.CSV.encode())
        token = "6f6f0b0a-7a3b-4f6e-9a52-0d5f1f3c9a02"

        press(desk, found, "queue", press=token)
        press(desk, found, "queue", press=token)

        run = Run.objects.get()
        assert found.run == run
        nights.work_off()
        assert Lead.objects.filter(file=found).count() == 7

    def test_waits_for_the_run_that_is_under_way(self, desk):
        RunFactory.create(status="RUNNING")
        found = upload(desk, nights.CSV.encode())

        response = press(desk, found, "queue", press="6f6f0b0a-7a3b-4f6e-9a52-0d5f1f3c9a03")

        assert (found.status, found.run) == ("QUEUED", None)
        assert "goes with the run after it" in " ".join(said(response))

    def test_may_be_taken_back(self, desk):
        found = upload(desk, nights.CSV.encode())
        press(desk, found, "queue")

        press(desk, found, "stop")

        assert found.status == "CHECKED"

    def test_is_not_for_a_file_that_is_being_undone(self, desk):
        found = upload(desk, nights.CSV.encode())
        LeadFile.objects.update(records_done=1)
        undo.ask(found, "bob")

        assert "cannot be queued" in said(press(desk, found, "queue"))[0]
        assert found.status == "CHECKED"

    def test_needs_the_right_to_change_files(self, client, desk):
        found = upload(desk, nights.CSV.encode())
        clerk = User.objects.create_user("cora", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="view_leadfile"))
        client.force_login(clerk)

        for button in ("check", "queue", "stop", "drop"):
            assert press(client, found, button).status_code == 403
        assert found.status == "CHECKED"
        page = client.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))
        assert b"Import with the next run" not in page.content


class TestDropping:
    def test_has_done_with_the_file_and_lets_its_bytes_come_again(self, desk):
        found = upload(desk, nights.CSV.encode())

        press(desk, found, "drop")

        assert found.status == "UNDONE"
        assert not {"samples", "first", "examples"} & set(found.preview)
        assert upload(desk, nights.CSV.encode()).pk != found.pk

    @pytest.mark.parametrize("status", ["QUEUED", "IMPORTED"])
    def test_is_not_for_a_file_that_somebody_queued(self, desk, status):
        found = LeadFileFactory.create(status=status)

        response = press(desk, found, "drop")

        assert "cannot be dropped" in said(response)[0]
        assert found.status == status


class TestASourceThatNeedsAReview:
    def test_has_its_files_wait_for_a_person(self, desk):
        SourceProfile.objects.create(source="test", needs_review=True, updated_by="ida")

        found = nights.take_in()

        assert found.status == "CHECKED"
        press(desk, found, "queue")
        assert found.status == "QUEUED"


class TestASourcesPage:
    def test_shows_the_mapping_as_lines_and_takes_it_back(self, desk):
        profile = SourceProfile.objects.create(
            source="Apollo", fields={"Mail = work": "email", "Junk": ""}, updated_by="bob"
        )
        address = reverse("admin:pipeline_sourceprofile_change", args=[profile.pk])
        shown = desk.get(address).context["adminform"].form["columns"].initial

        desk.post(
            address,
            {"source": "Apollo", "columns": f"{shown}\nFirm = company", "needs_review": "on"},
        )

        profile.refresh_from_db()
        assert profile.fields == {"Mail = work": "email", "Junk": "", "Firm": "company"}
        assert (profile.needs_review, profile.updated_by) == (True, "ida")

    @pytest.mark.parametrize(
        ("columns", "says"), [("email", "as column = field"), ("Mail = mial", "no field 'mial'")]
    )
    def test_refuses_lines_that_say_nothing(self, desk, columns, says):
        response = desk.post(
            reverse("admin:pipeline_sourceprofile_add"), {"source": "Apollo", "columns": columns}
        )

        assert says in response.context["adminform"].form.errors["columns"][0]
        assert not SourceProfile.objects.exists()

    def test_is_one_for_each_source(self, desk):
        SourceProfile.objects.create(source="Apollo", updated_by="bob")

        response = desk.post(reverse("admin:pipeline_sourceprofile_add"), {"source": "APOLLO"})

        assert "already" in response.context["adminform"].form.errors["source"][0]


class TestAPageOfAnImport:
    def test_says_that_nothing_moves(self, desk):
        run = RunFactory.create(status="FAILED", error="The disk is full.")
        found = LeadFileFactory.create(
            run=run, status="IMPORTING", accepted=10, records_done=4, progress_at=run.as_of
        )

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert "Nothing has moved since" in response.content.decode()
        assert b"Stalled" in desk.get("/admin/pipeline/leadfile/").content


class TestTheOverview:
    def test_names_files_that_wait_for_a_person_or_stand_still(self, desk):
        now = timezone.now()
        LeadFileFactory.create(status="CHECKED", created_at=now)
        LeadFileFactory.create(
            name="slow.csv",
            status="IMPORTING",
            run=RunFactory.create(status="FAILED"),
            progress_at=now - importing.STALLED_AFTER * 2,
            created_at=now,
        )

        words = [problem.words for problem in desk.get("/admin/").context["problems"]]

        assert "The import of slow.csv stands still." in words
        assert "1 checked file waits to be queued." in words


class TestUndoing:
    def test_says_what_went_and_what_was_kept_and_why(self, desk):
        night = complete_run(leads=1)
        kept = night.given[0].lead

        press(desk, night.file, "undo")
        while undo.go_on(night.file.pk):
            pass

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[night.file.pk]))
        shown = response.content.decode()
        night.file.refresh_from_db()
        assert (night.file.status, night.file.undo_by) == ("UNDONE", "ida")
        assert "Undone, as ida asked" in shown
        assert f"Lead {kept.pk}" in shown
        assert "A client has it" in shown or "A client is to get it" in shown

    def test_counts_in_fields_what_was_taken_back(self, desk):
        said = {"title": "CEO", "city": "Bonn"}
        change = LeadChangeFactory.create(
            lead=LeadFactory.create(**said), before={"title": "", "city": "Cologne"}, after=said
        )

        press(desk, change.file, "undo")
        while undo.go_on(change.file_id):
            pass

        page = reverse("admin:pipeline_leadfile_change", args=[change.file_id])
        shown = desk.get(page).content.decode()
        assert "<b>2</b> fields of known leads as they were before" in shown

    def test_waits_for_the_run_under_way(self, desk):
        RunFactory.create(status="RUNNING")
        found = LeadFileFactory.create()

        response = press(desk, found, "undo")

        assert "Not undone." in said(response)[0]
        assert found.undo_by == ""

    def test_is_offered_only_where_something_was_imported(self, desk):
        found = upload(desk, nights.CSV.encode())
        address = reverse("admin:pipeline_leadfile_change", args=[found.pk])
        assert b"Undo this import" not in desk.get(address).content

        imported = LeadFileFactory.create()
        address = reverse("admin:pipeline_leadfile_change", args=[imported.pk])
        assert b"Undo this import" in desk.get(address).content

    @pytest.mark.parametrize("status", ["CHECKED", "REFUSED"])
    def test_is_offered_for_what_came_half_way(self, desk, status):
        file = LeadFileFactory.create(status=status, accepted=3, records_done=2)

        page = desk.get(reverse("admin:pipeline_leadfile_change", args=[file.pk]))

        assert b"Undo this import" in page.content
