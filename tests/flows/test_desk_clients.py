"""Clients, suppressions, the schedule and accounts at the desk."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from clients.models import Client, Suppression
from pipeline import schedule
from pipeline.admin.schedule import next_night
from tests.factories import NOW, ClientFactory, PlanFactory, SuppressionFactory, complete_run
from tests.flows.nights import key_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


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
        assert context["least_left"] == 0

    def test_says_what_a_blank_cap_means(self, desk):
        client = ClientFactory.create(plan=PlanFactory.create(cap_day=25))

        shown = desk.get(reverse("admin:clients_client_change", args=[client.pk])).content.decode()

        assert "Blank: the plan's, 25. 0: none." in shown
        assert "Blank: the plan's, unlimited. 0: none." in shown

    def test_takes_a_new_client_with_its_rules(self, desk):
        plan = PlanFactory.create()
        form = {
            "name": "Germania", "status": "ACTIVE", "priority": "1", "plan": plan.pk,
            "time_zone": "Europe/Berlin", "emails": "a@germania.example, b@germania.example",
            "offer": "We mend.", "sender_name": "Ida", "footer": "", "extra_columns": "",
            "cap_day": "5", "cap_week": "", "cap_month": "", "cap_total": "0",
            "target_rules-TOTAL_FORMS": "1", "target_rules-INITIAL_FORMS": "0",
            "target_rules-0-field": "country", "target_rules-0-operator": "IN",
            "target_rules-0-values": "Germany,Austria",
        }  # fmt: skip

        response = desk.post("/admin/clients/client/add/", form)

        assert response.status_code == 302, response.context["errors"]
        client = Client.objects.get()
        assert client.emails == ["a@germania.example", "b@germania.example"]
        assert (client.cap_day, client.cap_week, client.cap_total) == (5, None, 0)
        assert client.rules()[0].values == ("Germany", "Austria")

    def test_ends_a_client_but_never_deletes_it(self, desk):
        client = ClientFactory.create()

        response = desk.post(f"/admin/clients/client/{client.pk}/delete/", {"post": "yes"})

        assert response.status_code == 403


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

    def test_may_be_switched_off(self, desk):
        desk.post(
            desk.get(self.LIST)["Location"], {"at": "02:00", "weekdays": ["1"], "time_zone": "UTC"}
        )

        assert next_night(NOW) is None
        assert "Switched off" in desk.get(self.LIST, follow=True).content.decode()


class TestAccounts:
    def test_of_a_new_colleague_may_do_everything(self, desk):
        form = {"username": "bob", "password1": "operator-desk-1", "password2": "operator-desk-1"}

        desk.post("/admin/auth/user/add/", form)

        assert User.objects.get(username="bob").is_superuser
