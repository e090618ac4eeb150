"""The operator's desk: who may see it, that every page answers, and that history stays history."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from clients.models import WINDOWS, TargetRule
from pipeline import dashboard, drafts, schedule, seats, services
from pipeline.admin.desk import History
from pipeline.admin.filters import LEAD_CODES
from pipeline.models import Run, ServiceState, SourceProfile
from pipeline.reasons import REASONS, in_words
from pipeline.shown import admin_url
from tests.factories import (
    AiCallFactory,
    ChunkFactory,
    DeliveryFactory,
    LeadFileFactory,
    MailFactory,
    RunFactory,
    StageRunFactory,
    SuppressionFactory,
    complete_run,
)

pytestmark = pytest.mark.django_db

OPEN = ("/admin/login/", "/admin/logout/")
BUTTONS = re.compile(r'(?:<form[^>]* action|formaction|hx-post|href(?=="[^"]+/add/"))="([^"]+)"')


def addresses(patterns: list[Any], prefix: str = "/admin/") -> Iterator[str]:
    """Every address of the admin, with 1 in each gap; Django's own catch-alls by an example."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern) and isinstance(entry.pattern, RoutePattern):
            yield prefix + re.sub(r"<[^>]+>", "1", str(entry.pattern))
    if prefix == "/admin/":
        yield from ("/admin/pipeline/", "/admin/nowhere/")


def page(model: Any, name: str, *args: object) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=args)


MODELS = [pytest.param(model, id=model.__name__) for model in admin.site._registry]
HISTORY = [
    pytest.param(model, id=model.__name__)
    for model, found in admin.site._registry.items()
    if isinstance(found, History)
]


@pytest.fixture
def desk(client: Browser) -> Browser:
    """A browser in which the operator is logged in."""
    client.force_login(User.objects.create_superuser("ida"))
    return client


MANY_OF_ONE = re.compile(
    r"(?<![\d,.:-])1 (?:leads|rows|rejected rows|fields|deliveries|mails|drafts|files|times)\b"
)
UNDONE = {
    "removed": 1, "restored": 1, "promoted": 1, "rejections": 1, "kept": {"count": 1, "leads": []},
}  # fmt: skip


def words_of(response: Any) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", "", response.content.decode()).split())


def onlooker() -> User:
    """Somebody who may see everything and change nothing."""
    found = User.objects.create_user("eve", is_staff=True)
    found.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return found


@pytest.fixture
def rows() -> None:
    """At least one row of everything that the desk shows."""
    night = complete_run()
    failed = DeliveryFactory.create(run=night.run, status="FAILED", error="Refused.")
    MailFactory.create(delivery=failed, status="UNKNOWN", error="No answer.")
    SuppressionFactory.create(client=night.client)
    TargetRule.objects.create(client=night.client, field="country", operator="IN", values=["DE"])
    ServiceState.objects.create(service="smtp", failures=1, last_error="No answer.")
    AiCallFactory.create(run=night.run, client=night.client, lead=night.left_over)
    services.beat("worker:night-shift:17")
    SourceProfile.objects.create(source="Apollo", updated_by="ida")


class TestWhoMaySeeIt:
    @pytest.mark.parametrize("address", sorted({*addresses(admin.site.get_urls())} - {*OPEN}))
    def test_nobody_without_a_login(self, client, address):
        response = client.get(address)

        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")

    def test_nobody_whose_account_is_no_operators(self, client):
        client.force_login(User.objects.create_user("guest"))

        assert client.get("/admin/").status_code == 302

    def test_a_login_leads_to_the_overview(self, client):
        User.objects.create_superuser("ida", password="operator-desk-1")

        response = client.post(
            "/admin/login/?next=/admin/", {"username": "ida", "password": "operator-desk-1"}
        )

        assert response["Location"] == "/admin/"

    def test_the_start_page_offers_no_password_of_its_own(self, client):
        assert b"password" in client.get("/admin/login/").content


class TestPages:
    @pytest.mark.parametrize("model", MODELS)
    def test_answer_where_there_are_rows(self, desk, rows, model):
        found = admin.site._registry[model]
        row = model.objects.order_by("pk").first()
        if model is PeriodicTask:
            row = model.objects.get(name=schedule.NIGHTLY)
        request = desk.get("/admin/").wsgi_request

        shown = [page(model, "changelist"), page(model, "change", row.pk)]
        if found.has_add_permission(request):
            shown.append(page(model, "add"))

        for address in shown:
            response = desk.get(address, follow=True)
            assert response.status_code == 200, address
            assert "exist. Perhaps it was deleted" not in response.content.decode(), address

    @pytest.mark.parametrize("model", MODELS)
    def test_answer_whoever_may_only_look(self, client, rows, model):
        client.force_login(onlooker())
        row = model.objects.order_by("pk").first()
        if model is PeriodicTask:
            row = model.objects.get(name=schedule.NIGHTLY)

        response = client.get(page(model, "change", row.pk))

        assert response.status_code == 200

    @pytest.mark.parametrize("model", MODELS)
    def test_offer_no_button_to_whoever_may_only_look(self, client, rows, model):
        """It would refuse."""
        RunFactory.create(status="FAILED")
        client.force_login(onlooker())
        row = model.objects.order_by("pk").last()
        shown = [page(model, "changelist"), page(model, "change", row.pk), "/admin/"]

        found = {
            button
            for address in shown
            for button in BUTTONS.findall(client.get(address, follow=True).content.decode())
        }

        assert found <= {"/admin/logout/"}

    @pytest.mark.parametrize("model", MODELS)
    def test_answer_where_there_is_nothing(self, desk, model):
        assert desk.get(page(model, "changelist"), follow=True).status_code == 200

    def test_the_overview_answers_with_and_without_rows(self, desk, request):
        assert b"No run yet" in desk.get("/admin/").content

        request.getfixturevalue("rows")

        assert b"Last run" in desk.get("/admin/").content

    def test_count_one_as_one(self, desk):
        night = complete_run(leads=1)
        lone = LeadFileFactory.create(run=night.run)
        undone = LeadFileFactory.create(status="UNDONE", undo_by="ida", undo_result=UNDONE)
        unfinished = DeliveryFactory.create(status="WAITING", rows=1)
        shown: list[Any] = [
            night.run, lone, undone, unfinished.run, night.given[0].lead, night.client
        ]  # fmt: skip

        found = {
            words
            for address in ("/admin/", *map(admin_url, shown))
            for words in MANY_OF_ONE.findall(words_of(desk.get(address)))
        }

        assert not found

    def test_say_in_which_zone_their_times_are(self, desk, settings):
        assert f"All times in {settings.TIME_ZONE}" in desk.get("/admin/").content.decode()

    def test_the_sidebar_follows_the_operators_day(self, desk):
        groups = desk.get("/admin/").context["sidebar_navigation"]

        assert [item["title"] for group in groups for item in group["items"]] == [
            "Overview",
            "Lead files",
            "Leads",
            "Rejected rows",
            "Sources",
            "Clients",
            "Plans",
            "Suppressions",
            "Review",
            "Drafts",
            "Prompts",
            "Runs",
            "Deliveries",
            "Mails",
            "AI calls",
            "Nightly schedule",
            "Services",
            "Users",
        ]


