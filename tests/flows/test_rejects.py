"""rejects.csv: downloaded, mended, uploaded again (spec U5)."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.urls import reverse

from pipeline import importing, judging, lead_files
from pipeline.models import Lead, LeadFile
from pipeline.stages import validate
from tests.flows import nights
from tests.flows.test_importing import claim, open_run, stopped_after_a_slice

pytestmark = pytest.mark.django_db

TEXT = """\
Email,Name,Firm
ann@acme-pipes.com,Ann,Acme
bob at bolt,Bob,Bolt
,Cleo,Cedar
dan@delta-mill.com,Dan,Delta,Inc
,,
eve@,Eve,=1+1
"""


def rejects_of(lead_file: LeadFile) -> list[dict[str, str]]:
    content = b"".join(lead_files.rejects_of(lead_file))
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


class TestRejects:
    def test_of_a_checked_file_are_those_of_the_imported_one(self):
        lead_file = nights.take_in(TEXT)
        before = rejects_of(lead_file)
        open_run()
        nights.work_off()
        lead_file.refresh_from_db()

        assert lead_file.status == "IMPORTED"
        assert rejects_of(lead_file) == before
        assert [(row["_row"], row["_code"]) for row in before] == [
            ("2", "bad_email"),
            ("3", "missing_field"),
            ("4", "too_many_cells"),
            ("6", "bad_email"),
        ]

    def test_tell_what_is_wrong_with_the_address_that_was_judged(self):
        lead_file = nights.take_in("Work Email,Email\n-,eve@\n,ann@acme-pipes.com\n")
        before = rejects_of(lead_file)
        open_run()
        nights.work_off()
        lead_file.refresh_from_db()

        assert rejects_of(lead_file) == before
        assert [row["_reason"] for row in before] == ["There must be something after the @-sign."]

    def test_of_a_stopped_file_are_complete(self, monkeypatch):
        monkeypatch.setattr(judging, "SLICE_ROWS", 2)
        lead_file = nights.take_in(TEXT)
        before = rejects_of(lead_file)
        chunk, lease = claim(open_run())
        validate.work(chunk, stopped_after_a_slice(lease, lead_file))
        lead_file.refresh_from_db()

        assert lead_file.records_done == 2
        assert rejects_of(lead_file) == before

    def test_come_back_mended_and_bring_the_rest(self):
        lead_file = nights.take_in(TEXT)
        content = b"".join(lead_files.rejects_of(lead_file)).decode("utf-8-sig")
        mended = (
            content.replace("bob at bolt", "bob@bolt-works.com")
            .replace(",Cleo", "cleo@cedar-labs.com,Cleo")
            .replace("Delta,Inc", "Delta Inc,")
            .replace("eve@,", "eve@elm-foods.com,")
        )
        nights.take_in("\ufeff" + mended, "rejects of leads.csv")
        open_run()
        nights.work_off()

        leads = Lead.objects.order_by("email")
        assert [lead.email for lead in leads] == [
            "ann@acme-pipes.com",
            "bob@bolt-works.com",
            "cleo@cedar-labs.com",
            "dan@delta-mill.com",
            "eve@elm-foods.com",
        ]
        words = {str(value) for lead in leads for value in (*lead.extras, *lead.extras.values())}
        assert not words & {"_row", "_field", "_code", "_reason", "bad_email", "+1"}
        assert "=1+1" in {
            leads.get(email="eve@elm-foods.com").value(name) for name in ("company", "Firm")
        }

    def test_are_refused_again_where_nobody_mended_them(self):
        lead_file = nights.take_in(TEXT)
        again = nights.take_in(b"".join(lead_files.rejects_of(lead_file)).decode(), "again.csv")

        assert (again.accepted, again.reasons) == (
            0,
            {"bad_email": 2, "missing_field": 1, "too_many_cells": 1},
        )
        assert rejects_of(again)[2]["+1"] == "Inc"

    def test_are_a_download_at_the_desk(self, desk):
        lead_file = nights.take_in(TEXT)

        response = desk.get(reverse("admin:pipeline_leadfile_rejects", args=[lead_file.pk]))

        content = b"".join(response.streaming_content)
        assert response["Content-Disposition"] == 'attachment; filename="rejects of leads.csv"'
        assert content == b"".join(lead_files.rejects_of(lead_file))

    def test_of_a_file_that_storage_lost_are_a_sentence(self, desk):
        lead_file = nights.take_in(TEXT)
        default_storage.delete(lead_file.storage_name)

        response = desk.get(
            reverse("admin:pipeline_leadfile_rejects", args=[lead_file.pk]), follow=True
        )

        assert "no longer in storage" in str(next(iter(response.context["messages"])))

    def test_need_the_right_to_see_files(self, client):
        lead_file = nights.take_in(TEXT)
        client.force_login(User.objects.create_user("guest", is_staff=True))

        address = reverse("admin:pipeline_leadfile_rejects", args=[lead_file.pk])

        assert client.get(address).status_code == 403

    def test_are_kept_beside_the_file_for_the_shell(self):
        path = lead_files.write_rejects(nights.take_in(TEXT))

        assert path is not None
        assert not Path(path).is_absolute()
        assert (settings.BASE_DIR / path).read_bytes().startswith(b"\xef\xbb\xbfEmail,")

    def test_are_nothing_where_no_row_is_rejected(self):
        found = nights.take_in("Email\nann@acme-pipes.com\n\n")

        assert lead_files.write_rejects(found) is None
        assert importing.stop(found, by="ida")
