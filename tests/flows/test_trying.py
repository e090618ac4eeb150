"""Estimate, try five, then run: real drafts before the night, seen first and paid for once."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections, transaction
from django.db.models import F
from django.utils import timezone

from clients.models import Client, Plan
from pipeline import (
    at_once,
    audit,
    chain,
    report,
    services,
    simulating,
    starting,
    trying,
    writing,
)
from pipeline.drafts import Prompt, Request
from pipeline.models import AiBudget, AiCall, Draft, Lead, Run, TriedDraft
from tests.flows import nights
from tests.integrations.gemini_server import WORDS, Say, answer, blocked, error

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]

SIMULATE, TRY = "/admin/pipeline/run/simulate/", "/admin/pipeline/run/try/"


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


def picked() -> list[Request]:
    found: list[Request] = []
    now = timezone.now()
    simulating.simulate(
        as_of=now,
        local_date=now.date(),
        started_by="test",
        look=lambda run: found.extend(trying.pick(run)),
    )
    return found


def night() -> Run:
    run = starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    run.refresh_from_db()
    return run


def everybody(server, said: Say) -> None:
    server.usually = lambda _asked: said


def left_over() -> None:
    """Leads that came in with a former night and are in stock."""
    Client.objects.update(status="PAUSED")
    night()
    Client.objects.update(status="ACTIVE")


class TestThePairs:
    def test_are_those_of_the_night_though_their_leads_lie_in_a_file(self, server):
        nights.make_agency()

        found = {(each.lead["email"], each.client_name) for each in picked()}

        assert not Lead.objects.exists()
        night()
        assert found == set(Draft.objects.values_list("lead__email", "client__name"))

    def test_are_five_at_most_and_the_clients_take_turns(self, server):
        nights.make_agency()
        Plan.objects.update(cap_day=None)
        rows = "".join(f"ann{n}@acme-{n}.com,Acme {n},Germany\n" for n in range(9))
        nights.take_in(f"email,company,country\n{rows}", "more.csv")

        found = [each.client_name for each in picked()]

        assert len(found) == trying.FEW
        assert found.count("Franken") == 2

    def test_are_none_that_have_their_draft(self, server):
        nights.make_agency()
        night()

        assert picked() == []

    def test_travel_signed(self, server):
        nights.make_agency()
        found = picked()

        assert trying.unpacked(trying.packed(found)) == found
        with pytest.raises(trying.NotPossible, match="too old"):
            trying.unpacked(trying.packed(found) + "x")


class TestTrying:
    def test_writes_real_drafts_which_the_day_pays(self, server):
        nights.make_agency()

        tried = trying.write(picked())

        assert [each.words.source for each in tried] == ["AI"] * 4
        assert [each.micros for each in tried] == [495] * 4
        assert not Draft.objects.exists()
        assert AiCall.objects.filter(run=None, lead=None, outcome="PAID").count() == 4
        assert AiBudget.objects.values_list("scope", "spent_micros").get() == ("DAY", 4 * 495)

    @pytest.mark.parametrize("of", [lambda: None, left_over], ids=["a file", "the stock"])
    def test_is_paid_once_the_night_takes_the_same_words(self, server, of):
        nights.make_agency()
        of()
        trying.write(picked())

        run = night()

        assert len(server.asked) == 4
        assert report.run_object(run)["drafts"] == {"ai": 4, "template": 0, "human": 0}
        assert not TriedDraft.objects.exists()
        assert audit.run(deep=True)["ok"]

    def test_twice_asks_once(self, server):
        nights.make_agency()
        trying.write(picked())

        again = trying.write(picked())

        assert len(server.asked) == 4
        assert [(each.before, each.micros) for each in again] == [(True, 495)] * 4

    def test_after_the_offer_has_changed_asks_anew(self, server):
        nights.make_agency()
        trying.write(picked())
        Client.objects.update(offer="We build what lasts.")

        night()

        assert len(server.asked) == 8

    def test_shows_what_the_gate_refused_and_keeps_that(self, server):
        """What two answers could not mend is not paid for by the night again."""
        nights.make_agency()
        everybody(server, Say(body=answer({**WORDS, "subject": "HACKED"})))

        tried = trying.write(picked())
        night()

        assert {(each.words.source, each.words.reason) for each in tried} == {
            ("TEMPLATE", "ai_unfit")
        }
        assert all(each.objections and each.micros == 2 * 495 for each in tried)
        assert len(server.asked) == 8
        assert set(Draft.objects.values_list("reason", flat=True)) == {"ai_unfit"}

    def test_waits_for_a_review_where_the_client_wants_one(self, server):
        nights.make_agency()
        Client.objects.update(review="ALL")
        trying.write(picked())

        night()

        assert set(Draft.objects.values_list("source", "review")) == {("AI", "PENDING")}

    def test_leaves_out_who_has_gone_since(self, server):
        nights.make_agency()
        left_over()
        found = picked()
        Lead.objects.filter(email=found[0].lead["email"]).update(status="SUPPRESSED")

        assert len(trying.write(found)) == 3

    def test_is_refused_while_a_run_writes(self, server):
        nights.make_agency()
        found = picked()
        starting.start_now(now=timezone.now(), started_by="test")

        with pytest.raises(trying.NotPossible, match="is in progress"):
            trying.write(found)
        assert server.asked == []

    def test_by_two_at_once_is_refused_to_the_second(self, server):
        nights.make_agency()
        found = picked()
        other = connections["default"].copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [trying._LOCK])

            with pytest.raises(trying.NotPossible, match="Somebody is trying"):
                trying.write(found)
            # A session that is closed lets go a moment later, when its server process has ended.
            cursor.execute("SELECT pg_advisory_unlock(%s)", [trying._LOCK])
        other.close()

        assert len(trying.write(found)) == 4

    def test_is_waited_for_by_a_run_that_starts_meanwhile(self, server):
        """Else both would ask, and pay, for the same."""
        nights.make_agency()
        found = picked()
        run = starting.start_now(now=timezone.now(), started_by="test")
        other = connections["default"].copy()
        with (
            contextlib.closing(other),
            other.cursor() as desk,
            connection.cursor() as cursor,
        ):
            desk.execute("SELECT pg_advisory_lock(%s)", [trying._LOCK])

            with pytest.raises(trying.NotPossible, match="Somebody is trying"):
                trying.write(found)  # whether a run is in progress is asked behind the lock
            cursor.execute("SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
                trying.reuse(run, [])

        assert trying.reuse(run, []) == []

    def test_is_forgotten_where_no_run_wants_it(self, server):
        nights.make_agency()
        trying.write(picked())

        TriedDraft.objects.update(created_at=F("created_at") - TriedDraft.KEPT / 2)
        chain.look_after()
        assert TriedDraft.objects.count() == 4
        TriedDraft.objects.update(created_at=F("created_at") - TriedDraft.KEPT)
        chain.look_after()
        assert not TriedDraft.objects.exists()


class TestWhereTheAiGivesNothing:
    @pytest.mark.parametrize(
        ("said", "reason", "kept"),
        [
            pytest.param(error(401, "UNAUTHENTICATED"), "ai_auth", 0, id="key refused"),
            pytest.param(error(404, "NOT_FOUND"), "ai_model", 0, id="no such model"),
            pytest.param(error(503, "UNAVAILABLE"), "ai_error", 0, id="down"),
            pytest.param(Say(body=blocked()), "ai_blocked", 4, id="blocked"),
        ],
    )
    def test_the_template_says_why_and_the_night_asks_again_if_that_helps(
        self, server, said, reason, kept
    ):
        nights.make_agency()
        everybody(server, said)

        tried = trying.write(picked())

        assert {(each.words.source, each.words.reason) for each in tried} == {("TEMPLATE", reason)}
        assert TriedDraft.objects.count() == kept
        assert [each.is_kept for each in tried] == [bool(kept)] * 4

    @pytest.mark.parametrize("name", ["AI_BUDGET_RUN_CENTS", "AI_BUDGET_DAY_CENTS"])
    def test_without_money_nobody_is_asked(self, server, settings, name):
        nights.make_agency()
        setattr(settings, name, 0)

        tried = trying.write(picked())

        assert {each.words.reason for each in tried} == {"ai_budget"}
        assert server.asked == []

    def test_money_for_one_pays_for_one(self, server, settings):
        nights.make_agency()
        settings.AI_BUDGET_DAY_CENTS = 1
        everybody(server, Say(body=answer(usage={"promptTokenCount": 400,
                                                 "candidatesTokenCount": 3_500})))  # fmt: skip

        tried = trying.write(picked())

        assert {each.words.reason for each in tried} == {"", "ai_budget"}
        book = AiBudget.objects.get()
        assert book.spent_micros <= book.cap_micros

    def test_while_the_breaker_is_open_nobody_is_asked(self, server):
        nights.make_agency()
        services.trip("gemini", "It is down.", reason="ai_down")

        assert {each.words.reason for each in trying.write(picked())} == {"ai_down"}
        assert server.asked == []

    def test_an_answer_that_does_not_come_is_not_waited_for(self, server, monkeypatch):
        nights.make_agency()
        monkeypatch.setattr(at_once, "SECONDS", 1.5)
        monkeypatch.setattr(writing, "GRACE", 0.2)
        everybody(server, Say(body=answer(), seconds=30))
        found, began = picked(), timezone.now()

        tried = trying.write(found)

        assert timezone.now() - began < dt.timedelta(seconds=5)
        assert {each.words.reason for each in tried} == {"ai_error"}
        assert set(AiCall.objects.values_list("outcome", flat=True)) == {"LOST"}
        assert not AiBudget.objects.exclude(reserved_micros=0).exists()

    def test_nor_is_a_place_among_the_calls_and_the_night_goes_on(
        self, server, monkeypatch, settings
    ):
        nights.make_agency()
        settings.GEMINI_CONCURRENCY = 1  # the first takes the only place; three wait for it
        monkeypatch.setattr(at_once, "SECONDS", 1.5)
        monkeypatch.setattr(writing, "GRACE", 0.2)
        everybody(server, Say(body=answer(), seconds=30))

        tried = trying.write(picked())

        assert [each.words.reason for each in tried] == ["ai_error"] * 4
        assert sorted(AiCall.objects.values_list("outcome", flat=True)) == [
            "LOST", "REFUSED", "REFUSED", "REFUSED"
        ]  # fmt: skip
        assert not services.breaker("gemini").failing

    def test_a_lead_that_lacks_a_value_is_not_asked_for(self, server):
        nights.make_agency()
        prompt = Prompt(text="Speak of {{Fair}}.")
        found = [replace(each, prompt=prompt) for each in picked()]

        assert {each.words.reason for each in trying.write(found)} == {"missing_value"}
        assert server.asked == []


class TestAtTheDesk:
    def press(self, desk):
        shown = desk.post(SIMULATE)
        return desk.post(
            TRY, {"picked": shown.context["picked"], "pairs": shown.context["cost"].pairs}
        )

    def test_the_simulation_says_what_it_would_cost(self, desk, server):
        nights.make_agency()

        text = desk.post(SIMULATE).content.decode()

        assert "4 drafts to be written" in text
        assert "800 tokens in at $0.30 and 250 out at $2.50 a million" in text
        assert "0.35 cents" in text
        assert "Try five" in text
        assert not AiCall.objects.exists()

    def test_shows_each_draft_with_its_lead_its_cost_and_the_gate(self, desk, server):
        nights.make_agency()
        server.will_say(Say(body=answer({**WORDS, "subject": "HACKED"})))

        page = self.press(desk)

        text = page.content.decode()
        assert text.count("data-tried") == 4
        assert "ann@acme-pipes.com" in text
        assert text.count("0.0495 cents") == 3
        assert "0.0990 cents" in text
        assert "passed at the second try" in text
        assert "4 of 4 by AI, for 0.25 cents paid now." in text
        assert "Run all now" in text
        assert "Ida Ivers" in text

    def test_then_runs_all(self, desk, server):
        nights.make_agency()
        page = self.press(desk)

        desk.post("/admin/pipeline/run/start/", {"press": page.context["press"]})
        nights.work_off()

        assert Run.objects.get().status == "DONE"
        assert len(server.asked) == 4

    def test_without_a_key_says_so_and_shows_the_template(self, desk, settings):
        nights.make_agency()
        assert not settings.GEMINI_API_KEY

        simulated, page = desk.post(SIMULATE), self.press(desk)

        assert "no AI account is set up (GEMINI_API_KEY)" in simulated.content.decode()
        text = page.content.decode()
        assert "These are the template's: no AI account is set up (GEMINI_API_KEY)." in text
        assert text.count("data-tried") == 4
        assert {each["words"].source for each in page.context["tried"]} == {"TEMPLATE"}
        assert not TriedDraft.objects.exists()

    def test_with_nobody_to_write_for_there_is_nothing_to_press(self, desk, server):
        text = desk.post(SIMULATE).content.decode()

        assert "there is nobody to write for" in text
        assert "Try five" not in text

    def test_where_all_is_written_there_is_nothing_to_press(self, desk, server):
        nights.make_agency()
        trying.write(picked())
        run = starting.start_now(now=timezone.now(), started_by="test")
        while not Draft.objects.exists():
            nights.step()
        Run.objects.filter(pk=run.pk).update(status="CANCELLED", ended_at=timezone.now())

        text = desk.post(SIMULATE).content.decode()

        assert "has its draft already" in text

    def test_says_when_the_money_does_not_reach(self, desk, server, settings):
        nights.make_agency()
        settings.AI_BUDGET_RUN_CENTS = 1
        settings.GEMINI_PRICE_OUT = 15

        assert "That pays for about 2 of them" in desk.post(SIMULATE).content.decode()

    @pytest.mark.parametrize(
        "sent", [{}, {"picked": "forged", "pairs": 4}, {"picked": "x", "pairs": "many"}]
    )
    def test_refuses_what_no_simulation_gave(self, desk, server, sent):
        text = desk.post(TRY, sent, follow=True).content.decode()

        assert "Nothing was tried." in text
        assert server.asked == []

    def test_is_for_whom_may_start_runs(self, client):
        client.force_login(User.objects.create_user("viewer", is_staff=True))

        assert client.post(TRY, {"picked": uuid.uuid4(), "pairs": 1}).status_code == 403
        assert client.get(TRY).status_code == 405
