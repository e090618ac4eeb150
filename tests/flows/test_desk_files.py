"""Uploading a lead file at the desk."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from pipeline import undo
from pipeline.models import Lead, LeadFile, Rejection
from pipeline.models.lead_files import LeadFileStatus
from tests.factories import LeadFactory, LeadFileFactory, RejectionFactory, RunFactory
from tests.files import CLOSED, ClosedBucket, keep_files
from tests.flows import nights

pytestmark = pytest.mark.django_db

GOOD = nights.CSV.encode()
UPLOAD = "/admin/pipeline/leadfile/add/"


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    keep_files(settings, tmp_path)


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


def upload(desk, content=GOOD, name="leads.csv", **fields):
    file = SimpleUploadedFile(name, content, content_type="text/csv")
    return desk.post(UPLOAD, {"file": file, **fields}, follow=True)


def stored() -> list[str]:
    try:
        return default_storage.listdir("lead-files")[1]
    except FileNotFoundError:
        return []


class TestABucketThatRefuses:
    def test_is_said_below_the_field(self, desk, settings, tmp_path):
        keep_files(settings, tmp_path, ClosedBucket)

        response = upload(desk)

        assert CLOSED in response.content.decode()
        assert not LeadFile.objects.exists()

    def test_is_said_of_a_file_that_is_to_be_checked_again(self, desk, settings, tmp_path):
        found = upload(desk).context["file"]
        keep_files(settings, tmp_path, ClosedBucket)

        response = desk.post(
            f"/admin/pipeline/leadfile/{found.pk}/check/", {"encoding": "", "delimiter": ""},
            follow=True,
        )  # fmt: skip

        assert CLOSED in response.content.decode()


class TestAGoodFile:
    def test_is_kept_and_its_page_shows_what_the_check_found(self, desk):
        response = upload(desk, source="Apollo")

        found = LeadFile.objects.get()
        assert response.redirect_chain == [(f"/admin/pipeline/leadfile/{found.pk}/change/", 302)]
        assert (found.status, found.source, found.uploaded_by) == ("CHECKED", "Apollo", "ida")
        shown = response.content.decode()
        for words in ("Not an e-mail address", "comma", "UTF-8", "first_name", "Import now"):
            assert words in shown

    def test_makes_no_lead_yet(self, desk):
        upload(desk)

        assert not Lead.objects.exists()
        assert not Rejection.objects.exists()

    def test_shows_rows_as_a_sum_that_adds_up(self, desk):
        context = upload(desk).context

        counts = {part["words"]: part["count"] for part in context["parts"]}
        assert counts == {"accepted": 6, "twice in the file": 1, "invalid": 1, "blank": 1}
        assert sum(counts.values()) == context["file"].rows == 9

    def test_keeps_unmapped_columns_as_extras(self, desk):
        response = upload(desk, b"Email,Shoe size\nann@acme-pipes.com,38\n")

        assert [(row["header"], row["field"]) for row in response.context["columns"]] == [
            ("Email", "email"),
            ("Shoe size", ""),
        ]
        assert "kept as extras: Shoe size." in response.content.decode()

    def test_is_stored_byte_for_byte(self, desk):
        upload(desk)

        with default_storage.open(LeadFile.objects.get().storage_name) as kept:
            assert kept.read() == GOOD

    def test_may_come_again_only_on_purpose(self, desk):
        first = upload(desk).context["file"]

        refused = upload(desk, name="again.csv")
        insisted = upload(desk, name="again.csv", insisted="on")

        (error,) = refused.context["form"].errors["file"]
        assert f'href="/admin/pipeline/leadfile/{first.pk}/change/"' in error
        assert insisted.redirect_chain
        assert LeadFile.objects.count() == 2

    @pytest.mark.parametrize("status", ["REFUSED", "UNDONE"])
    def test_may_come_again_where_the_first_came_to_nothing(self, desk, status):
        upload(desk)
        LeadFile.objects.update(status=status)

        assert upload(desk, name="again.csv").redirect_chain


class TestARefusedFile:
    @pytest.mark.parametrize(
        ("content", "says"),
        [
            pytest.param(b"", "empty", id="empty"),
            pytest.param(b"  \n \n", "empty", id="blank"),
            pytest.param(b"PK\x03\x04" + bytes(range(256)) * 8, "Excel", id="workbook"),
            pytest.param(bytes(range(1, 32)) * 64, "binary", id="binary"),
            pytest.param(b"Name,Email\n", "no row", id="only a header"),
            pytest.param(b"Invoice,Euro\n1,2.5\n2,3.5\n", "'Invoice', 'Euro'", id="invoices"),
            pytest.param(b"10:00 mail sent to a@b-pipes.com\n" * 3, "'column 1'", id="a log"),
            pytest.param(b"Take two eggs.\nStir well.\n", "'Take two eggs.'", id="prose"),
        ],
    )
    def test_is_named_in_one_sentence_and_leaves_nothing(self, desk, content, says):
        response = upload(desk, content)

        (error,) = response.context["form"].errors["file"]
        assert says in error
        assert response.status_code == 200
        assert not LeadFile.objects.exists()
        assert stored() == []

    def test_is_one_above_the_limit(self, desk, settings):
        settings.MAX_UPLOAD_MB = 1

        response = upload(desk, b"Email\n" + b"ann@acme-pipes.com\n" * 60_000)

        assert response.context["form"].errors["file"] == [
            "The file has 1 MB; 1 are allowed (MAX_UPLOAD_MB). Split it."
        ]
        assert stored() == []

    def test_needs_the_right_to_upload(self, client):
        client.force_login(User.objects.create_user("guest", is_staff=True))

        assert client.get(UPLOAD).status_code == 403
        assert client.post(UPLOAD, {"file": io.BytesIO(b"Email\n")}).status_code == 403


class TestAFilesPage:
    def test_links_each_reason_to_its_rows_once_it_is_imported(self, desk):
        found = LeadFileFactory.create(accepted=0, invalid=1, reasons={"bad_email": 1})
        RejectionFactory.create(file=found, raw={"Email": "<b>nobody</b>"})

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))
        (reason,) = response.context["reasons"]
        listed = desk.get(reason["url"]).content.decode()

        assert "&lt;b&gt;nobody&lt;/b&gt;" in listed
        assert "<b>nobody</b>" not in listed

    def test_says_where_its_leads_are_now(self, desk):
        found = LeadFileFactory.create(accepted=2)
        LeadFactory.create(file=found, status="READY")
        LeadFactory.create(file=found, status="DUPLICATE")

        response = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert response.context["leads"] == [("READY", 1), ("DUPLICATE", 1)]

    def test_says_that_the_run_in_progress_has_it_and_watches(self, desk):
        run = RunFactory.create(status="RUNNING")
        found = LeadFileFactory.create(run=run, status=LeadFileStatus.QUEUED)

        shown = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert "is about to import it" in shown.content.decode()
        assert "with the run after that" not in shown.content.decode()
        assert b"every 3s" in shown.content

    def test_waits_for_the_next_run_where_the_one_in_progress_began_before_it(self, desk):
        RunFactory.create(status="RUNNING")
        found = LeadFileFactory.create(status=LeadFileStatus.QUEUED)

        shown = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert "it goes with the run after that" in shown.content.decode()
        assert b"every 3s" not in shown.content

    def test_watches_itself_while_it_is_undone(self, desk):
        found = LeadFileFactory.create(status=LeadFileStatus.IMPORTED)
        undo.ask(found, "ida")
        address = reverse("admin:pipeline_leadfile_change", args=[found.pk])
        assert b"every 3s" in desk.get(address).content

        LeadFile.objects.update(status=LeadFileStatus.UNDONE)
        response = desk.get(address, headers={"HX-Request": "true"})

        assert response["HX-Refresh"] == "true"

    def test_watches_itself_while_it_is_imported(self, desk):
        run = RunFactory.create(status="RUNNING")
        found = LeadFileFactory.create(run=run, status=LeadFileStatus.IMPORTING)
        address = reverse("admin:pipeline_leadfile_change", args=[found.pk])
        assert b"every 3s" in desk.get(address).content

        LeadFile.objects.update(status=LeadFileStatus.IMPORTED)
        response = desk.get(address, headers={"HX-Request": "true"})

        assert response["HX-Refresh"] == "true"
