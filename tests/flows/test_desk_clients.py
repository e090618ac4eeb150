"""Clients, suppressions, the schedule and accounts at the desk."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from clients.models import Client, Plan, Suppression, TargetRule
from pipeline import schedule, services
from pipeline.admin.schedule import next_night
from tests.factories import (
    NOW,
    ClientFactory,
    LeadFactory,
    PlanFactory,
    SuppressionFactory,
    complete_run,
)
from tests.flows.nights import key_of

pytestmark = pytest.mark.django_db


ADD = "/admin/clients/client/add/"


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


def filled_in(*rules: tuple[str, str, str], **terms: object) -> dict[str, object]:
    """The form of a new client with these rules, as a browser sends it."""
    form: dict[str, object] = {
        "name": "Germania", "status": "ACTIVE", "priority": "1",
        "plan": PlanFactory.create().pk, "time_zone": "Europe/Berlin",
        "emails": "a@germania.example, b@germania.example",
        "offer": "We mend.", "sender_name": "Ida", "footer": "", "extra_columns": "",
        "call_to_action": "", "language": "en", "tone": "PLAIN", "review": "NONE",
        "review_percent": "10", "unreviewed": "HOLD",
        "columns": "", "file_kind": "EXCEL", "place": "DRIVE", "access": "ADDRESSES",
        "access_days": "",
        "cap_day": "5", "cap_week": "", "cap_month": "", "cap_total": "0",
        "weight": "1", "delivery_days": ["1", "2", "3", "4", "5", "6", "7"],
        "pacing": "ASAP", "carry_over": "NONE",
        "target_rules-TOTAL_FORMS": str(len(rules)), "target_rules-INITIAL_FORMS": "0",
    }  # fmt: skip
    for n, (field, operator, values) in enumerate(rules):
        form |= {
            f"target_rules-{n}-field": field,
            f"target_rules-{n}-operator": operator,
            f"target_rules-{n}-values": values,
        }
    return form | terms


def shown(desk: Browser, client: Client) -> str:
    return desk.get(reverse("admin:clients_client_change", args=[client.pk])).content.decode()


class TestTheFileOfAClient:
    def test_may_have_columns_of_its_own(self, desk):
        form = filled_in(columns="email, personalization=icebreaker", access_days="30")

        desk.post(ADD, form)

        client = Client.objects.get()
        assert client.columns == ["email", "personalization=icebreaker"]
        assert (client.file_kind, client.access_days) == ("EXCEL", 30)

    @pytest.mark.parametrize(
        ("columns", "says"),
        [
            ("first_name", "without the column email"),
            ("email=first_name", "without the column email"),
            ("email, a=title, a=company", "Two columns would be called a."),
        ],
    )
    def test_is_refused_with_a_sentence_where_no_tool_could_read_it(self, desk, columns, says):
        assert says in desk.post(ADD, filled_in(columns=columns)).content.decode()
        assert not Client.objects.exists()

    def test_is_not_open_for_longer_than_google_allows(self, desk):
        assert "give 1 to 365 days" in desk.post(ADD, filled_in(access_days="400")).content.decode()


class TestAClientsPage:
    def test_shows_what_it_had_and_what_is_left(self, desk):
        client = ClientFactory.create(plan=PlanFactory.create(cap_total=10))
        complete_run(client=client, leads=2)
        Client.objects.update(cap_day=0)

        context = desk.get(reverse("admin:clients_client_change", args=[client.pk])).context

        windows = [row["window"] for row in context["windows"]]
        assert [(window.cap, window.left) for window in windows] == [
            (0, 0), (None, None), (None, None), (10, 8),
        ]  # fmt: skip
        assert context["promise"].left == 0

    def test_says_what_a_blank_cap_means(self, desk):
        client = ClientFactory.create(plan=PlanFactory.create(cap_day=25))

        shown = desk.get(reverse("admin:clients_client_change", args=[client.pk])).content.decode()

        assert "Blank: the plan's, 25. 0: none." in shown
        assert "Blank: the plan's, unlimited. 0: none." in shown

    def test_takes_a_new_client_with_its_rules(self, desk):
        response = desk.post(ADD, filled_in(("country", "IN", "Germany,Austria")))

        assert response.status_code == 302, response.context["errors"]
        client = Client.objects.get()
        assert client.emails == ["a@germania.example", "b@germania.example"]
        assert (client.cap_day, client.cap_week, client.cap_total) == (5, None, 0)
        assert client.rules()[0].values == ("Germany", "Austria")

    def test_says_which_address_is_none(self, desk):
        response = desk.post(ADD, filled_in(emails="a@germania.example, germania"))

        assert "Address 2: Enter a valid email address." in response.content.decode()

    def test_takes_the_terms_of_a_client(self, desk):
        terms = {
            "delivery_days": ["1", "3"], "pacing": "EVEN", "carry_over": "LAST_MONTH",
            "weight": "2", "money_limit_cents": "0", "max_lead_age_days": "7",
            "max_per_domain": "3", "starts_on": "2026-03-01", "ends_on": "2026-03-31",
            "paused_until": "2026-03-05",
        }  # fmt: skip

        response = desk.post(ADD, filled_in(**terms))

        assert response.status_code == 302, response.context["errors"]
        client = Client.objects.get()
        assert (client.delivery_days, client.pacing, client.weight) == ([1, 3], "EVEN", 2)
        assert (client.money_limit_cents, client.max_lead_age_days) == (0, 7)
        assert (client.starts_on, client.ends_on) == (dt.date(2026, 3, 1), dt.date(2026, 3, 31))

    def test_mails_one_mailbox_once_however_it_is_written(self, desk):
        twice = "Ann@germania.example, b@germania.example, ann@GERMANIA.example"

        desk.post(ADD, filled_in(emails=twice))

        assert Client.objects.get().emails == ["Ann@germania.example", "b@germania.example"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("weight", "0"),
            ("max_per_domain", "0"),
            ("max_lead_age_days", "0"),
            ("review_percent", "101"),
            ("access_days", "366"),
            ("ends_on", "2026-03-01"),
        ],
    )
    def test_says_what_cannot_be_at_the_field_itself(self, desk, field, value):
        response = desk.post(ADD, filled_in(**{"starts_on": "2026-03-02", field: value}))

        assert list(response.context["adminform"].form.errors) == [field]

    def test_shows_nothing_above_a_form_that_was_refused(self, desk):
        client = ClientFactory.create()

        refused = desk.post(
            reverse("admin:clients_client_change", args=[client.pk]), filled_in(name="")
        )

        text = refused.content.decode()
        assert "Please correct the error" in text
        assert "What the last runs gave it" not in text
        assert "What the last runs gave it" in shown(desk, client)

    @pytest.mark.parametrize(
        ("terms", "says"),
        [
            pytest.param(
                {"starts_on": "2026-03-02", "ends_on": "2026-03-01"},
                "The last day lies before the first.",
                id="ends before it starts",
            ),
            pytest.param({"max_lead_age_days": "0"}, "give 1 or more", id="no age"),
            pytest.param({"max_per_domain": "0"}, "leave it blank", id="no lead a company"),
            pytest.param({"weight": "0"}, "A weight is 1 or more", id="no weight"),
        ],
    )
    def test_refuses_terms_that_cannot_be(self, desk, terms, says):
        response = desk.post(ADD, filled_in(**terms))

        assert says in response.content.decode()
        assert not Client.objects.exists()

    @pytest.mark.parametrize(
        ("operator", "values", "says"),
        [
            pytest.param("BETWEEN", "many", "many is no range.", id="no range"),
            pytest.param("BETWEEN", "200, 11", "Nothing lies between 200 and 11", id="empty"),
            pytest.param("BETWEEN", "11,200", "11,200 is one number.", id="thousands"),
            pytest.param("CONTAINS", "*", "needs at least one value", id="any ending"),
        ],
    )
    def test_refuses_a_rule_that_nobody_can_mean(self, desk, operator, values, says):
        response = desk.post(ADD, filled_in(("employees", operator, values)))

        assert says in response.content.decode()
        assert not Client.objects.exists()

    def test_parts_values_but_not_thousands_at_commas(self, desk):
        desk.post(ADD, filled_in(("employees", "BETWEEN", "11-50,1,001-5,000 , 10k+")))

        assert Client.objects.get().rules()[0].values == ("11-50", "1,001-5,000", "10k+")

    def test_names_rules_that_contradict_each_other_when_they_are_saved(self, desk):
        rules = [("country", "IN", "Germany"), ("country", "NOT_IN", "DE")]

        response = desk.post(ADD, filled_in(*rules), follow=True)

        assert "country: Germany is wanted by one rule and refused by another" in (
            response.content.decode()
        )

    @pytest.mark.parametrize(
        ("terms", "says"),
        [
            pytest.param({"delivery_days": []}, "It has no delivery day", id="no day"),
            pytest.param({"paused_until": dt.date(2999, 1, 1)},
                         "It is paused until 1 Jan 2999.", id="paused"),
            pytest.param({"status": "PAUSED"}, "It is paused.", id="paused by hand"),
            pytest.param({"ends_on": dt.date(2020, 1, 1)}, "It ended on 1 Jan 2020.", id="ended"),
            pytest.param({"time_zone": "Mars/Olympus"}, "Its time zone is unknown", id="zone"),
            pytest.param({"pacing": "EVEN"}, "Pacing it evenly needs a cap", id="pacing"),
            pytest.param({"carry_over": "LAST_MONTH"}, "Carrying a month over needs", id="carry"),
            pytest.param(
                {"cap_day": 100, "cap_month": 10},
                "Its cap of 100 a day is more than its 10 a month.",
                id="caps",
            ),
            pytest.param({"money_limit_cents": 5}, "so the money limit has no effect", id="free"),
        ],
    )  # fmt: skip
    def test_says_in_words_what_keeps_it_from_leads(self, desk, terms, says):
        client = ClientFactory.create(**terms)

        assert says in shown(desk, client)

    def test_says_nothing_of_no_effect_where_there_is_no_money_at_all(self, desk):
        """0 means none, though its leads cost nothing."""
        page = shown(desk, ClientFactory.create(money_limit_cents=0))

        assert "Its money of the month is spent." in page
        assert "no effect" not in page

    def test_says_of_blank_caps_only_that_they_are_the_plans(self, desk):
        text = shown(desk, ClientFactory.create(plan=PlanFactory.create(cap_day=25)))

        assert "Blank is the plan's, 0 is none." in text
        assert "Blank is unlimited" not in text

    def test_keeps_a_time_zone_that_is_unknown_until_somebody_chooses(self, desk):
        client = ClientFactory.create(time_zone="Mars/Olympus")

        assert "Mars/Olympus, which is unknown" in shown(desk, client)

    def test_says_what_the_month_comes_to(self, desk):
        client = ClientFactory.create(plan=PlanFactory.create(cap_month=1_000))
        complete_run(client=client, as_of=timezone.now(), leads=2)

        assert "by the end of the month" in shown(desk, client)

    def test_shows_how_many_leads_its_rules_match(self, desk):
        client = ClientFactory.create()
        TargetRule.objects.create(client=client, field="shoe size", operator="IN", values=["42"])
        LeadFactory.create_batch(2)

        page = shown(desk, client)

        assert "Matches <b>0</b> of the last <b>2</b> leads." in page
        assert "shoe size is empty in all of the last 2 leads" in page

    def test_ends_a_client_but_never_deletes_it(self, desk):
        client = ClientFactory.create()

        response = desk.post(f"/admin/clients/client/{client.pk}/delete/", {"post": "yes"})

        assert response.status_code == 403


class TestAPlansPage:
    def test_takes_a_currency_in_small_letters(self, desk):
        form = {"name": "Silver", "price_cents": "40", "currency": "eur"}

        desk.post("/admin/clients/plan/add/", form)

        assert Plan.objects.get().currency == "EUR"

    def test_says_at_the_field_what_a_currency_is(self, desk):
        form = {"name": "Silver", "price_cents": "40", "currency": "E1"}

        errors = desk.post("/admin/clients/plan/add/", form).context["adminform"].form.errors

        assert errors == {"currency": ["Give the currency's three letters, such as USD or EUR."]}


class TestTheList:
    LIST = "/admin/clients/client/"

    def test_says_what_is_left_now_and_what_closes(self, desk):
        ClientFactory.create(cap_day=7)
        ClientFactory.create(cap_day=7, status="PAUSED")
        ClientFactory.create()

        listed = desk.get(self.LIST).context["cl"].result_list

        assert [client.promise.left for client in listed] == [7, 0, None]
        assert "It is paused" in desk.get(self.LIST).content.decode()

    def test_asks_once_for_all_of_a_page(self, desk):
        plan = PlanFactory.create()
        ClientFactory.create(plan=plan)
        with CaptureQueriesContext(connection) as few:
            desk.get(self.LIST)
        ClientFactory.create_batch(9, plan=plan)
        with CaptureQueriesContext(connection) as many:
            desk.get(self.LIST)

        assert len(many) == len(few)


class TestTryingRules:
    TRY = "/admin/clients/client/targeting/"

    def test_says_what_unsaved_rules_would_match(self, desk):
        LeadFactory.create(country="Germany")
        LeadFactory.create(country="France")
        rules = filled_in(("country", "IN", "DE"), ("title", "NOT_CONTAINS", "CEO"))
        rules["target_rules-1-DELETE"] = "on"

        page = desk.post(self.TRY, rules).content.decode()

        assert "Matches <b>1</b> of the last <b>2</b> leads." in page
        assert "contains none of" not in page
        assert not TargetRule.objects.exists()

    def test_names_what_cannot_be_read(self, desk):
        page = desk.post(self.TRY, filled_in(("employees", "BETWEEN", "many"))).content.decode()

        assert "many is no range." in page
        assert "Matches" not in page

    def test_names_contradictions_before_they_are_saved(self, desk):
        rules = filled_in(("country", "IN", "Germany"), ("country", "NOT_IN", "DE"))

        assert "is wanted by one rule" in desk.post(self.TRY, rules).content.decode()

    def test_is_for_a_form_not_for_a_visit(self, desk):
        assert desk.get(self.TRY).status_code == 405

    def test_is_for_those_who_may_change_clients(self, client):
        client.force_login(User.objects.create_user("bob", is_staff=True))

        assert client.post(self.TRY, filled_in()).status_code == 403


class TestTheOverview:
    def test_shows_each_clients_fill_and_what_keeps_it_closed(self, desk):
        client = ClientFactory.create(plan=PlanFactory.create(cap_month=8))
        complete_run(client=client, as_of=timezone.now(), leads=2)
        Client.objects.update(paused_until=dt.date(2999, 1, 1))

        page = desk.get("/admin/").content.decode()

        assert "2 of 8" in page
        assert "It is paused" in page

    def test_tells_of_a_client_without_a_delivery_day(self, desk):
        ClientFactory.create(name="Germania", delivery_days=[])
        ClientFactory.create(name="Franken", time_zone="Mars/Olympus")

        page = desk.get("/admin/").content.decode()

        assert "Germania has no delivery day" in page
        assert "Franken: Mars/Olympus is no time zone" in page

    def test_parts_the_stock_by_age_and_why(self, desk):
        LeadFactory.create(reason="filter", created_at=timezone.now() - dt.timedelta(days=40))

        page = desk.get("/admin/")

        (row,) = page.context["stock"]
        assert (row.reason, row.by_age) == ("filter", (0, 0, 0, 1))
        assert '<span class="desk-folded">over 30: </span>1</td>' in page.content.decode()

    def test_asks_as_often_for_thirty_clients_as_for_one(self, desk):
        plan = PlanFactory.create()
        ClientFactory.create(plan=plan)
        with CaptureQueriesContext(connection) as few:
            desk.get("/admin/")
        ClientFactory.create_batch(29, plan=plan)
        with CaptureQueriesContext(connection) as many:
            desk.get("/admin/")

        assert len(many) == len(few)


class TestSuppressions:
    LIST = "/admin/clients/suppression/"
    ADD = "/admin/clients/suppression/add/"

    def add(self, desk, text="", *, client="", content: bytes | None = None):
        file = {} if content is None else {"file": SimpleUploadedFile("list.csv", content)}
        return desk.post(self.ADD, {"entries": text, "client": client, **file}, follow=True)

    def test_keep_the_key_and_not_the_address(self, desk):
        response = self.add(desk, " Eve@Elm-Foods.com ")

        row = Suppression.objects.get()
        assert (row.kind, row.key, row.client) == ("ADDRESS", key_of("eve@elm-foods.com"), None)
        assert "elm-foods" not in response.content.decode().lower()
        assert "1 taken, 0 known already." in response.content.decode()
        logged = LogEntry.objects.get()
        assert (logged.user.get_username(), logged.object_repr, logged.change_message) == (
            "ida", "1 taken, 0 known already", "Suppressed for everybody."
        )  # fmt: skip

    def test_are_not_taken_under_another_key(self, desk, settings):
        services.check_suppression_key()
        settings.SUPPRESSION_KEY = "another-key-entirely-" * 3

        response = self.add(desk, "eve@elm-foods.com")

        assert "SUPPRESSION_KEY differs" in response.content.decode()
        assert not Suppression.objects.exists()

    def test_may_be_one_clients_own(self, desk):
        client = ClientFactory.create()

        self.add(desk, "eve@elm-foods.com", client=client.pk)

        assert Suppression.objects.get().client == client

    def test_come_as_a_list_that_is_counted(self, desk):
        SuppressionFactory.create(key=key_of("eve@elm-foods.com"))
        content = b"\xef\xbb\xbfEmail;Name\r\neve@elm-foods.com;Eve\r\n;Nobody\r\n@acme.com;All\r\n"

        response = self.add(desk, "+49 30 1234567", content=content)

        assert "2 taken, 1 known already, 1 not understood: ;Nobody." in response.content.decode()
        assert sorted(Suppression.objects.values_list("kind", "key")) == sorted([
            ("ADDRESS", key_of("eve@elm-foods.com")),
            ("DOMAIN", key_of("acme.com")),
            ("PHONE", key_of("49301234567")),
        ])  # fmt: skip

    @pytest.mark.parametrize(
        ("typed", "says"),
        [
            pytest.param({"text": "nobody"}, "No address, domain or phone: nobody.", id="none"),
            pytest.param({}, "Type at least one address", id="nothing"),
            pytest.param({"content": b"PK\x03\x04\x00"}, "This is no text file.", id="binary"),
        ],
    )
    def test_are_refused_with_a_sentence(self, desk, typed, says):
        response = self.add(desk, **typed)

        assert says in response.content.decode()
        assert not Suppression.objects.exists()

    def test_need_the_permission(self, client):
        client.force_login(User.objects.create_user("bob", is_staff=True))

        assert client.post(self.ADD, {"entries": "eve@elm-foods.com"}).status_code == 403
        assert not Suppression.objects.exists()

    @pytest.mark.parametrize(
        ("kind", "stored", "typed"),
        [
            pytest.param("ADDRESS", "eve@elm-foods.com", "EVE@elm-foods.com", id="address"),
            pytest.param("DOMAIN", "elm-foods.com", "@Elm-Foods.com", id="domain"),
            pytest.param("PHONE", "49301234567", "0049 (30) 123-4567", id="phone"),
        ],
    )
    def test_are_found_by_what_is_typed(self, desk, kind, stored, typed):
        wanted = SuppressionFactory.create(kind=kind, key=key_of(stored))
        SuppressionFactory.create(key=key_of(stored + "x"))

        found = desk.get(self.LIST, {"q": typed})

        assert list(found.context["cl"].result_list) == [wanted]

    def test_show_their_kind_and_for_whom(self, desk):
        client = ClientFactory.create(name="Germania")
        row = SuppressionFactory.create(kind="DOMAIN", client=client)

        for page in (self.LIST, f"{self.LIST}{row.pk}/change/"):
            shown = desk.get(page).content.decode()
            assert "Domain, with all below it" in shown
            assert "Germania only" in shown


class TestTheSchedule:
    LIST = "/admin/django_celery_beat/periodictask/"

    def test_is_one_page_for_the_one_night(self, desk):
        night = PeriodicTask.objects.get(name=schedule.NIGHTLY)
        tick = PeriodicTask.objects.get(name="Tick")

        assert desk.get(self.LIST)["Location"] == f"{self.LIST}{night.pk}/change/"
        assert desk.get(f"{self.LIST}{tick.pk}/change/")["Location"] == "/admin/"
        assert desk.get(f"{self.LIST}add/").status_code == 403

    def test_takes_a_time_days_and_a_zone(self, desk):
        form = {
            "at": "23:15",
            "weekdays": ["1", "5"],
            "time_zone": "Europe/Berlin",
            "enabled": "on",
        }

        response = desk.post(desk.get(self.LIST)["Location"], form)

        assert response.status_code == 302
        monday = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
        assert next_night(monday) == dt.datetime(2026, 11, 23, 22, 15, tzinfo=dt.UTC)
        assert next_night(monday + dt.timedelta(days=1)) == dt.datetime(
            2026, 11, 27, 22, 15, tzinfo=dt.UTC
        )

    def test_is_told_on_the_overview_in_its_own_zone(self, desk):
        form = {"at": "23:15", "weekdays": list("0123456"), "time_zone": "Pacific/Auckland"}
        desk.post(desk.get(self.LIST)["Location"], {**form, "enabled": "on"})

        shown = desk.get("/admin/").content.decode()

        assert "<b>23:15</b>" in shown
        assert ", Pacific/Auckland</em>" in shown

    def test_may_be_switched_off(self, desk):
        desk.post(
            desk.get(self.LIST)["Location"], {"at": "02:00", "weekdays": ["1"], "time_zone": "UTC"}
        )

        assert next_night(NOW) is None
        assert "Switched off" in desk.get(self.LIST, follow=True).content.decode()

    def test_is_told_as_it_is_stored_where_the_form_is_refused(self, desk):
        refused = desk.post(desk.get(self.LIST)["Location"], {"at": "02:00", "time_zone": "UTC"})

        assert refused.status_code == 200
        assert "Switched off" not in refused.content.decode()


class TestAccounts:
    def test_of_a_new_colleague_may_do_everything(self, desk):
        form = {"username": "bob", "password1": "operator-desk-1", "password2": "operator-desk-1"}

        desk.post("/admin/auth/user/add/", form)

        assert User.objects.get(username="bob").is_superuser
