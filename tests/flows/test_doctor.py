"""`manage.py doctor`: each part told apart from the next, and what to do about it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import FileSystemStorage
from django.urls import reverse

from leadgen.integrations import notion
from pipeline import doctor, services
from pipeline.models import AiBudget, AiCall, Heartbeat
from tests.flows import commands
from tests.integrations import drive_double, gemini_server, notion_double, post_office
from tests.integrations.gemini_server import Say, answer, because, error

PARTS = ["postgres", "redis", "worker", "beat", "storage", "gemini", "drive", "notion", "smtp"]


def states(found) -> dict[str, str]:
    return {part["part"]: part["state"] for part in found["parts"]}


def finding(part: str) -> doctor.Finding:
    return next(each for each in doctor.examine() if each.part == part)


@pytest.fixture
def alive(db):
    services.beat(services.worker_heartbeat())
    services.beat("beat")


@pytest.mark.django_db
class TestTheObject:
    def test_names_nine_parts_and_is_ok_without_any_account(self, alive):
        code, found = commands.ask("doctor")

        assert code == 0
        assert found["ok"] is True
        assert [part["part"] for part in found["parts"]] == PARTS
        assert states(found) == {
            **dict.fromkeys(PARTS[:5], "ok"),
            **dict.fromkeys(PARTS[5:], "not_configured"),
        }
        assert all(set(part) == {"part", "state", "detail", "fix"} for part in found["parts"])

    def test_exits_with_1_where_a_part_fails(self):
        code, found = commands.ask("doctor")

        assert (code, found["ok"]) == (1, False)
        assert states(found)["worker"] == states(found)["beat"] == "failing"

    def test_is_shown_to_a_person_with_what_to_do(self, alive):
        console = commands.nobody_reads()
        command = doctor_command()
        command.show(doctor.as_json(doctor.examine()), console)

        assert "not configured" in console.export_text()


def doctor_command():
    from pipeline.management.commands.doctor import Command

    return Command()


class TestWithoutAServer:
    def test_says_which_one_and_still_prints_all_parts(self, tmp_path):
        done = commands.run(
            "doctor",
            "--json",
            env=commands.environment(
                DATABASE_URL="postgres://nobody@127.0.0.1:1/none", REDIS_URL="redis://127.0.0.1:1/0"
            ),
        )

        found = commands.the_object(done.stdout)
        assert done.returncode == 1
        assert [part["part"] for part in found["parts"]] == PARTS
        postgres, redis, worker = found["parts"][:3]
        assert postgres["state"] == redis["state"] == "failing"
        assert "DATABASE_URL" in postgres["fix"]
        assert "REDIS_URL" in redis["fix"]
        assert worker["detail"] == "Cannot be seen while PostgreSQL does not answer."


@pytest.mark.django_db
class TestOurOwnParts:
    def test_another_suppression_key_is_named(self, settings, db):
        services.check_suppression_key()
        settings.SUPPRESSION_KEY = "another-key-entirely-" * 3

        found = finding("postgres")

        assert found.state == "failing"
        assert found.detail.startswith("SUPPRESSION_KEY differs")

    def test_a_worker_that_is_silent_is_gone(self, alive):
        assert "1 alive" in finding("worker").detail

        Heartbeat.objects.filter(name__startswith="worker:").delete()

        assert finding("worker").fix.startswith("Run `make up`")

    def test_beat_is_told_from_a_worker_that_ticks_in_its_place(self):
        services.beat("tick")

        assert finding("beat").state == "failing"

        services.beat("beat")
        assert finding("beat").state == "ok"

    def test_storage_that_takes_no_files_is_named(self, settings, tmp_path):
        (tmp_path / "a file").write_text("where a folder should be")
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {
                "BACKEND": f"{FileSystemStorage.__module__}.FileSystemStorage",
                "OPTIONS": {"location": tmp_path / "a file"},
            },
        }

        assert finding("storage").state == "failing"

    def test_links_that_no_client_can_reach_are_told_of(self, settings):
        assert "which no client can reach: set PUBLIC_URL" in finding("storage").detail

        settings.PUBLIC_URL = "https://leads.agency.example"
        assert finding("storage").detail.endswith(
            "Links in mails begin with https://leads.agency.example."
        )


@pytest.mark.django_db
class TestTheMailServer:
    @pytest.fixture(autouse=True)
    def _smtp(self, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_USE_TLS = False

    def test_that_works(self, settings):
        with post_office.opened() as (_, settings.EMAIL_PORT):
            assert finding("smtp").state == "ok"

    @pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
    def test_that_knows_us_not(self, settings):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ida", "wrong"
        with post_office.opened(login=True) as (_, settings.EMAIL_PORT):
            found = finding("smtp")

        assert (found.state, found.detail) == (
            "failing",
            "The mail server refused EMAIL_USER and EMAIL_PASSWORD.",
        )
        assert "app password" in found.fix

    def test_that_does_not_let_us_send_in_our_name(self, settings):
        with post_office.opened() as (office, settings.EMAIL_PORT):
            office.answers = {"MAIL": "553 5.7.1 not your address"}
            found = finding("smtp")

        assert "does not let us send as" in found.detail

    def test_that_cannot_be_reached(self, settings):
        settings.EMAIL_PORT = 1

        found = finding("smtp")

        assert "cannot be reached" in found.detail
        assert "EMAIL_HOST" in found.fix


@pytest.mark.django_db
class TestNotion:
    @pytest.fixture
    def double(self, settings):
        with notion_double.in_use(settings) as found:
            yield found

    def test_that_works(self, double):
        assert finding("notion").state == "ok"

    def test_half_set_up_names_what_is_missing(self, double, settings):
        settings.NOTION_DATABASE_ID = ""

        found = finding("notion")

        assert found.state == "not_configured"
        assert found.detail.startswith("NOTION_DATABASE_ID is not set.")

    def test_with_a_wrong_key(self, double, settings):
        settings.NOTION_INTEGRATION_SECRET = "wrong"

        assert "refused NOTION_INTEGRATION_SECRET" in finding("notion").detail

    def test_with_a_database_that_is_not_shared(self, double):
        double.shared = False

        assert "connect the integration" in finding("notion").detail

    def test_that_cannot_be_reached(self, double, settings):
        settings.NOTION_BASE_URL = "http://127.0.0.1:1"

        found = finding("notion")

        assert "cannot be reached" in found.detail
        assert "NOTION_BASE_URL" in found.fix

    def test_that_lacks_columns_is_given_them(self, alive, double):
        double.types = {"Name": "title"}
        assert "--fix-notion" in finding("notion").fix

        code, found = commands.ask("doctor", "--fix-notion")

        assert code == 0
        assert found["added_to_notion"] == list(notion.COLUMNS)
        assert states(found)["notion"] == "ok"

    def test_whose_integration_may_not_add_columns_says_so(self, double):
        double.types = {"Name": "title"}
        double.capable = False

        code, found = commands.ask("doctor", "--fix-notion")

        assert code == 2
        assert "capabilities" in found["error"]

    def test_is_not_mended_where_it_is_not_set_up(self):
        code, found = commands.ask("doctor", "--fix-notion")

        assert (code, found["error"]) == (2, "Notion is not set up.")


@pytest.mark.django_db
class TestDrive:
    @pytest.fixture
    def double(self, settings):
        with drive_double.serving() as (found, address):
            settings.GOOGLE_DRIVE_CREDENTIALS = drive_double.person(address)
            settings.GOOGLE_DRIVE_BASE_URL = address
            settings.GOOGLE_DRIVE_FOLDER_ID = drive_double.ROOT
            yield found

    def test_that_works_keeps_nothing_of_the_probe(self, double):
        found = finding("drive")

        assert (found.state, found.fix) == ("ok", "")
        assert "made, shared, read and deleted" in found.detail
        assert double.made == []

    @pytest.mark.parametrize(
        ("method", "status", "reason", "says"),
        [
            pytest.param("token", 400, "invalid_grant", "does not accept", id="wrong key"),
            pytest.param(
                "permissions.create", 403, "insufficientFilePermissions", "content manager",
                id="missing permission",
            ),
        ],
    )  # fmt: skip
    def test_that_refuses_us_says_what_to_correct(self, double, method, status, reason, says):
        double.fail(method, status=status, reason=reason)

        found = finding("drive")

        assert found.state == "failing"
        assert says in found.detail
        assert found.fix.startswith("Correct GOOGLE_DRIVE_CREDENTIALS")

    def test_that_is_down_waits(self, double):
        double.down = True

        found = finding("drive")

        assert found.state == "failing"
        assert "cannot be reached" in found.detail
        assert "deliveries wait" in found.fix


class Models(BaseHTTPRequestHandler):
    """What Google says of models to whoever asks, as far as `status` lets it."""

    status = 200

    def do_GET(self) -> None:
        said = {"name": self.path.partition("/v1beta/")[2]}
        refused = {"error": {"code": self.status, "message": "No.", "status": "REFUSED"}}
        body = json.dumps(said if self.status == 200 else refused).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # a question is refused for the same reason

    def log_message(self, *_args: object) -> None:
        pass


@pytest.mark.django_db
class TestGemini:
    @pytest.fixture
    def google(self, settings, monkeypatch):
        settings.GEMINI_API_KEY = "a key"
        with ThreadingHTTPServer(("127.0.0.1", 0), Models) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            settings.GEMINI_BASE_URL = f"http://127.0.0.1:{server.server_address[1]}"
            yield lambda status: monkeypatch.setattr(Models, "status", status)
            server.shutdown()
            thread.join()

    def test_that_works_costs_nothing(self, google, settings):
        found = finding("gemini")

        assert (found.state, found.fix) == ("ok", "")
        assert settings.GEMINI_MODEL in found.detail
        assert not AiCall.objects.exists()

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            pytest.param(401, "does not accept GEMINI_API_KEY", id="wrong key"),
            pytest.param(403, "does not let GEMINI_API_KEY use", id="missing permission"),
            pytest.param(404, "does not know GEMINI_MODEL", id="another model"),
            pytest.param(405, "refused a request (HTTP 405)", id="no such door"),
        ],
    )
    def test_that_refuses_us_says_what_to_correct(self, google, status, said):
        google(status)

        found = finding("gemini")

        assert said in found.detail
        assert found.fix.startswith("Correct GEMINI_API_KEY")

    def test_that_cannot_be_reached(self, settings):
        settings.GEMINI_API_KEY, settings.GEMINI_BASE_URL = "a key", "http://127.0.0.1:1"

        found = finding("gemini")

        assert (found.state, found.detail) == ("failing", "Gemini cannot be reached.")
        assert "GEMINI_BASE_URL" in found.fix

    def test_that_is_not_well_is_waited_for(self, google):
        google(503)

        found = finding("gemini")

        assert (found.state, found.detail) == ("failing", "Gemini is not well (HTTP 503).")
        assert "asked again by itself" in found.fix


@pytest.mark.django_db
class TestAnAiThatListsNoModels:
    """Google itself does, but not each gateway before it: then one word is asked for."""

    @pytest.fixture
    def server(self, settings):
        with gemini_server.running() as found:
            settings.GEMINI_API_KEY, settings.GEMINI_BASE_URL = "a key", found.url
            yield found

    @pytest.mark.parametrize("status", [404, 405, 501])
    @pytest.mark.parametrize("html", [False, True], ids=["JSON", "HTML"])
    def test_is_asked_one_word_which_stands_in_the_ledger(self, server, settings, status, html):
        server.lists = (
            Say(status=status, body="<html>", content_type="text/html")
            if html
            else error(status, "REFUSED")
        )

        found = finding("gemini")

        assert (found.state, found.fix) == ("ok", "")
        assert f"{settings.GEMINI_MODEL} answers" in found.detail
        assert len(server.asked) == 1
        call = AiCall.objects.get()
        assert (call.run, call.lead, call.client) == (None, None, None)
        assert (call.outcome, call.reason, call.micros) == ("PAID", "probe", 495)
        assert AiBudget.objects.values_list("reserved_micros", flat=True).get() == 0

    @pytest.mark.parametrize(
        "said",
        [
            Say(body=answer("{", ending="MAX_TOKENS")),
            Say(body=answer(None)),
            Say(body=answer(usage={})),
        ],
        ids=["cut", "empty", "does not say what it took"],
    )
    def test_whatever_it_answers_it_answers(self, server, said):
        server.will_say(said)

        assert finding("gemini").state == "ok"
        assert AiCall.objects.get().micros > 0

    @pytest.mark.parametrize(
        ("said", "words", "outcome"),
        [
            pytest.param(
                error(400, "INVALID_ARGUMENT", "", because("API_KEY_INVALID")),
                "does not accept GEMINI_API_KEY", "REFUSED", id="wrong key",
            ),
            pytest.param(
                error(403, "PERMISSION_DENIED"), "does not let GEMINI_API_KEY use", "REFUSED",
                id="missing permission",
            ),
            pytest.param(
                error(404, "NOT_FOUND"), "does not know GEMINI_MODEL", "REFUSED", id="no model"
            ),
            pytest.param(error(503, "UNAVAILABLE"), "is not well", "REFUSED", id="down"),
            pytest.param(Say(hang_up=True), "broke off", "LOST", id="hangs up"),
        ],
    )  # fmt: skip
    def test_what_it_refuses_is_said_and_free(self, server, said, words, outcome):
        server.usually = lambda _asked: said

        found = finding("gemini")

        assert (found.state, AiCall.objects.get().outcome) == ("failing", outcome)
        assert words in found.detail

    def test_without_money_says_what_was_not_checked(self, server, settings):
        settings.AI_BUDGET_DAY_CENTS = 0

        found = finding("gemini")

        assert found.state == "ok"
        assert found.detail.startswith("Not checked:")
        assert "today's AI budget has nothing left" in found.detail
        assert server.asked == []


@pytest.mark.django_db
class TestThePage:
    def test_shows_the_same_when_the_button_is_pressed(self, client, alive):
        client.force_login(User.objects.create_superuser("ida"))

        page = client.post(reverse("admin:pipeline_heartbeat_doctor"))

        assert page.status_code == 200
        text = page.content.decode()
        assert "PostgreSQL" in text
        assert "Mails become .eml files." in text

    def test_is_not_asked_by_a_mere_visit(self, client):
        client.force_login(User.objects.create_superuser("ida"))

        assert client.get(reverse("admin:pipeline_heartbeat_doctor")).status_code == 405
        assert (
            "Look at every part now"
            in client.get(reverse("admin:pipeline_heartbeat_changelist")).content.decode()
        )
