"""The Gemini client against another's server: https://pypi.org/project/llmock/."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from leadgen.integrations.errors import AccountError, Throttled, TransientError, Unusable
from leadgen.integrations.gemini_answers import Answer
from tests.integrations.gemini_calls import ask, refusal


@pytest.fixture(scope="module")
def url():
    """Another's server, in a process of its own."""
    port = _free_port()
    llmock = str(Path(sys.executable).with_name("llmock"))
    process = subprocess.Popen(
        [llmock, "serve", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait_for(f"http://127.0.0.1:{port}/_llmock/requests")
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


class TestTheClient:
    def test_gets_an_answer_of_the_schema(self, url):
        (found,) = ask(f"{url}/gemini")

        assert isinstance(found, Answer)
        assert '"subject"' in found.text
        assert found.tokens_in > 0

    def test_is_throttled_for_as_long_as_it_says(self, url):
        _script(url, '[{"type": "fail", "status": 429, "retry_after": 7, "times": 1}]')

        found = refusal(f"{url}/gemini")

        assert isinstance(found, Throttled)
        assert found.retry_after == 7.0

    @pytest.mark.parametrize(
        ("behaviour", "kind"),
        [
            pytest.param('{"type": "fail", "status": 503, "times": 1}', TransientError, id="503"),
            pytest.param('{"type": "fail", "status": 400, "times": 1}', Unusable, id="400"),
            pytest.param('{"type": "fail", "status": 401, "times": 1}', AccountError, id="401"),
            pytest.param(
                '{"type": "reply", "text": "x", "finish_reason": "length"}', Unusable, id="cut"
            ),
            pytest.param(
                '{"type": "reply", "text": "", "finish_reason": "content_filter"}',
                Unusable,
                id="withheld",
            ),
        ],
    )
    def test_is_refused_by_its_kind(self, url, behaviour, kind):
        _script(url, f"[{behaviour}]")

        assert type(refusal(f"{url}/gemini")) is kind


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx2.get(url, timeout=2)
        except httpx2.HTTPError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.05)
        else:
            return


def _script(url: str, behaviours: str) -> None:
    said = {"behaviors": json.loads(behaviours)}
    httpx2.post(f"{url}/_llmock/scenario", json=said, timeout=5).raise_for_status()
