"""The stage upload with our own storage: the file, its rows, and what it is made of."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from django.core.files.storage import default_storage
from django.db import connection

from clients import do_not_contact
from deliveries import csv_export
from deliveries.csv_export import HEADER, neutralise
from deliveries.models import DeliveredLead, Delivery, Mail
from leadgen.integrations.errors import PermanentError, TransientError
from pipeline import chunks, rendering
from pipeline.models import Draft, Lead
from pipeline.stages import upload
from tests.factories import (
    NOW,
    ChunkFactory,
    ClientFactory,
    DeliveredLeadFactory,
    DeliveryFactory,
    DraftFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

CASES = Path(__file__).parents[2].parent / "shared/data/injection/formula_cases.jsonl"
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")


def promised(*leads: Mapping[str, object], **terms: object) -> Delivery:
    """A delivery ALLOCATED with these leads, for a client with these terms."""
    delivery = DeliveryFactory.create(client=ClientFactory.create(**terms), rows=len(leads))
    for lead in leads:
        DeliveredLeadFactory.create(
            delivery=delivery, **{f"lead__{name}": value for name, value in lead.items()}
        )
    return delivery


def deliver(delivery: Delivery) -> Delivery:
    """Do the delivery's chunk, as a worker would."""
    stage_run, _ = delivery.run.stage_runs.get_or_create(
        stage="UPLOAD", defaults={"status": "RUNNING"}
    )
    chunk = ChunkFactory.create(stage_run=stage_run, ref_id=delivery.pk, status="PENDING")
    claimed = chunks.claim(chunk.pk)
    assert claimed is not None
    upload.work(claimed, chunks.Lease(claimed.pk, claimed.attempt))
    delivery.refresh_from_db()
    return delivery


def content_of(delivery: Delivery) -> bytes:
    with default_storage.open(delivery.storage_name) as stored:
        content: bytes = stored.read()
        return content


