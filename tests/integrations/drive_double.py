"""A Google Drive of our own, over plain HTTP: files, folders, rights, ids, and its bad days.

Every request must be a method of the discovery document that google-api-python-client brings,
with parameters that the method has and the right kind of body; `mistakes` lists what was not.
`fail` makes it refuse, be slow, or drop the connection before or after it has done the work.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import googleapiclient

FOLDER = "application/vnd.google-apps.folder"
ROOT = "the-shared-folder"
DRIVE_ID = "a-shared-drive"
ME = "robot@agency.example"
_DOCUMENT = json.loads(
    (Path(googleapiclient.__file__).parent / "discovery_cache/documents/drive.v3.json").read_text()
)
_COMMON = {"alt", "fields", "key", "prettyPrint", "quotaUser", "uploadType", "upload_id"}


@dataclass
class Fault:
    """What happens to the next request of a method; `after`: once it has been done."""

    method: str
    status: int = 0
    reason: str = ""
    message: str = "no"
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False
    skip: int = 0  # requests of the method that are let through before
    body: bytes | None = None


@dataclass
class Asked:
    """A request that came."""

    method: str
    parameters: dict[str, str]
    body: Any


class Methods:
    """The discovery document, asked by verb and path."""

    def __init__(self) -> None:
        self._known = []
        for resource, found in _DOCUMENT["resources"].items():
            for name, spec in found.get("methods", {}).items():
                for path in _paths(spec):
                    pattern = re.sub(r"\{\w+\}", "([^/]+)", path)
                    self._known.append((spec["httpMethod"], re.compile(pattern), spec, path))
                    spec["called"] = f"{resource}.{name}"

    def find(self, verb: str, path: str) -> tuple[dict[str, Any], dict[str, str]] | None:
        """The method, and what its path names; the literal path before one with a blank."""
        fits = [
            (spec, template, match)
            for known, pattern, spec, template in self._known
            if known == verb and (match := pattern.fullmatch(path))
        ]
        if not fits:
            return None
        spec, template, match = min(fits, key=lambda each: each[1].count("{"))
        return spec, dict(zip(re.findall(r"\{(\w+)\}", template), match.groups(), strict=True))


def _paths(spec: dict[str, Any]) -> list[str]:
    uploads = spec.get("mediaUpload", {}).get("protocols", {})
    plain = f"/{_DOCUMENT['servicePath']}{spec['path']}"
    return [plain, *(uploads[kind]["path"] for kind in ("simple",) if kind in uploads)]


class Refused(Exception):
    def __init__(self, status: int, reason: str, message: str = "no", **headers: str) -> None:
        super().__init__(reason)
        self.status, self.reason, self.message, self.headers = status, reason, message, headers


class Drive:
    """What it knows, which outlives each request."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.files: dict[str, dict[str, Any]] = {
            ROOT: {"id": ROOT, "name": "Deliveries", "mimeType": FOLDER, "parents": []}
        }
        self.content: dict[str, bytes] = {}
        self.rights: dict[str, list[dict[str, Any]]] = {ROOT: []}
        self.ids: set[str] = set()
        self.sessions: dict[str, dict[str, Any]] = {}
        self.tokens = 0
        self.grants: list[dict[str, Any]] = []
        self.asked: list[Asked] = []
        self.mistakes: list[str] = []
        self.invited: list[str] = []
        self.faults: deque[Fault] = deque()
        self.without_google: set[str] = set()
        self.ends_allowed = True
        self.shared_drive = True
        self.down = False
        self.latency = 0.0
        self.busy = self.busiest = 0

    # What tests ask

    def fail(self, method: str, *, times: int = 1, **what: Any) -> None:
        for _ in range(times):
            self.faults.append(Fault(method, **what))

    @property
    def made(self) -> list[dict[str, Any]]:
        """Files, not folders."""
        return [each for each in self.files.values() if each["mimeType"] != FOLDER]

    @property
    def folders(self) -> list[str]:
        return [self.path_of(each) for each in self.files.values() if each["mimeType"] == FOLDER]

    def path_of(self, file: dict[str, Any]) -> str:
        parents = file.get("parents") or []
        above = f"{self.path_of(self.files[parents[0]])}/" if parents else ""
        return f"{above}{file['name']}"

    def readers(self, file_id: str) -> list[str]:
        return [each.get("emailAddress", each["type"]) for each in self.rights[file_id]]

    def methods(self) -> list[str]:
        return [each.method for each in self.asked]

    # What Drive does

    def do(self, method: str, told: dict[str, str], body: Any, content: bytes | None) -> Any:
        with self.lock:
            action = getattr(self, "_" + method.replace(".", "_"))
            return action(told, body, content)

    def _files_generateIds(self, told: dict[str, str], *_: Any) -> Any:  # noqa: N802
        first = len(self.ids)
        new = [f"id-{n:05}" for n in range(first, first + int(told.get("count", 10)))]
        self.ids.update(new)
        return {"ids": new, "space": told.get("space", "drive"), "kind": "drive#generatedIds"}

    def _files_create(self, _told: dict[str, str], body: Any, content: bytes | None) -> Any:
        self.check_create(body)
        file = {**body, "id": body["id"], "parents": body.get("parents", [])}
        self.files[body["id"]], self.rights[body["id"]] = file, []
        if content is not None:
            self.content[body["id"]] = content
        return self.shown(body["id"])

    def check_create(self, body: dict[str, Any]) -> None:
        if body["id"] not in self.ids:
            raise Refused(400, "invalid", "The provided file ID is not usable.")
        if body["id"] in self.files:
            raise Refused(409, "fileIdInUse", "A file already exists with the provided ID.")
        for parent in body.get("parents", []):
            if parent not in self.files:
                raise Refused(404, "notFound", f"File not found: {parent}.")

    def shown(self, file_id: str) -> dict[str, Any]:
        file = dict(self.files[file_id])
        if file_id in self.content:
            content = self.content[file_id]
            file |= {
                "size": str(len(content)),
                "sha256Checksum": hashlib.sha256(content).hexdigest(),
            }
        link = f"https://drive.example/file/d/{file_id}/view"
        extra = {"driveId": DRIVE_ID} if self.shared_drive else {}
        return {**file, "webViewLink": link, "capabilities": {"canShare": True}, **extra}

    def _known(self, told: dict[str, str]) -> str:
        if told["fileId"] not in self.files:
            raise Refused(404, "notFound", f"File not found: {told['fileId']}.")
        return told["fileId"]

    def _files_get(self, told: dict[str, str], *_: Any) -> Any:
        file_id = self._known(told)
        return self.content[file_id] if told.get("alt") == "media" else self.shown(file_id)

    def _files_delete(self, told: dict[str, str], *_: Any) -> Any:
        del self.files[self._known(told)]
        return b""

    def _permissions_list(self, told: dict[str, str], *_: Any) -> Any:
        found = self.rights[self._known(told)]
        start = int(told.get("pageToken", "0"))
        page = found[start : start + 2]  # small pages, so that paging is tried
        more = {"nextPageToken": str(start + 2)} if start + 2 < len(found) else {}
        return {"permissions": page, **more}

    def _permissions_create(self, told: dict[str, str], body: Any, *_: Any) -> Any:
        file_id, address = self._known(told), body.get("emailAddress", "")
        if body["type"] == "anyone" and "sendNotificationEmail" in told:
            raise Refused(403, "forbidden", "sendNotificationEmail is for users and groups.")
        if "expirationTime" in body and not self.ends_allowed:
            raise Refused(403, "cannotSetExpiration", "Expiration dates are not allowed here.")
        if address in self.without_google:
            if told.get("sendNotificationEmail") != "true":
                raise Refused(
                    400, "invalidSharingRequest", "You must check the 'Notify people' box."
                )
            self.invited.append(address)
        right = {**body, "id": f"right-{len(self.rights[file_id])}"}
        self.rights[file_id].append(right)
        return right

    def _about_get(self, *_: Any) -> Any:
        return {"user": {"emailAddress": ME}}


