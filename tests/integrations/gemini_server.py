"""A stand-in for Gemini: it speaks generateContent, remembers what it was asked, and does as told.

`python -m tests.integrations.gemini_server PORT LATENCY_MS` runs one in a process of its own:
GET /arrivals hands out the moments (seconds, monotonic) at which requests came in, and the most
that were in flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

BODY = (
    "Hello,\n\nI saw what your team does and thought of something that may take work off it. "
    "We would like to show you how others in your place go about it, without a long meeting and "
    "without any obligation on your side. If you find it useful, a short answer is enough and we "
    "will send a few examples that fit what you do. If it is not for you, a word is enough as "
    "well, and you will not hear from us again.\n\nKind regards"
)
WORDS = {
    "subject": "A short question",
    "body": BODY,
    "icebreaker": "Your work deserves tools that keep out of its way.",
    "facts_used": [],
}
USAGE = {"promptTokenCount": 400, "candidatesTokenCount": 150, "totalTokenCount": 550}
_PATH = re.compile(r"/(?P<version>v\w+)/models/(?P<model>[^/:]+):generateContent")


@dataclass(frozen=True, kw_only=True)
class Say:
    """One answer. `body`: JSON, or text or bytes as they are; `hang_up`: no answer at all."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    seconds: float = 0.0
    hang_up: bool = False
    promise: int = 0  # bytes more than are sent: the answer is cut


@dataclass(frozen=True, kw_only=True)
class Asked:
    at: float
    key: str
    version: str
    model: str
    body: dict[str, Any]

    @property
    def data(self) -> str:
        return str(self.body["contents"][0]["parts"][0]["text"])

    @property
    def system(self) -> str:
        return str(self.body["systemInstruction"]["parts"][0]["text"])


def answer(
    words: object = WORDS, *, ending: str | None = "STOP", usage: dict[str, int] | None = None
) -> dict[str, Any]:
    """A whole answer; `words` is JSON, text as it is, or None for no part at all."""
    text = words if isinstance(words, str) else json.dumps(words)
    parts = [] if words is None else [{"text": text}]
    return {
        "candidates": [
            {"content": {"role": "model", "parts": parts}, "finishReason": ending, "index": 0}
        ],
        "usageMetadata": USAGE if usage is None else usage,
        "modelVersion": "gemini-stand-in-001",
        "responseId": "r",
    }


def blocked(reason: str = "SAFETY") -> dict[str, Any]:
    return {"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 400}}


def error(status: int, name: str, message: str = "", *details: dict[str, Any], **say: Any) -> Say:
    """As Google refuses."""
    found: dict[str, Any] = {"code": status, "message": message, "status": name}
    if details:
        found["details"] = list(details)
    return Say(status=status, body={"error": found}, **say)


def quota(quota_id: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaMetric": "m", "quotaId": quota_id, "quotaValue": "20"}],
    }


def retry_in(delay: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def because(reason: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
    }


Script = Callable[[Asked], Say]


class GeminiServer:
    """`says` is used up one by one, then `usually` answers. `asked` remembers every request."""

    def __init__(self, *, latency: float = 0.0) -> None:
        self.says: deque[Say] = deque()
        self.usually: Script = lambda _asked: Say(body=answer(), seconds=latency)
        self.asked: list[Asked] = []
        self.arrivals: list[float] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.paid = 0  # whole answers that were made, whether or not anybody still listened
        self.remembers = True
        self.lists = error(404, "NOT_FOUND")  # to whoever asks for models
        self.url = ""

    def will_say(self, *said: Say) -> None:
        self.says.extend(said)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        arrived = time.monotonic()
        found = _PATH.search(request.path)
        if found is None or request.method != "POST":
            return await _send(request, self.lists)
        self.arrivals.append(arrived)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            asked = Asked(
                at=arrived,
                key=request.headers.get("x-goog-api-key", ""),
                version=found["version"],
                model=found["model"],
                body=await request.json(),
            )
            return await self._answer(request, asked)
        except ConnectionError:  # who asked was killed meanwhile
            return web.Response()
        finally:
            self.in_flight -= 1

    async def _answer(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        if self.remembers:
            self.asked.append(asked)
        said = self.says.popleft() if self.says else self.usually(asked)
        self.paid += said.status == 200
        if said.seconds:
            await asyncio.sleep(said.seconds)
        if said.hang_up:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return await _send(request, said)

    async def tell(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {"arrivals": self.arrivals, "most_in_flight": self.most_in_flight, "paid": self.paid}
        )

    async def serve(self, port: int = 0) -> web.AppRunner:
        app = web.Application(client_max_size=8 << 20)
        app.router.add_get("/arrivals", self.tell)
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner


async def _send(request: web.Request, said: Say) -> web.StreamResponse:
    body = said.body
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    response = web.StreamResponse(status=said.status, headers=said.headers)
    response.content_type = said.content_type
    response.content_length = len(body) + said.promise
    await response.prepare(request)
    await response.write(body)
    if said.promise:
        assert request.transport is not None
        request.transport.close()
    else:
        await response.write_eof()
    return response


async def _end(runner: web.AppRunner) -> None:
    """Also of the answers that are still to be waited for."""
    await runner.cleanup()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextlib.contextmanager
def running(*, latency: float = 0.0) -> Iterator[GeminiServer]:
    """A server on a port of its own, in a thread."""
    server = GeminiServer(latency=latency)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(server.serve(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(runner), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def main(arguments: Sequence[str]) -> None:
    server = GeminiServer(latency=int(arguments[1]) / 1000)
    server.remembers = False

    async def serve() -> None:
        await server.serve(int(arguments[0]))
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main(sys.argv[1:])