def read_back(delivery: Delivery) -> list[dict[str, str]]:
    text = content_of(delivery).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestTheFile:
    def test_has_the_columns_of_the_contract_and_the_same_moment_in_all_rows(self):
        delivery = deliver(promised({}, {}, extra_columns=["country"]))

        rows = read_back(delivery)
        assert list(rows[0]) == [*HEADER, "country"]
        assert len({row["delivered_at"] for row in rows}) == 1
        assert [int(row["lead_id"]) for row in rows] == sorted(
            delivery.delivered_leads.values_list("lead", flat=True)
        )

    def test_is_committed_with_its_size_hash_and_mails(self):
        delivery = deliver(promised({}, emails=["a@one.example", "b@one.example"]))

        content = content_of(delivery)
        assert (delivery.status, delivery.rows) == ("UPLOADED", 1)
        assert delivery.size == len(content)
        assert delivery.sha256 == hashlib.sha256(content).hexdigest()
        assert Mail.objects.filter(delivery=delivery, status="PENDING").count() == 2
        assert set(delivery.delivered_leads.values_list("lead__status", flat=True)) == {"DELIVERED"}

    def test_holds_the_drafts_and_a_template_for_who_has_none(self):
        delivery = promised({"company": "ACME PIPES LTD"}, {})
        first = delivery.delivered_leads.order_by("lead")[0]
        DraftFactory.create(lead=first.lead, client=delivery.client, body='Dear "Ann",\n\n=1')

        drafted, templated = read_back(deliver(delivery))

        assert drafted["body"].startswith('Dear "Ann",\n\n=1\n\n')  # and the opt-out below
        assert drafted["company"] == "Acme Pipes Ltd"
        assert templated["body"].startswith("Hello Ann,")
        assert Draft.objects.get(lead=int(templated["lead_id"])).reason == "no_draft"

    def test_holds_what_an_earlier_run_wrote_unless_a_person_was_to_look_at_it(self):
        delivery = promised({}, {}, {})
        seen, unseen, tonight = (row.lead for row in delivery.delivered_leads.order_by("lead"))
        for lead, words in ((seen, {}), (unseen, {"review": "PENDING"})):
            DraftFactory.create(lead=lead, client=delivery.client, body="Earlier", **words)
        DraftFactory.create(lead=tonight, client=delivery.client, run=delivery.run, body="Tonight")
        assert not delivery.run.drafts.filter(lead__in=[seen, unseen]).exists()

        bodies = [row["body"].partition("\n")[0] for row in read_back(deliver(delivery))]

        assert bodies == ["Earlier", "Hello Ann,", "Tonight"]
        assert Draft.objects.get(lead=seen).body == "Earlier"

    def test_comes_in_blocks_and_writes_missing_drafts_block_by_block(
        self, monkeypatch, django_assert_max_num_queries
    ):
        monkeypatch.setattr(rendering, "_FETCHED", 2)
        delivery = promised(*[{}] * 5)

        with django_assert_max_num_queries(30):
            written = rendering.render(delivery, NOW, io.BytesIO())

        assert written == 5
        assert Draft.objects.filter(client=delivery.client).count() == 5

    def test_gives_a_names_column_where_only_one_of_them_is_wanted(self):
        delivery = promised(
            {"first_name": "", "last_name": "", "full_name": "ANN COLE"},
            columns=["last_name", "email", "first_name", "full_name"],
        )

        (row,) = read_back(deliver(delivery))

        assert list(row) == ["last_name", "email", "first_name", "full_name"]
        assert (row["first_name"], row["last_name"]) == ("Ann", "Cole")

    def test_keeps_a_clients_own_columns_in_their_order_under_its_names(self):
        delivery = promised(
            {"title": "CFO"}, columns=["title", "personalization=icebreaker", "email"]
        )

        (row,) = read_back(deliver(delivery))

        assert list(row) == ["title", "personalization", "email"]
        assert row["title"] == "CFO"
        assert row["personalization"].startswith("As CFO")

    def test_is_plain_where_the_client_wants_it_so(self):
        content = content_of(deliver(promised({}, file_kind="PLAIN", columns=["email"])))

        assert content.startswith(b'"email"\n"ann')
        assert b"\r" not in content

    def test_is_a_workbook_where_the_client_wants_one(self):
        delivery = deliver(promised({"company": "=1+1"}, file_kind="XLSX"))

        sheet = openpyxl.load_workbook(io.BytesIO(content_of(delivery))).active
        assert delivery.storage_name.endswith(".xlsx")
        header, row = sheet.iter_rows(values_only=True)
        assert header == HEADER
        assert dict(zip(header, row, strict=True))["company"] == "'=1+1"
        assert {cell.data_type for cell in sheet[2]} <= {"s", "n"}
        assert sheet.cell(2, 12).value == str(delivery.delivered_leads.get().lead_id)

    def test_of_a_workbook_says_what_to_do_where_it_cannot_hold_them(self, monkeypatch):
        monkeypatch.setattr("deliveries.xlsx_export.MOST_ROWS", 1)

        with pytest.raises(PermanentError, match="give the client a CSV"):
            deliver(promised({}, {}, file_kind="XLSX"))

    def test_leaves_out_who_was_erased_meanwhile_and_is_not_made_of_nobody(self):
        delivery = promised({}, {})
        DeliveredLead.objects.filter(delivery=delivery).update(lead=None)

        deliver(delivery)

        assert (delivery.status, delivery.storage_name, delivery.rows) == ("WITHDRAWN", "", 0)
        assert not Mail.objects.exists()

    def test_is_never_made_twice(self):
        delivery = deliver(promised({}))
        Lead.objects.update(company="Another Name")

        before = content_of(delivery)
        deliver(delivery)

        assert content_of(delivery) == before
        assert Mail.objects.count() == 1

    def test_is_made_anew_if_the_worker_died_before_it_was_known(self, monkeypatch, storage):
        delivery = promised({})

        def dies(*_args, **_columns):
            raise SystemExit

        with monkeypatch.context() as patched:
            patched.setattr(upload, "keep", dies)
            with pytest.raises(SystemExit):
                deliver(delivery)
        deliver(delivery)

        assert delivery.status == "UPLOADED"
        assert (storage / delivery.storage_name).exists()
        assert Mail.objects.count() == 1

    def test_that_storage_lost_cannot_be_delivered_again(self):
        delivery = deliver(promised({}))
        default_storage.delete(delivery.storage_name)

        with pytest.raises(PermanentError, match="no longer in storage"):
            deliver(delivery)


NASTY = [
    {"company": 'Quotes "and", commas; and\nlines', "title": "CFO\r\nand more"},
    {"company": "=HYPERLINK(1)", "title": "-2+3", "phone": "+49 30 23125 123"},
    {"company": "Żółć & Söhne 株式会社", "title": "\u200b=1", "website": "'quoted"},
    {"company": "0049", "title": "1e5", "city": "=1"},
]


