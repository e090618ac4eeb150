"""Files in an S3 bucket (STORAGE_URL), against a server that speaks enough of its protocol."""

from __future__ import annotations

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.core.files.storage import storages

from deliveries import links
from deliveries.models import Delivery
from leadgen import env
from leadgen.integrations import storage
from leadgen.integrations.errors import ConfigError, TransientError
from pipeline import audit, starting
from tests.flows import nights


class Bucket(BaseHTTPRequestHandler):
    """PUT, GET and HEAD of objects; `refuse` is a status for all of them."""

    objects: dict[str, bytes]
    refuse: list[int]
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16

    def _handle(self) -> None:
        body = self._body()
        name = unquote(urlsplit(self.path).path)
        if self.refuse:
            return self._answer(self.refuse[0])
        if self.command == "PUT":
            self.objects[name] = body
            return self._answer(200)
        if name not in self.objects:
            return self._answer(404)
        return self._answer(200, self.objects[name])

    do_GET = do_PUT = do_HEAD = _handle  # noqa: N815

    def _body(self) -> bytes:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return raw
        found, stream = b"", io.BytesIO(raw)
        while size := int(stream.readline().split(b";")[0], 16):
            found += stream.read(size)
            stream.readline()
        return found

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"x"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def bucket(settings, monkeypatch):
    handler: type[Bucket] = type("Here", (Bucket,), {"objects": {}, "refuse": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv(
            "STORAGE_URL", f"s3://key:secret@leads/agency?endpoint={address}&region=eu-1"
        )
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        settings.STORAGES = {
            **settings.STORAGES, "default": env.file_storage("STORAGE_URL", settings.MEDIA_ROOT),
        }  # fmt: skip
        yield handler
        used: Any = storages["default"]
        used.connection.meta.client.close()
        server.shutdown()
        thread.join()


class TestABucket:
    def test_keeps_files_below_its_prefix_and_gives_them_back(self, bucket):
        name = storage.keep("deliveries/a.csv", io.BytesIO(b"email\r\n"))

        assert bucket.objects == {"/leads/agency/deliveries/a.csv": b"email\r\n"}
        with storage.opened(name) as content:
            assert content.read() == b"email\r\n"

    def test_never_overwrites(self, bucket):
        first = storage.keep("deliveries/a.csv", io.BytesIO(b"1"))

        second = storage.keep("deliveries/a.csv", io.BytesIO(b"2"))

        assert first != second
        assert sorted(bucket.objects.values()) == [b"1", b"2"]

    def test_misses_what_is_not_there(self, bucket):
        with pytest.raises(FileNotFoundError):
            storage.opened("deliveries/nothing.csv").read()

    @pytest.mark.parametrize(
        ("status", "kind"), [(403, ConfigError), (500, TransientError), (503, TransientError)]
    )
    def test_that_refuses_says_whether_a_person_must_act(self, bucket, status, kind):
        bucket.refuse.append(status)

        with pytest.raises(kind) as refused:
            storage.keep("deliveries/a.csv", io.BytesIO(b"1"))

        assert refused.value.service == "storage"

    def test_that_is_away_passes(self, bucket, settings, monkeypatch):
        monkeypatch.setenv("STORAGE_URL", "s3://key:secret@leads/?endpoint=http://127.0.0.1:9")
        settings.STORAGES = {
            **settings.STORAGES, "default": env.file_storage("STORAGE_URL", settings.MEDIA_ROOT),
        }  # fmt: skip

        with pytest.raises(TransientError, match="does not answer"):
            storage.keep("deliveries/a.csv", io.BytesIO(b"1"))


@pytest.mark.django_db
class TestANightInABucket:
    def test_reads_lead_files_from_it_and_delivers_into_it(self, bucket, client, monkeypatch):
        from django.utils import timezone

        monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
        nights.make_agency()
        starting.start_now(now=timezone.now(), started_by="test")

        nights.work_off()

        delivery = Delivery.objects.get(client__name="Germania")
        assert delivery.status == "LOGGED"
        stored = bucket.objects[f"/leads/agency/{delivery.storage_name}"]
        path = links.link_for(delivery.pk).removeprefix("http://127.0.0.1:8000")
        assert b"".join(client.get(path).streaming_content) == stored
        assert audit.run(deep=True)["ok"]


class TestTheAddress:
    @pytest.mark.parametrize("url", ["bucket", "ftp://x", "s3://", "/var/files"])
    def test_that_is_none_stops_the_start_with_a_sentence(self, monkeypatch, tmp_path, url):
        monkeypatch.setenv("STORAGE_URL", url)

        with pytest.raises(env.ConfigurationError, match="is no bucket's address"):
            env.file_storage("STORAGE_URL", tmp_path)

    def test_of_google_names_bucket_and_prefix(self, monkeypatch, tmp_path):
        monkeypatch.setenv("STORAGE_URL", "gs://leads/agency/")

        found = env.file_storage("STORAGE_URL", tmp_path)

        assert found["BACKEND"] == "storages.backends.gcloud.GoogleCloudStorage"
        assert found["OPTIONS"] == {
            "bucket_name": "leads", "location": "agency", "file_overwrite": False,
        }  # fmt: skip

    def test_may_hold_a_percent_encoded_key(self, monkeypatch, tmp_path):
        monkeypatch.setenv("STORAGE_URL", "s3://a:b%2Fc@leads")

        options = env.file_storage("STORAGE_URL", tmp_path)["OPTIONS"]

        assert (options["access_key"], options["secret_key"]) == ("a", "b/c")

    def test_left_out_is_a_folder(self, monkeypatch, tmp_path):
        monkeypatch.delenv("STORAGE_URL", raising=False)

        assert env.file_storage("STORAGE_URL", tmp_path)["OPTIONS"]["location"] == tmp_path
