"""A delivered file by its signed link: who has it gets the file, until it expires."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from deliveries import links
from deliveries.models import Download
from tests.factories import CONTENT, DeliveryFactory, store_file
from tests.files import keep_files

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    keep_files(settings, tmp_path)


@pytest.fixture
def delivery():
    found = DeliveryFactory.create(status="LOGGED", storage_name="deliveries/client-7.csv")
    store_file(found)
    return found


def path_to(delivery_id: int) -> str:
    return links.link_for(delivery_id).removeprefix("http://127.0.0.1:8000")


@pytest.fixture
def get(client):
    """Answers whose files are closed in the end, as a web server would."""
    answers = []

    def ask(path: str, method: str = "get"):
        answers.append(getattr(client, method)(path))
        return answers[-1]

    yield ask
    for answer in answers:
        answer.close()


def content_of(response) -> bytes:
    return b"".join(response.streaming_content)


class TestALink:
    def test_needs_no_login_and_gives_the_stored_bytes_under_their_name(self, get, delivery):
        answer = get(path_to(delivery.pk))

        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/csv"
        assert answer["Content-Disposition"] == 'attachment; filename="client-7.csv"'
        assert content_of(answer) == CONTENT

    def test_is_for_saving_and_for_nothing_else(self, get, delivery):
        answer = get(path_to(delivery.pk))

        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"

    def test_of_a_workbook_says_that_it_is_one(self, get):
        delivery = DeliveryFactory.create(status="LOGGED", storage_name="deliveries/client-7.xlsx")
        store_file(delivery)

        assert "spreadsheetml" in get(path_to(delivery.pk))["Content-Type"]

    def test_knows_when_it_ends(self, settings, time_machine):
        now = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
        time_machine.move_to(now, tick=False)

        assert links.expires_at(links.link_for(7)) == now + dt.timedelta(days=settings.LINK_DAYS)
        assert links.expires_at("https://drive.example/file/d/1:2:3/view") is None
        assert links.expires_at("") is None

    def test_is_the_public_address(self, settings):
        settings.PUBLIC_URL = "https://leads.example"

        assert links.link_for(7).startswith("https://leads.example/files/")

    def test_tells_its_size_without_the_file(self, get, delivery):
        answer = get(path_to(delivery.pk), "head")

        assert answer.status_code == 200
        assert answer["Content-Length"] == str(len(CONTENT))

    @pytest.mark.parametrize("known", [True, False])
    def test_is_kept_by_no_cache_on_the_way(self, get, delivery, known):
        answer = get(path_to(delivery.pk) if known else "/files/nonsense/")

        assert {"no-store", "private"} <= set(answer["Cache-Control"].split(", "))

    def test_takes_no_post(self, get, delivery):
        assert get(path_to(delivery.pk), "post").status_code == 405

    def test_expires(self, get, delivery, settings, time_machine):
        path = path_to(delivery.pk)
        time_machine.move_to(timezone.now() + dt.timedelta(days=settings.LINK_DAYS, minutes=1))

        answer = get(path)

        assert answer.status_code == 410
        assert b"expired" in answer.content
        assert CONTENT not in answer.content

    def test_lives_until_then(self, get, delivery, settings, time_machine):
        path = path_to(delivery.pk)
        time_machine.move_to(timezone.now() + dt.timedelta(days=settings.LINK_DAYS, minutes=-1))

        assert get(path).status_code == 200

    def test_made_for_one_delivery_opens_no_other(self, get, delivery):
        other = DeliveryFactory.create(status="LOGGED")
        _, rest = links.link_for(delivery.pk).rsplit("/files/", 1)[1].split(":", 1)
        named = links.link_for(other.pk).rsplit("/files/", 1)[1].split(":", 1)[0]

        answer = get(f"/files/{named}:{rest}")

        assert answer.status_code == 404
        assert answer.content == b"This link is not valid."

    @pytest.mark.parametrize("token", ["nonsense", "1", "1:2:3", "%00", "..%2F..%2Fetc"])
    def test_that_was_never_given_opens_nothing(self, get, token):
        assert get(f"/files/{token}/").status_code == 404

    def test_signed_for_another_purpose_opens_nothing(self, get, delivery):
        from django.core import signing

        token = signing.dumps(delivery.pk, salt="something.else")

        assert get(reverse("delivered-file", args=[token])).status_code == 404


class TestADownload:
    def test_is_noted_with_when_whence_and_how_much(self, get, delivery):
        answer = get(path_to(delivery.pk))
        assert content_of(answer) == CONTENT

        noted = Download.objects.get()
        assert (noted.delivery, noted.by, noted.address) == (delivery, "", "127.0.0.1")
        assert noted.bytes == len(CONTENT)
        assert abs(timezone.now() - noted.at) < dt.timedelta(minutes=1)

    def test_that_breaks_off_is_noted_with_what_was_sent(self, get, delivery):
        answer = get(path_to(delivery.pk))
        answer.block_size = 10

        next(answer.streaming_content)
        for close in answer._resource_closers:  # as the server does when the reader has gone
            close()

        assert Download.objects.get().bytes == 10

    @pytest.mark.parametrize("method", ["head", "post"])
    def test_is_only_what_fetches_the_file(self, get, delivery, method):
        get(path_to(delivery.pk), method)

        assert not Download.objects.exists()

    def test_of_an_expired_link_is_none(self, get, delivery, settings, time_machine):
        path = path_to(delivery.pk)
        time_machine.move_to(timezone.now() + dt.timedelta(days=settings.LINK_DAYS, minutes=1))

        get(path)

        assert not Download.objects.exists()


class TestALinkToNothing:
    def test_of_a_delivery_without_a_file_is_404(self, get):
        waiting = DeliveryFactory.create(status="ALLOCATED")

        assert get(path_to(waiting.pk)).status_code == 404

    def test_of_no_delivery_is_404(self, get):
        assert get(path_to(123_456)).status_code == 404

    def test_of_a_file_that_storage_lost_says_so(self, get, delivery):
        default_storage.delete(delivery.storage_name)

        answer = get(path_to(delivery.pk))

        assert answer.status_code == 404
        assert answer.content == b"The file is no longer in storage. Tell your agency."
