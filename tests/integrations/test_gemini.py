"""The Gemini client against a stand-in that speaks its protocol: every way in which it can fail."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading

import pytest
from django.conf import settings as project

from leadgen.integrations import gemini
from leadgen.integrations.errors import (
    AccountError,
    Dropped,
    Throttled,
    TransientError,
    Unusable,
)
from leadgen.integrations.gemini_answers import Answer
from tests.integrations import gemini_server
from tests.integrations.gemini_calls import KEY, SCHEMA, ask, refusal
from tests.integrations.gemini_server import (
    Say,
    answer,
    because,
    blocked,
    error,
    quota,
    retry_in,
)

ONE_CALL = """
import django
django.setup()
from leadgen.integrations import gemini, loops
asked = gemini.connected().generate(system="Be kind.", data="{}", schema={"type": "object"}, max_output_tokens=9)
loops.submit(asked).result(30)
"""


@pytest.fixture
def server():
    with gemini_server.running() as found:
        yield found


class TestAnAnswer:
    def test_comes_with_what_it_cost(self, server):
        (found,) = ask(server.url)

        assert isinstance(found, Answer)
        assert found.text.startswith('{"subject"')
        assert (found.tokens_in, found.tokens_out) == (400, 150)
        assert found.model_version == "gemini-stand-in-001"
        assert 0 <= found.ms < 5_000

    @pytest.mark.parametrize(
        ("usage", "tokens"),
        [
            pytest.param({"promptTokenCount": 7}, (7, 0), id="nothing said of the answer"),
            pytest.param({}, (0, 0), id="nothing said at all"),
            pytest.param(
                {"promptTokenCount": 7, "candidatesTokenCount": 5, "thoughtsTokenCount": 30},
                (7, 35),
                id="thoughts are paid as output",
            ),
        ],
    )
    def test_may_leave_out_what_it_cost(self, server, usage, tokens):
        server.will_say(Say(body=answer(usage=usage)))

        (found,) = ask(server.url)

        assert (found.tokens_in, found.tokens_out) == tokens

    def test_is_asked_for_as_the_interface_wants_it(self, server):
        ask(server.url, tier="flex")

        (asked,) = server.asked
        config = asked.body["generationConfig"]
        assert (asked.key, asked.version, asked.model) == (KEY, "v1beta", "gemini-test")
        assert (asked.system, asked.data) == ("Be kind.", "{}")
        assert config["responseJsonSchema"] == SCHEMA
        assert config["responseMimeType"] == "application/json"
        assert config["maxOutputTokens"] == 99
        assert asked.body["serviceTier"] == "flex"
        assert "tools" not in asked.body

    def test_that_goes_on_is_not_asked_for_more(self, server):
        """The library would send further paid requests by itself."""
        server.will_say(Say(body=answer(ending="CONTINUATION")))

        assert isinstance(refusal(server.url), Unusable)
        assert len(server.asked) == 1

    def test_comes_to_hundreds_at_once(self, server):
        server.usually = lambda _asked: Say(body=answer(), seconds=0.5)

        found = ask(server.url, times=200, timeout_seconds=30.0)

        assert all(isinstance(each, Answer) for each in found)
        assert server.most_in_flight > 100  # the usual limit of connections


PER_MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
PER_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
EXCEEDED = "You exceeded your current quota, please check your plan and billing details."

# What is said → the error, and what else it tells.
REFUSALS = [
    pytest.param(
        error(429, "RESOURCE_EXHAUSTED", EXCEEDED, quota(PER_MINUTE), retry_in("53s")),
        Throttled, {"retry_after": 53.0}, id="429 per minute",
    ),
    pytest.param(
        error(429, "RESOURCE_EXHAUSTED", EXCEEDED, retry_in("3.5s")),
        Throttled, {"retry_after": 3.5}, id="429 with a delay in fractions",
    ),
    pytest.param(
        error(429, "RESOURCE_EXHAUSTED", EXCEEDED),
        Throttled, {"retry_after": None}, id="429 without details",
    ),
    pytest.param(
        error(429, "RESOURCE_EXHAUSTED", "slow down", headers={"Retry-After": "2"}),
        Throttled, {"retry_after": 2.0}, id="429 with a header",
    ),
    pytest.param(
        error(429, "RESOURCE_EXHAUSTED", EXCEEDED, quota(PER_DAY), retry_in("59s")),
        AccountError, {"reason": "ai_quota", "daily": True}, id="429 per day, whatever the delay",
    ),
    pytest.param(
        error(429, "RESOURCE_EXHAUSTED", "Your project has exceeded its spend limit."),
        AccountError, {"reason": "ai_quota", "daily": False}, id="429 spend limit",
    ),
    pytest.param(
        error(402, "PAYMENT_REQUIRED", "Your prepaid credits are used up."),
        AccountError, {"reason": "ai_quota"}, id="402",
    ),
    pytest.param(
        error(400, "FAILED_PRECONDITION", "Enable billing on your project."),
        AccountError, {"reason": "ai_quota"}, id="400 billing",
    ),
    pytest.param(
        error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
        AccountError, {"reason": "ai_location"}, id="400 location",
    ),
    pytest.param(
        error(400, "INVALID_ARGUMENT", "API key not valid.", because("API_KEY_INVALID")),
        AccountError, {"reason": "ai_auth"}, id="400 bad key",
    ),
    pytest.param(
        error(401, "UNAUTHENTICATED"), AccountError, {"reason": "ai_auth"}, id="401",
    ),
    pytest.param(
        error(403, "PERMISSION_DENIED"), AccountError, {"reason": "ai_auth"}, id="403",
    ),
    pytest.param(
        error(404, "NOT_FOUND", "models/x is not found for API version v1beta"),
        AccountError, {"reason": "ai_model"}, id="404 model",
    ),
    pytest.param(
        error(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
        Unusable, {"reason": "ai_request", "tokens_in": 0}, id="400 a single row",
    ),
    pytest.param(Say(status=413, body="too large", content_type="text/html"), Unusable, {"reason": "ai_request"}, id="413"),
    *(
        pytest.param(error(status, name), TransientError, {}, id=str(status))
        for status, name in (
            (500, "INTERNAL"), (502, "BAD_GATEWAY"), (503, "UNAVAILABLE"),
            (504, "DEADLINE_EXCEEDED"), (408, "TIMEOUT"),
        )
    ),
    pytest.param(
        Say(status=503, body="<html>busy</html>", content_type="text/html"),
        TransientError, {}, id="503 in HTML",
    ),
    pytest.param(
        Say(status=502, body="<html>busy</html>"), Dropped, {}, id="502 in HTML that says JSON",
    ),
    pytest.param(
        Say(status=429, body=["no", {"error": "shape"}]), Throttled, {}, id="429 of no shape",
    ),
    pytest.param(
        Say(status=429, body={"error": {"details": ["x", {"@type": "y/QuotaFailure",
                                                          "violations": [3]}]}}),
        Throttled, {"retry_after": None}, id="429 of a wrong shape",
    ),
]  # fmt: skip

# With status 200.
EMPTY_HANDED = [
    pytest.param(Say(body=blocked()), Unusable, {"reason": "ai_blocked", "tokens_in": 400},
                 id="prompt blocked"),
    pytest.param(Say(body={}), Unusable, {"reason": "ai_empty"}, id="no candidate"),
    pytest.param(Say(body=answer(None)), Unusable, {"reason": "ai_empty", "tokens_out": 150},
                 id="no part"),
    pytest.param(Say(body=answer("  ")), Unusable, {"reason": "ai_empty"}, id="blank"),
    pytest.param(Say(body=answer('{"subj', ending="MAX_TOKENS")), Unusable,
                 {"reason": "ai_cut", "tokens_out": 150}, id="cut"),
    *(
        pytest.param(Say(body=answer(None, ending=ending)), Unusable, {"reason": "ai_blocked"},
                     id=ending)
        for ending in ("SAFETY", "RECITATION", "PROHIBITED_CONTENT", "SPII", "BLOCKLIST",
                       "LANGUAGE", "OTHER")
    ),
    pytest.param(Say(body=answer(None, ending="PUP_LIMITED_DISABLED")), AccountError,
                 {"reason": "ai_limit"}, id="account limited"),
    pytest.param(Say(body="<html>hello</html>", content_type="text/html"), Dropped, {},
                 id="HTML"),
    pytest.param(Say(body='{"candidates": [{"content"'), Dropped, {}, id="JSON cut short"),
    pytest.param(Say(body="[1, 2"), Dropped, {}, id="no JSON at all"),
    pytest.param(Say(body=answer(), promise=500), Dropped, {}, id="connection cut in the answer"),
    pytest.param(Say(hang_up=True), Dropped, {}, id="connection cut before the answer"),
    pytest.param(Say(body=answer(), seconds=3.0), Dropped, {}, id="too slow"),
]  # fmt: skip


class TestARefusal:
    @pytest.mark.parametrize(("said", "kind", "tells"), REFUSALS)
    def test_is_told_by_its_kind(self, server, said, kind, tells):
        server.will_say(said)

        found = refusal(server.url)

        assert type(found) is kind
        assert {name: getattr(found, name) for name in tells} == tells
        assert len(server.asked) == 1  # nobody tries again behind our back

    def test_of_a_server_that_is_not_there_costs_nothing(self):
        assert type(refusal("http://127.0.0.1:9")) is TransientError


class TestAnAnswerThatIsNone:
    @pytest.mark.parametrize(("said", "kind", "tells"), EMPTY_HANDED)
    def test_is_told_by_its_kind_and_its_cost(self, server, said, kind, tells):
        server.will_say(said)

        found = refusal(server.url, timeout_seconds=1.0)

        assert type(found) is kind
        assert {name: getattr(found, name) for name in tells} == tells
        assert len(server.asked) == 1

    @pytest.mark.filterwarnings("ignore:.*is not a valid")
    def test_with_an_ending_that_nobody_knows_yet_is_withheld(self, server):
        server.will_say(Say(body=answer(None, ending="SOMETHING_NEW")))

        assert getattr(refusal(server.url), "reason", "") == "ai_blocked"


class TestAnError:
    @pytest.mark.parametrize(("said", "kind", "tells"), [*REFUSALS[:6], *EMPTY_HANDED[:5]])
    def test_survives_the_way_to_another_process(self, server, said, kind, tells):
        server.will_say(said)
        found = refusal(server.url)

        again = pickle.loads(pickle.dumps(found))  # noqa: S301  (our own)

        assert (type(again), str(again), vars(again)) == (type(found), str(found), vars(found))

    def test_never_holds_the_key_nor_does_a_log(self, server, caplog):
        caplog.set_level(logging.DEBUG)
        echo = f"API key {KEY} not valid"
        for said in (
            error(400, "INVALID_ARGUMENT", echo, because("API_KEY_INVALID")),
            error(400, "INVALID_ARGUMENT", echo),
            error(503, "UNAVAILABLE", echo),
            Say(body=f"<html>{KEY}</html>"),
            Say(hang_up=True),
        ):
            server.will_say(said)
            found = refusal(server.url)

            assert KEY not in f"{found!r} {found} {vars(found)} {found.__cause__!r}"
            assert found.__suppress_context__

        assert KEY not in caplog.text


class TestAProxyOfTheEnvironment:
    NOWHERE = "http://gemini.example"

    def test_is_used(self, server, monkeypatch):
        monkeypatch.setenv("http_proxy", server.url)
        monkeypatch.delenv("no_proxy", raising=False)

        (found,) = ask(self.NOWHERE)

        assert isinstance(found, Answer)
        assert len(server.asked) == 1

    def test_is_left_out_where_no_proxy_says_so(self, server, monkeypatch):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")

        (found,) = ask(server.url)

        assert isinstance(found, Answer)


class TestTheClientOfAProcess:
    @pytest.fixture(autouse=True)
    def _forgotten(self, settings):
        settings.GEMINI_API_KEY = KEY
        gemini.forget()
        yield
        gemini.forget()

    def test_is_made_once_however_many_ask_at_once(self):
        found: list[gemini.Gemini] = []
        barrier = threading.Barrier(16)

        def ask_for_it():
            barrier.wait()
            found.append(gemini.connected())

        threads = [threading.Thread(target=ask_for_it) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len({id(each) for each in found}) == 1

    def test_ends_in_silence_with_its_process(self, server):
        told = {
            "DJANGO_SETTINGS_MODULE": "leadgen.settings",
            "GEMINI_API_KEY": KEY,
            "GEMINI_BASE_URL": server.url,
        }

        ended = subprocess.run(
            [sys.executable, "-c", ONE_CALL],
            check=False,
            cwd=project.BASE_DIR,
            env={**os.environ, **told},
            capture_output=True,
            text=True,
            timeout=60,
        )

        assert (ended.stderr, ended.returncode) == ("", 0)
        assert len(server.asked) == 1

    def test_is_another_one_for_another_account(self, settings):
        before = gemini.connected()
        settings.GEMINI_API_KEY = f"{KEY}-2"

        assert gemini.connected() is not before