class Handler(BaseHTTPRequestHandler):
    drive: Drive
    methods = Methods()
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet: else each answer waits 40 ms

    def _handle(self) -> None:
        self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        drive = self.drive
        with drive.lock:
            drive.busy += 1
            drive.busiest = max(drive.busiest, drive.busy)
        time.sleep(drive.latency)
        try:
            self._answer_or_fail()
        finally:
            with drive.lock:
                drive.busy -= 1

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _handle  # noqa: N815

    def _answer_or_fail(self) -> None:
        url = urlsplit(self.path)
        told = {name: values[0] for name, values in parse_qs(url.query).items()}
        if self.drive.down:
            self._drop()
        elif url.path == "/token":
            self._token()
        else:
            self._answer(*self._recognise(url.path, told))

    def _answer(self, name: str, told: dict[str, str]) -> Any:
        fault = self._fault(name)
        if fault and not fault.after:
            return self._misbehave(fault)
        try:
            found = self._do(name, told)
        except Refused as refused:
            return self._refuse(refused)
        if fault:
            return self._misbehave(fault)
        return found()

    def _fault(self, name: str) -> Fault | None:
        with self.drive.lock:
            for fault in self.drive.faults:
                if fault.method != name:
                    continue
                if fault.skip:
                    fault.skip -= 1
                    return None
                self.drive.faults.remove(fault)
                return fault
        return None

    def _recognise(self, path: str, told: dict[str, str]) -> tuple[str, dict[str, str]]:
        """Which method it is; a mistake where it is none, or has a parameter that it has not."""
        if "session" in told and self.command == "PUT":
            return "session", told
        found = self.methods.find(self.command, path)
        if found is None:
            self.drive.mistakes.append(f"no method: {self.command} {path}")
            return "none", told
        spec, named = found
        known = {*spec.get("parameters", {}), *_COMMON}
        self.drive.mistakes += [f"{spec['called']} has no {n}" for n in told if n not in known]
        if "supportsAllDrives" in spec.get("parameters", {}) and (
            told.get("supportsAllDrives") != "true"
        ):
            self.drive.mistakes.append(f"{spec['called']} without supportsAllDrives")
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            self.drive.mistakes.append(f"{spec['called']} without a token")
        return spec["called"], {**told, **named}

    def _do(self, name: str, told: dict[str, str]) -> Any:
        if name == "none":
            raise Refused(404, "notFound")
        if name == "session":
            return self._part(told)
        kind = told.get("uploadType", "")
        body, content = self._parts() if kind == "multipart" else (self._json(), None)
        self.drive.asked.append(Asked(name, told, body))
        if kind == "resumable":
            return self._begin(told, body)
        found = self.drive.do(name, told, body, content)
        return lambda: self._send(200, found)

    # Resumable uploads

    def _begin(self, told: dict[str, str], body: Any) -> Any:
        with self.drive.lock:
            self.drive.check_create(body)
            session = f"session-{len(self.drive.sessions)}"
            self.drive.sessions[session] = {"body": body, "told": told, "got": b""}
        place = f"http://{self.headers['Host']}/upload/drive/v3/files?uploadType=resumable"
        return lambda: self._send(200, b"", Location=f"{place}&session={session}")

    def _part(self, told: dict[str, str]) -> Any:
        session = self.drive.sessions.get(told["session"])
        if session is None:
            raise Refused(404, "notFound", "No such upload.")
        span, total = self.headers["Content-Range"].removeprefix("bytes ").split("/")
        if "answer" in session:
            return lambda: self._send(200, session["answer"])
        if span != "*":
            first = int(span.split("-")[0])
            if first != len(session["got"]):
                self.drive.mistakes.append("a part that does not follow the last")
            session["got"] += self._body
        if len(session["got"]) == int(total):
            session["answer"] = self.drive.do(
                "files.create", session["told"], session["body"], session["got"]
            )
            return lambda: self._send(200, session["answer"])
        got = {"Range": f"bytes=0-{len(session['got']) - 1}"} if session["got"] else {}
        return lambda: self._send(308, b"", **got)

    # Reading and answering

    def _json(self) -> Any:
        return json.loads(self._body) if self._body else None

    def _parts(self) -> tuple[Any, bytes]:
        """As RFC 2046 has them: a part that is not between CRLFs is none."""
        boundary = re.search('boundary="?([^";]+)', self.headers["Content-Type"])
        assert boundary is not None
        found = (b"\r\n" + self._body).split(b"\r\n--" + boundary[1].encode())
        if len(found) != 4:
            raise Refused(400, "badContent", "Failed to parse parts")
        (_, metadata), (_, content) = (each.split(b"\r\n\r\n", 1) for each in found[1:3])
        return json.loads(metadata), content

    def _token(self) -> None:
        fault = self._fault("token")
        if fault:
            return self._misbehave(fault)
        self.drive.tokens += 1
        said = {key: value[0] for key, value in parse_qs(self._body.decode()).items()}
        self.drive.grants.append(_claims(said["assertion"]) if "assertion" in said else said)
        return self._send(200, {"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})

    def _misbehave(self, fault: Fault) -> None:
        if fault.body is not None:
            return self._send(fault.status or 200, fault.body, **fault.headers)
        if not fault.status:
            return self._drop()
        return self._refuse(Refused(fault.status, fault.reason, fault.message, **fault.headers))

    def _refuse(self, refused: Refused) -> None:
        listed = [{"domain": "global", "reason": refused.reason, "message": refused.message}]
        error = {"code": refused.status, "message": refused.message, "errors": listed}
        found: Any = {"error": error if refused.reason != "invalid_grant" else "invalid_grant"}
        self._send(refused.status, found, **refused.headers)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _send(self, status: int, found: Any, **headers: str) -> None:
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        if not isinstance(found, bytes):
            self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _claims(token: str) -> dict[str, Any]:
    """What a service account's signed request says."""
    middle = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return found


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A connection that we dropped ourselves."""


@contextlib.contextmanager
def serving():
    """A Drive that answers on loopback, and its address."""
    drive = Drive()
    handler = type("Here", (Handler,), {"drive": drive})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield drive, f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def person(address: str) -> str:
    """A person's OAuth token that is fetched at this address."""
    return json.dumps(
        {
            "type": "authorized_user",
            "client_id": "our-app",
            "client_secret": "none",
            "refresh_token": f"for {address}",
            "token_uri": f"{address}/token",
        }
    )


def robot(address: str, **more: str) -> str:
    """A service account's key, made for the occasion."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return json.dumps(
        {
            "type": "service_account",
            "client_email": ME,
            "private_key": pem.decode(),
            "token_uri": f"{address}/token",
            **more,
        }
    )
