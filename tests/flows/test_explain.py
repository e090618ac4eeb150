"""A person is asked for: where they are, why, and why each client did or did not get them."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from clients import do_not_contact
from clients.models import Client, Suppression
from pipeline import explaining
from pipeline.models import Lead, RunClient
from tests import factories as make
from tests.flows import nights
from tests.flows.commands import ask
from tests.flows.small_markets import HEADER, line, make_client, night

pytestmark = pytest.mark.django_db

KEYS = {
    "email", "found", "leads", "rejections", "drafts", "deliveries", "suppressed", "run",
    "clients", "note",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


class TestTheStory:
    def test_of_someone_delivered_names_lead_draft_and_delivery(self):
        nights.make_agency()
        run = night()

        code, found = ask("explain", "ANN@acme-pipes.com")

        first, again = found["leads"]
        assert (code, found["found"], found["run"], set(found)) == (0, True, run.pk, KEYS)
        assert (first["status"], first["reason"], first["row"]) == ("DELIVERED", "", 1)
        assert (again["status"], again["reason"], again["row"]) == ("DUPLICATE", "dup_file", 4)
        assert again["twin_of"] == first["id"]
        assert {set(lead) == set(first) for lead in found["leads"]} == {True}
        assert set(first) == {
            "id", "status", "reason", "file", "row", "imported_at", "twin_of"
        }  # fmt: skip
        assert [(row["client"], row["source"]) for row in found["drafts"]] == [
            ("Germania", "TEMPLATE")
        ]
        (delivery,) = found["deliveries"]
        assert (delivery["client"], delivery["run"], delivery["status"]) == (
            "Germania", run.pk, "DELIVERED"
        )  # fmt: skip
        assert [(row["client"], row["taken"]) for row in found["clients"]] == [
            ("Franken", False),
            ("Germania", True),
        ]
        for at in (first["imported_at"], delivery["at"], found["drafts"][0]["at"]):
            assert dt.datetime.fromisoformat(at).utcoffset() == dt.timedelta(0)

    def test_of_a_row_that_was_refused_names_file_row_and_code(self):
        nights.make_agency()
        nights.take_in(HEADER + 'I,N,Acme,"Acme <Info@Acme.com>",Germany,\n', name="roles.csv")
        night()

        code, found = ask("explain", "info@acme.com")

        assert (code, found["leads"]) == (0, [])
        assert found["rejections"] == [{"file": "roles.csv", "row": 1, "code": "role"}]
        assert "no client was asked" in found["note"]

    def test_of_words_that_are_no_address_finds_the_cell_that_held_them(self):
        nights.make_agency()
        night()

        _, found = ask("explain", "not an address")

        assert [(row["row"], row["code"]) for row in found["rejections"]] == [(5, "bad_email")]

    def test_of_someone_suppressed_says_for_whom_and_since_when(self):
        nights.make_agency()
        Suppression.objects.add(
            [nights.key_of("eve@elm-foods.com")], client=Client.objects.get(name="Franken")
        )
        Suppression.objects.add([nights.key_of("elm-foods.com")], kind="DOMAIN")
        night()

        _, found = ask("explain", "eve@elm-foods.com")

        assert [row["scope"] for row in found["suppressed"]] == ["global", "Franken"]
        assert found["clients"] == []
        assert found["note"] == "It is suppressed: Suppressed for everybody."

    def test_of_someone_only_suppressed_is_found_though_no_file_had_them(self):
        Suppression.objects.add([nights.key_of("example.org")], kind="DOMAIN")

        code, found = ask("explain", "nobody@mail.example.org")

        assert (code, [row["scope"] for row in found["suppressed"]]) == (0, ["global"])

    def test_of_an_erased_lead_still_names_who_got_it(self):
        make_client("Germania")
        run = night(people=[line("ann")])
        Lead.objects.update(status="ERASED", email="", first_name="", last_name="", company="",
                            country="", extras={})  # fmt: skip

        _, found = ask("explain", "ann@acme.com")

        assert [lead["status"] for lead in found["leads"]] == ["ERASED"]
        assert [(row["client"], row["run"]) for row in found["deliveries"]] == [
            ("Germania", run.pk)
        ]

    def test_of_nobody_we_know_exits_1(self):
        night()

        code, found = ask("explain", "nobody@nowhere.example")

        assert (code, found["found"], set(found)) == (1, False, KEYS)

    @pytest.mark.parametrize("nothing", ["", " "])
    def test_of_nothing_exits_2(self, nothing):
        assert ask("explain", nothing) == (
            2,
            {
                "error": "No address was given.",
                "hint": "Such as: manage.py explain ann@acme.example",
            },
        )

    def test_of_someone_whose_phone_is_suppressed_says_so(self):
        client = make_client("Germania")
        nights.take_in("Email,Country,Phone\nann@acme.com,Germany,+49 30 1234567\n")
        do_not_contact.suppress([(Suppression.Kind.PHONE, do_not_contact.phone_digits("+49 30 1234567"))],
                                client=client)  # fmt: skip
        night()

        _, found = ask("explain", "ann@acme.com")

        assert [row["scope"] for row in found["suppressed"]] == ["Germania"]
        assert [row["rule"] for row in found["clients"]] == ["suppressed_client"]

    def test_of_a_run_that_never_was_exits_2(self):
        code, found = ask("explain", "ann@acme.com", "--run", "77")

        assert (code, found["error"]) == (2, "There is no run 77.")

    def test_shows_a_person_tables(self, capsys):
        nights.make_agency()
        night()

        call_command("explain", "gwen@gold-rail.com")

        shown = re.sub(r"\s+", " ", capsys.readouterr().out)
        assert "READY" in shown
        assert "Germania" in shown

    def test_shows_a_person_that_nothing_is_known(self, capsys):
        with pytest.raises(SystemExit) as ending:
            call_command("explain", "nobody@nowhere.example")

        assert ending.value.code == 1
        assert "Nothing is known" in capsys.readouterr().out


class TestSpellings:
    @pytest.mark.parametrize(
        ("asked", "cell", "holds"),
        [
            ("ann@acme.com", "Ann <ann@acme.com>", True),
            ("ann@acme.com", "ANN@ACME.COM; bob@acme.com", True),
            ("ann@acme.com", "joann@acme.com", False),
            ("ann@acme.com", "j.ann@acme.com", False),
            ("ann@acme.com", "ann@acme.com.br", False),
            ("ann@acme.com", "ann@acme.com.", True),
            ("ann@acme.com", "annXacme.com", False),
            ("annashby@gmail.com", "Ann.Ashby+news@googlemail.com", True),
            ("ann.ashby@gmail.com", "annashby@gmail.com", True),
            ("a(b@acme.com", "a(b@acme.com", True),
        ],
    )
    def test_of_an_address_are_found_and_no_other(self, asked, cell, holds):
        make.RejectionFactory.create(raw={"Email": cell})

        assert bool(explaining.rejections_of(asked)) is holds

    def test_count_only_where_the_address_stands(self):
        make.RejectionFactory.create(raw={"Email": "-", "Notes": "ann@acme.com"})

        assert explaining.rejections_of("ann@acme.com") == []


class TestWhyNobodyWasAsked:
    def test_before_any_run(self):
        make.LeadFactory.create(email="ann@acme.com", key=nights.key_of("ann@acme.com"))

        assert explaining.story("ann@acme.com", run=None).verdicts.note == (
            "No run has allocated leads yet."
        )

    def test_by_a_run_before_the_lead_came_in(self):
        make_client("Germania")
        earlier = night(people=[line("bob")])
        later = night(people=[line("ann")])

        found = explaining.story("ann@acme.com", run=earlier).verdicts
        assert (found.clients, found.note) == (
            (), f"It came in after run {earlier.pk} had allocated: by run {later.pk}."
        )  # fmt: skip

    @pytest.mark.parametrize("since", ["expired", "suppressed"])
    def test_is_not_what_became_of_it_since(self, since):
        """A past run is told as it was: its lead was in stock then."""
        make_client("Germania", rule=("title", "IN", ["CFO"]))
        run = night(people=[line("ann")])
        if since == "suppressed":
            make.SuppressionFactory.create(
                key=nights.key_of("ann@acme.com"),
                created_at=timezone.now() + dt.timedelta(minutes=1),
            )
        Lead.objects.update(status=since.upper(), reason="too_old")

        found = explaining.story("ann@acme.com", run=run).verdicts
        assert [row.rule for row in found.clients] == ["filter"]

    def test_a_client_that_is_paused_says_so(self):
        make_client("Germania", rule=("title", "IN", ["CFO"]))
        make_client("Franken", status="PAUSED")
        first, latest = night(people=[line("ann")]), night()

        told = [explaining.story("ann@acme.com", run=run).verdicts for run in (first, latest)]

        assert [[(row.client, row.rule) for row in one.clients] for one in told] == [
            [("Germania", "filter")],
            [("Franken", "paused"), ("Germania", "filter")],
        ]

    def test_by_a_run_after_it_was_given_away(self):
        make_client("Germania")
        first = night(people=[line("ann")])
        night()

        found = explaining.story("ann@acme.com", run=None).verdicts
        assert found.note == f"Run {first.pk} had given it to Germania before."

    def test_by_a_run_whose_snapshots_are_gone(self):
        make_client("Germania")
        run = night(people=[line("ann")])
        RunClient.objects.all().delete()

        code, found = ask("explain", "ann@acme.com", "--run", str(run.pk))
        assert (code, found["clients"]) == (0, [])
        assert "keeps no client's rules and caps any more" in found["note"]

    def test_by_a_run_that_did_not_come_to_allocate(self):
        run = make.RunFactory.create(status="CANCELLED")
        make.LeadFactory.create(email="ann@acme.com", key=nights.key_of("ann@acme.com"))

        found = explaining.story("ann@acme.com", run=run).verdicts
        assert found.note == f"Run {run.pk} has not allocated leads."

    def test_a_change_since_is_told(self):
        make_client("Germania", rule=("title", "IN", ["CFO"]))
        night(people=[line("ann")])
        lead = Lead.objects.get()
        make.LeadChangeFactory.create(
            lead=lead, created_at=timezone.now() + dt.timedelta(minutes=1)
        )
        Lead.objects.update(title="CFO")

        found = explaining.story("ann@acme.com", run=None).verdicts
        assert "The lead has changed since" in found.note
        assert [row.rule for row in found.clients] == ["changed_since"]


class TestTheDesk:
    @pytest.fixture
    def desk(self, client):
        client.force_login(User.objects.create_superuser("ida"))
        return client

    def test_shows_on_a_lead_why_each_client_did_not_get_it(self, desk):
        make_client("Germania", plan={"cap_day": 1})
        make_client("Amerika", rule=("country", "IN", ["US"]))
        night(people=[line("bob"), line("ann")])
        lead = Lead.objects.get(status="READY")

        shown = desk.get(reverse("admin:pipeline_lead_change", args=[lead.pk])).content.decode()

        assert "Why did each client (not) get it?" in shown
        assert "Day cap 1/1" in shown
        assert "Country Germany is none of US" in shown

    def test_shows_on_a_client_what_the_last_runs_gave_it(self, desk):
        client = make_client("Germania", plan={"cap_day": 1})
        run = night(people=[line("bob"), line("ann")])

        page = reverse("admin:clients_client_change", args=[client.pk])
        shown = desk.get(page).content.decode()

        assert f"Run {run.pk}" in shown
        assert "It has its leads of the day" in shown

    def test_counts_what_keeps_the_stock_from_a_client(self, desk):
        client = make_client("Germania", plan={"cap_day": 1, "max_per_domain": 5})
        night(people=[line("ann"), line("bob"), line("cleo"), line("dan", country="Italy")])

        shown = desk.get(f"/admin/clients/client/{client.pk}/stock/").content.decode()

        told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown))
        assert "2 cap_day It has its leads of the day" in told
        assert "1 filter" in told