class TestHistory:
    @pytest.mark.parametrize("model", HISTORY)
    def test_takes_no_change_and_no_delete(self, desk, rows, model):
        row = model.objects.order_by("pk").first()
        before = model.objects.values().get(pk=row.pk)

        changed = desk.post(page(model, "change", row.pk), {"status": "DONE"})
        deleted = desk.post(page(model, "delete", row.pk), {"post": "yes"})
        chosen = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        desk.post(page(model, "changelist"), chosen)

        assert (changed.status_code, deleted.status_code) == (403, 403)
        assert model.objects.values().get(pk=row.pk) == before

    @pytest.mark.parametrize("model", HISTORY)
    def test_takes_no_new_row_but_an_upload(self, desk, rows, model):
        before = model.objects.count()

        response = desk.post(page(model, "add"), {})

        assert response.status_code == (200 if model.__name__ == "LeadFile" else 403)
        assert model.objects.count() == before

    def test_shows_no_form(self, desk, rows):
        shown = desk.get(page(Run, "change", Run.objects.get().pk)).content.decode()

        assert 'name="_save"' not in shown


class TestLists:
    @pytest.mark.parametrize("model", MODELS)
    def test_ask_no_more_the_more_rows_there_are(self, desk, rows, model):
        address = page(model, "changelist")
        desk.get(address)  # warms what is asked for once per process
        few = queries(desk, address)

        for _ in range(3):
            night = complete_run()
            ChunkFactory.create_batch(3, stage_run=StageRunFactory.create(run__status="FAILED"))
            SuppressionFactory.create(client=night.client)

        assert queries(desk, address) == few

    @pytest.mark.parametrize(
        "filters", ["run=1", "run=999", "run=x", "file=999", "reason=bad_email", "reason=x"]
    )
    def test_survive_filters_of_rows_that_are_not_there(self, desk, rows, filters):
        for name in ("lead", "rejection"):
            assert desk.get(f"/admin/pipeline/{name}/?{filters}", follow=True).status_code == 200


def queries(desk: Browser, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        desk.get(address)
    return len(asked)


class TestTheOverview:
    def test_names_what_a_person_should_look_at(self, desk):
        run = RunFactory.create(status="FAILED", error="The disk is full.")

        words = [problem.words for problem in desk.get("/admin/").context["problems"]]

        assert words == [
            "No worker is alive: nothing is worked on. Start one with `make up`.",
            f"Run {run.pk} failed: The disk is full.",
        ]

    @pytest.mark.parametrize(
        ("make", "columns", "words"),
        [
            (DeliveryFactory, {"status": "FAILED"}, "1 delivery failed for good."),
            (DeliveryFactory, {"status": "WAITING"}, "1 delivery waits and will go on by itself."),
            (MailFactory, {"status": "FAILED"}, "1 mail refused by the mail server."),
        ],
    )
    def test_counts_what_its_links_show(self, desk, make, columns, words):
        for days in (1, 40):
            row = make.create(**columns)
            at = timezone.now() - dt.timedelta(days=days)
            type(row).objects.filter(pk=row.pk).update(created_at=at)

        found = next(
            one for one in dashboard.problems(now=timezone.now(), workers=[]) if one.words == words
        )

        assert desk.get(found.url).context["cl"].result_count == 1

    def test_offers_to_watch_a_run_instead_of_starting_one(self, desk):
        run = RunFactory.create(status="RUNNING")

        shown = desk.get("/admin/").content.decode()

        assert f"Watch run {run.pk}" in shown
        assert "/run/start/" not in shown


class TestReasons:
    def test_know_every_code_the_allocator_gives(self):
        caps = {f"cap_{window}" for window in WINDOWS}

        assert {
            *seats.CLOSENESS,
            seats.OUTBID,
            seats.CAP_DOMAIN,
            *caps,
            drafts.NO_ACCOUNT,
            drafts.NO_DRAFT,
        } <= REASONS.keys()

    def test_are_all_offered_where_leads_are_filtered(self):
        assert {*seats.CLOSENESS, seats.OUTBID, seats.CAP_DOMAIN} <= set(LEAD_CODES)

    def test_show_an_unknown_code_as_it_is(self):
        assert in_words("sold_out") == "sold out"
