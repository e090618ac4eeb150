"""The Notion client against a double that remembers: each row of the table of answers."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import pytest
from django.utils import timezone

from leadgen.integrations import notion, notion_answers
from leadgen.integrations.errors import ConfigError, PermanentError, Throttled, TransientError
from tests.integrations import notion_double
from tests.integrations.notion_double import DATABASE_ID, SOURCE_ID, Fault

OTHER_SOURCE = "99999999-bbbb-cccc-dddd-eeeeeeeeeeee"
ENTRY = notion.Entry(
    key="run-7-delivery-12",
    title="Germania, 2026-11-25",
    values={
        "Client": "Germania, the one with a comma",
        "Date": "2026-11-25",
        "Leads": 2,
        "AI": 0,
        "Template": 2,
        "Human": 0,
        "Link": "",
        "Mails": "2 of 2 sent",
        "Delivered at": "2026-11-25T02:03:04+00:00",
        "Run": 7,
    },
)


@pytest.fixture
def double(settings, monkeypatch):
    monkeypatch.setattr(notion, "CONFLICT_PAUSES", (0, 0, 0))
    with notion_double.in_use(settings) as found:
        yield found


@pytest.fixture
def client(double):
    found = notion.Notion.from_settings()
    yield found
    found.close()


class TestCreate:
    def test_makes_a_row_of_plain_values(self, double, client):
        page_id = client.create(ENTRY)

        assert list(double.pages) == [page_id]
        assert double.rows() == [
            {
                **ENTRY.values,
                "Link": None,
                "Key": "run-7-delivery-12",
                "Delivery": "Germania, 2026-11-25",
            }
        ]

    def test_looks_at_the_columns_once(self, double, client):
        client.create(ENTRY)
        client.create(ENTRY)

        assert [asked for asked in double.asked if asked.startswith("GET")] == [
            f"GET databases/{DATABASE_ID}",
            f"GET data_sources/{SOURCE_ID}",
        ]

    def test_waits_for_its_turn_before_each_request(self, double, settings):
        turns = []
        client = notion.Notion.from_settings(pace=lambda: turns.append(1))
        client.create(ENTRY)
        client.close()

        assert len(turns) == len(double.asked) == 3

    def test_cuts_what_is_longer_than_notion_takes(self, double, client):
        long = notion.Entry(key="k", title="T" * 5000, values={"Client": "C" * 5000})

        client.create(long)

        (row,) = double.rows()
        assert (len(row["Delivery"]), len(row["Client"])) == (2000, 2000)

    @pytest.mark.parametrize(
        ("fault", "error", "sentence"),
        [
            pytest.param(Fault(429, "rate_limited"), Throttled, "asks for a pause", id="429"),
            pytest.param(Fault(529, "service_overload"), Throttled, "asks for a pause", id="529"),
            pytest.param(Fault(500), notion.Ambiguous, "out of order", id="500"),
            pytest.param(Fault(502), notion.Ambiguous, "out of order", id="502"),
            pytest.param(Fault(503), notion.Ambiguous, "out of order", id="503"),
            pytest.param(Fault(504), notion.Ambiguous, "out of order", id="504"),
            pytest.param(Fault(), notion.Ambiguous, "was lost", id="drop before"),
            pytest.param(Fault(commits=True), notion.Ambiguous, "was lost", id="drop after"),
            pytest.param(Fault(200, body="<html>"), notion.Ambiguous, "was lost", id="HTML with 200"),
            pytest.param(Fault(401, "unauthorized"), ConfigError, "NOTION_INTEGRATION_SECRET", id="401"),
            pytest.param(Fault(403, "restricted_resource"), ConfigError, "capabilities", id="403"),
            pytest.param(Fault(404, "object_not_found"), ConfigError, "NOTION_DATABASE_ID", id="404"),
            pytest.param(Fault(400, "validation_error"), PermanentError, "refused the row", id="400"),
        ],
    )  # fmt: skip
    def test_tells_what_became_of_the_row(self, double, client, fault, error, sentence):
        fault.only = "POST pages"
        double.faults = [fault]

        with pytest.raises(error, match=sentence):
            client.create(ENTRY)

        assert len(double.pages) == (1 if fault.commits else 0)
        assert double.faults == []

    def test_is_ambiguous_where_the_answer_takes_too_long(self, double, client, monkeypatch):
        monkeypatch.setattr(client._client.client, "timeout", 0.05)
        client.source()
        double.lock.acquire()
        try:
            with pytest.raises(notion.Ambiguous, match="was lost"):
                client.create(ENTRY)
        finally:
            double.lock.release()

    def test_tries_a_conflict_again_at_once_three_times(self, double, client):
        double.faults = [Fault(409, "conflict_error", only="POST pages") for _ in range(3)]
        client.create(ENTRY)

        assert len(double.pages) == 1

        double.faults = [Fault(409, "conflict_error", only="POST pages") for _ in range(4)]
        with pytest.raises(TransientError, match="writing there already"):
            client.create(ENTRY)

        assert len(double.pages) == 1


class TestFind:
    def test_returns_the_page_of_the_key_or_nothing(self, double, client):
        page_id = client.create(ENTRY)

        assert client.find("run-7-delivery-12") == page_id
        assert client.find("run-7-delivery-1") == ""

    def test_keeps_the_first_of_two_and_throws_the_other_away(self, double, client):
        first = client.create(ENTRY)
        client.create(ENTRY)

        assert client.find(ENTRY.key) == first
        assert len(double.rows()) == 1

    def test_that_goes_unanswered_leaves_nothing_behind(self, double, client):
        double.faults = [Fault(503, only="POST data_sources")]

        with pytest.raises(TransientError) as raised:
            client.find(ENTRY.key)

        assert not isinstance(raised.value, notion.Ambiguous)


class TestTheDataSource:
    @pytest.mark.parametrize(
        "named",
        [
            pytest.param(f"https://www.notion.so/acme/{DATABASE_ID.replace('-', '')}?v=1", id="url"),
            pytest.param(DATABASE_ID.replace("-", ""), id="no dashes"),
            pytest.param(SOURCE_ID, id="the data source itself"),
        ],
    )  # fmt: skip
    def test_is_found_by_what_people_paste(self, double, settings, named):
        settings.NOTION_DATABASE_ID = named

        assert SOURCE_ID in notion.probe()

    def test_of_several_must_be_named(self, double, settings):
        double.sources = [SOURCE_ID, OTHER_SOURCE]

        with pytest.raises(ConfigError, match=f"2 data sources.*{OTHER_SOURCE}"):
            notion.probe()

        settings.NOTION_DATA_SOURCE_ID = OTHER_SOURCE
        assert OTHER_SOURCE in notion.probe()

    def test_of_another_shape_is_told_of_column_by_column(self, double, client):
        double.types["Leads"] = "rich_text"
        del double.types["Key"], double.types["Run"]

        with pytest.raises(ConfigError) as raised:
            client.create(ENTRY)

        assert (
            "Leads is rich_text, not number; Key (rich_text) is missing; Run (number) is missing."
            in str(raised.value)
        )
        assert double.pages == {}

    def test_that_changed_meanwhile_is_looked_at_again(self, double, client):
        client.create(ENTRY)
        double.types["Headcount"] = double.types.pop("Leads")

        with pytest.raises(PermanentError, match="Leads is not a property that exists"):
            client.create(ENTRY)
        with pytest.raises(ConfigError, match=r"Leads \(number\) is missing"):
            client.create(ENTRY)

    def test_is_given_the_columns_that_it_lacks(self, double):
        double.types = {"Name": "title", "Leads": "number"}

        assert notion.add_missing() == [name for name in notion.COLUMNS if name != "Leads"]

        assert "has all our columns" in notion.probe()
        assert notion.add_missing() == []


class TestProbe:
    @pytest.mark.parametrize(
        ("broken", "error", "sentence"),
        [
            pytest.param({"NOTION_INTEGRATION_SECRET": "wrong"}, ConfigError, "refused NOTION_INTEGRATION_SECRET", id="wrong key"),
            pytest.param({"NOTION_DATABASE_ID": OTHER_SOURCE}, ConfigError, "connect the integration", id="not shared"),
            pytest.param({"NOTION_BASE_URL": "http://127.0.0.1:1"}, TransientError, "cannot be reached", id="unreachable"),
        ],
    )  # fmt: skip
    def test_tells_apart_what_is_wrong(self, double, settings, broken, error, sentence):
        for name, value in broken.items():
            setattr(settings, name, value)

        with pytest.raises(error, match=sentence) as raised:
            notion.probe()

        assert "wrong" not in str(raised.value)

    def test_names_a_permission_that_is_missing(self, double):
        double.types = {"Name": "title"}
        double.capable = False

        with pytest.raises(ConfigError, match="capabilities"):
            notion.add_missing()


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("said", "seconds"),
        [("7", 7), ("0", 1), ("300", 300), (None, 30), ("soon", 30)],
    )
    def test_is_read_as_seconds(self, said, seconds):
        assert notion_answers.retry_after(said) == seconds

    def test_is_read_as_a_date(self):
        said = format_datetime(timezone.now() + dt.timedelta(minutes=2), usegmt=False)

        assert 110 < notion_answers.retry_after(said) <= 121

    def test_is_what_the_client_asks_everybody_to_wait(self, double, client):
        double.faults = [Fault(429, "rate_limited", {"Retry-After": "90"}, only="POST pages")]

        with pytest.raises(Throttled) as raised:
            client.create(ENTRY)

        assert raised.value.retry_after == 90