def by_libreoffice(*arguments: str, folder: Path) -> None:
    """Ends with all that the launcher started: it leaves its office behind where it is killed."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    with subprocess.Popen(
        [OFFICE or "", profile, "--headless", *arguments],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, process_group=0,
    ) as office:  # fmt: skip
        try:
            assert office.wait(timeout=60) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(office.pid, signal.SIGKILL)


class TestReadBack:
    """The delivered file gives back what was written, to whoever opens it."""

    @pytest.fixture
    def delivery(self):
        return deliver(promised(*NASTY, extra_columns=["city"]))

    @pytest.fixture
    def expected(self, delivery):
        rows = read_back(delivery)
        for row, lead in zip(rows, NASTY, strict=True):
            for name in {"title", "phone", "website", "city"} & set(lead):
                assert row[name] == neutralise(lead[name])
        return rows

    def test_by_pandas(self, delivery, expected):
        found = pd.read_csv(
            io.BytesIO(content_of(delivery)), dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )

        assert found.to_dict("records") == expected

    @pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed on this machine")
    def test_by_libreoffice(self, delivery, expected, tmp_path):
        (tmp_path / "in.csv").write_bytes(content_of(delivery))
        by_libreoffice(
            "--infilter=CSV:44,34,76,1,,1033,true,false", "--convert-to", "xlsx", "in.csv",
            folder=tmp_path,
        )  # fmt: skip

        header, *rows = openpyxl.load_workbook(tmp_path / "in.xlsx").active.iter_rows(
            values_only=True
        )
        found = [dict(zip(header, map(str, row), strict=True)) for row in rows]
        lines = str.maketrans({"\r": ""})
        assert [{name: cell.translate(lines) for name, cell in row.items() if cell != "None"}
                for row in found] == [
            {name: cell.translate(lines) for name, cell in row.items() if cell} for row in expected
        ]  # fmt: skip

    @pytest.mark.skipif(not CASES.exists(), reason="../shared/data is not on this machine")
    def test_of_every_dangerous_cell_and_of_none_that_is_safe(self):
        cases = [json.loads(line) for line in CASES.read_text().splitlines()]
        storable = [case for case in cases if "\x00" not in case["value"]]
        delivery = deliver(promised(*({"city": case["value"]} for case in storable),
                                    extra_columns=["city"]))  # fmt: skip

        assert len(storable) > 20
        for case, row in zip(storable, read_back(delivery), strict=True):
            before = "'" if case["dangerous"] else ""
            assert row["city"] == before + case["value"], case


class TestAFullDisk:
    def test_leaves_no_transaction_open(self, monkeypatch):
        def full(blocks, _stream, _headers, **_how):
            next(blocks)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(csv_export, "write", full)
        delivery = promised({}, {})
        begun = list(connection.savepoint_ids)

        with pytest.raises(OSError, match="No space left"):
            deliver(delivery)

        assert connection.savepoint_ids == begun  # else what is written next would be lost


class TestASuppressedPhone:
    @pytest.mark.parametrize(
        "cell", ["+49 171 2312510 / {}", "call {}", "{} (mobile 2)", "+49 171 2312510 or {}"]
    )
    @pytest.mark.parametrize("spelling", ["+1 512-555-0100", "011 1 512 555 0100"])
    def test_is_left_out_of_a_cell_that_names_others_too(self, cell, spelling):
        do_not_contact.suppress([(do_not_contact.Kind.PHONE, "15125550100")], client=None)
        text = cell.format(spelling)
        delivery = deliver(
            promised({"phone": text, "extras": {"second": text}}, extra_columns=["second"])
        )

        (row,) = read_back(delivery)

        left = "+49 171 2312510" if "171" in text else ""
        assert (row["phone"].strip("'"), row["second"].strip("'")) == (left, left)


class TestASuppressionMeanwhile:
    def test_leaves_the_row_out_and_the_file_small(self):
        delivery = promised({}, {})
        from clients.models import Suppression

        Suppression.objects.add([delivery.delivered_leads.order_by("pk")[0].key])

        deliver(delivery)

        assert (delivery.rows, len(read_back(delivery))) == (1, 1)

    def test_changes_no_lead_that_another_client_holds(self):
        delivery = promised({"max_clients": 2}, {})
        shared = delivery.delivered_leads.order_by("pk")[0]
        assert shared.lead is not None
        DeliveredLeadFactory.create(lead=shared.lead, key=shared.key, exclusive=False)
        Lead.objects.filter(pk=shared.lead.pk).update(status="DELIVERED", reason="")
        from clients.models import Suppression

        Suppression.objects.add([shared.key], client=delivery.client)

        deliver(delivery)

        assert delivery.rows == 1
        assert Lead.objects.get(pk=shared.lead.pk).status == "DELIVERED"


class TestPutOff:
    def test_doubles_to_a_minute_and_then_waits_a_quarter_of_an_hour(self):
        error = TransientError("away", service="drive")

        pauses = [upload.put_off(error, n).retry_after or 0 for n in (1, 2, 7, 8, 500)]

        for pause, middle in zip(pauses, (1, 2, 64, 900, 900), strict=True):
            assert middle * 0.8 <= pause <= middle * 1.2

    def test_is_never_sooner_than_the_service_says(self):
        error = TransientError("busy", service="drive", retry_after=3_600)

        assert upload.put_off(error, 1).retry_after == 3_600
