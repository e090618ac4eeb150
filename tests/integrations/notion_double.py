"""A Notion that remembers: databases, data sources and pages of API version 2025-09-03, over HTTP.

Every request is checked against `notion_schemas`; one that does not fit is answered as Notion
would, and kept in `complaints`. Faults are queued in `faults`, one for each request to come.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jsonschema

from leadgen.integrations import notion
from tests.integrations.notion_schemas import ALTER, CREATE, QUERY, UPDATE

SECRET = "ntn_of_an_invented_workspace"
DATABASE_ID = "11111111-2222-3333-4444-555555555555"
SOURCE_ID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
OURS = {
    "Key": "rich_text", "Client": "rich_text", "Date": "date", "Leads": "number", "AI": "number",
    "Template": "number", "Human": "number", "Link": "url", "Mails": "rich_text",
    "Delivered at": "date", "Run": "number",
}  # fmt: skip


@dataclass
class Fault:
    """How one request goes wrong: answered with `status`, or not at all.

    `commits`: it is carried out all the same, and only its answer is lost.
    """

    status: int = 0
    code: str = "internal_server_error"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    commits: bool = False
    only: str = ""  # a method and path it waits for, such as "POST pages"


@dataclass
class Refused(Exception):
    """An answer of 4xx, as Notion words it."""

    status: int
    code: str
    message: str


class NotionDouble(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.types: dict[str, str] = {"Delivery": "title", **OURS}
        self.sources = [SOURCE_ID]
        self.pages: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []  # "POST pages", "GET databases/…"
        self.complaints: list[str] = []
        self.faults: list[Fault] = []
        self.shared = True
        self.capable = True
        self.lock = threading.RLock()
        self.counter = itertools.count()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def rows(self) -> list[dict[str, Any]]:
        """The pages that are not thrown away, as plain values."""
        return [
            {name: _plain(value) for name, value in page["properties"].items()}
            for page in self.pages.values()
            if not page["archived"]
        ]

    def take_fault(self, asked: str) -> Fault | None:
        for fault in self.faults:
            if not fault.only or asked.startswith(fault.only):
                self.faults.remove(fault)
                return fault
        return None

    # What it can do

    def answer(self, method: str, path: list[str], body: Any) -> dict[str, Any]:
        known = {
            ("GET", "databases"): self.database,
            ("GET", "data_sources"): self.source,
            ("PATCH", "data_sources"): self.alter,
            ("POST", "data_sources"): self.query,
            ("POST", "pages"): self.create,
            ("PATCH", "pages"): self.update,
        }
        act = known.get((method, path[0]))
        if act is None:
            raise Refused(400, "invalid_request_url", "Invalid request URL.")
        return act(path[1] if len(path) > 1 else "", body)

    def database(self, name: str, _body: Any) -> dict[str, Any]:
        if not self.shared or name != DATABASE_ID:
            raise Refused(404, "object_not_found", "Could not find database.")
        named = [{"id": each, "name": f"Source {n}"} for n, each in enumerate(self.sources, 1)]
        return {"object": "database", "id": name, "data_sources": named}

    def source(self, name: str, _body: Any) -> dict[str, Any]:
        if not self.shared or name not in self.sources:
            raise Refused(404, "object_not_found", "Could not find data source.")
        properties = {
            each: {"id": each, "name": each, "type": kind, kind: {}}
            for each, kind in self.types.items()
        }
        return {"object": "data_source", "id": name, "properties": properties}

    def alter(self, name: str, body: Any) -> dict[str, Any]:
        self.check(body, ALTER)
        self.may_write()
        self.types |= {each: next(iter(kind)) for each, kind in body["properties"].items()}
        return self.source(name, None)

    def query(self, name: str, body: Any) -> dict[str, Any]:
        self.check(body, QUERY)
        self.source(name, None)
        wanted = body["filter"]
        found = [
            page
            for page in self.pages.values()
            if not page["archived"]
            and _plain(page["properties"][wanted["property"]]) == wanted["rich_text"]["equals"]
        ]
        found.sort(key=lambda page: page["made"])
        return {"object": "list", "results": found[: body.get("page_size", 100)], "has_more": False}

    def create(self, _name: str, body: Any) -> dict[str, Any]:
        self.check(body, CREATE)
        self.may_write()
        self.source(body["parent"]["data_source_id"], None)
        self.check_values(body["properties"])
        page = {
            "object": "page",
            "id": str(uuid.uuid4()),
            "archived": False,
            "made": next(self.counter),
            "properties": body["properties"],
        }
        self.pages[str(page["id"])] = page
        return page

    def update(self, name: str, body: Any) -> dict[str, Any]:
        self.check(body, UPDATE)
        self.may_write()
        if name not in self.pages:
            raise Refused(404, "object_not_found", "Could not find page.")
        self.check_values(body.get("properties", {}))
        page = self.pages[name]
        page["properties"] |= body.get("properties", {})
        page["archived"] = body.get("archived", page["archived"])
        return page

    def may_write(self) -> None:
        if not self.capable:
            raise Refused(403, "restricted_resource", "Insufficient permissions for this endpoint.")

    def check(self, body: Any, schema: Any) -> None:
        try:
            jsonschema.validate(body, schema)
        except jsonschema.ValidationError as error:
            self.complaints.append(error.message)
            raise Refused(
                400, "validation_error", f"body failed validation: {error.message}"
            ) from None

    def check_values(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            kind = next(iter(value))
            if name not in self.types:
                raise Refused(400, "validation_error", f"{name} is not a property that exists.")
            if self.types[name] != kind:
                raise Refused(
                    400, "validation_error", f"{name} is expected to be {self.types[name]}."
                )


def _plain(value: dict[str, Any]) -> Any:
    kind, held = next(iter(value.items()))
    if kind in {"title", "rich_text"}:
        return "".join(each["text"]["content"] for each in held)
    return held["start"] if kind == "date" and held else held


class _Request(BaseHTTPRequestHandler):
    server: NotionDouble
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.serve()

    do_POST = do_PATCH = do_GET

    def log_message(self, *_args: Any) -> None:
        pass

    def serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        path = self.path.removeprefix("/v1/")
        with self.server.lock:
            asked = f"{self.command} {path}"
            self.server.asked.append(asked)
            fault = self.server.take_fault(asked)
            if fault is None:
                self.say(*self.obey(path, body))
            else:
                self.fail(fault, path, body)

    def fail(self, fault: Fault, path: str, body: Any) -> None:
        if fault.commits:
            self.obey(path, body)
        if fault.status:
            self.say(fault.status, fault.body or _error(fault), fault.headers)
        else:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def obey(self, path: str, body: Any) -> tuple[int, str]:
        status, answer = self.answer(path, body)
        return status, json.dumps(answer)

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        if self.headers.get("Authorization") != f"Bearer {SECRET}":
            return 401, _words(401, "unauthorized", "API token is invalid.")
        if self.headers.get("Notion-Version") != "2025-09-03":
            return 400, _words(400, "missing_version", "Notion-Version header should be set.")
        try:
            return 200, self.server.answer(self.command, path.split("/"), body)
        except Refused as refused:
            return refused.status, _words(refused.status, refused.code, refused.message)

    def say(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


def _words(status: int, code: str, message: str) -> dict[str, Any]:
    return {"object": "error", "status": status, "code": code, "message": message}


def _error(fault: Fault) -> str:
    return json.dumps(_words(fault.status, fault.code, "Something went wrong."))


@contextlib.contextmanager
def running() -> Iterator[NotionDouble]:
    """A double on a port of its own."""
    with NotionDouble() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def use(settings: Any, server: NotionDouble) -> None:
    """Point the product at the double."""
    settings.NOTION_INTEGRATION_SECRET = SECRET
    settings.NOTION_DATABASE_ID = DATABASE_ID
    settings.NOTION_DATA_SOURCE_ID = ""
    settings.NOTION_BASE_URL = server.url


@contextlib.contextmanager
def in_use(settings: Any) -> Iterator[NotionDouble]:
    """The product logs to a double, which has nothing to complain of in the end."""
    with running() as server:
        use(settings, server)
        yield server
        notion.hang_up()
        assert server.complaints == []
