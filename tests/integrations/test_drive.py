"""The client of Google Drive against a Drive that keeps to Google's own description."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json

import pytest

from leadgen.integrations import drive as package
from leadgen.integrations.drive.client import Drive, Upload
from leadgen.integrations.drive.refusals import AddressRefused, Gone, OtherBytes
from leadgen.integrations.errors import ConfigError, PermanentError, TransientError
from tests.integrations import drive_double
from tests.integrations.drive_double import ROOT

CONTENT = b"\xef\xbb\xbfemail\r\nann@acme.example\r\n--x\r\n"
LARGE = bytes(range(256)) * 4 * 1024 * 9  # 9 MiB: two parts
NOW = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)


@pytest.fixture
def ours(drive):
    with Drive.from_settings() as found:
        found._pause = Pauses()
        yield found


class Pauses(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def ask_for_an_id() -> str:
    with Drive.from_settings() as ours:
        return ours.new_id()


def an_upload(ours: Drive, content: bytes = CONTENT, **more) -> Upload:
    return Upload(
        **{
            "file_id": ours.new_id(), "name": "acme_2026-03-02_7.csv", "parent": ROOT,
            "mime_type": "text/csv", "size": len(content), "delivery": "7",
            "sha256": hashlib.sha256(content).hexdigest(), **more,
        }
    )  # fmt: skip


def put(ours: Drive, content: bytes = CONTENT) -> Upload:
    upload = an_upload(ours, content)
    ours.put(upload, io.BytesIO(content))
    return upload


class TestPut:
    @pytest.mark.parametrize("content", [CONTENT, b"x", LARGE], ids=["small", "a byte", "large"])
    def test_makes_the_file_with_these_bytes_in_its_folder(self, drive, ours, content):
        upload = an_upload(ours, content)

        link = ours.put(upload, io.BytesIO(content))

        (made,) = drive.made
        assert drive.content[upload.file_id] == content
        assert drive.path_of(made) == "Deliveries/acme_2026-03-02_7.csv"
        assert made["appProperties"] == {"delivery": "7"}
        assert link == f"https://drive.example/file/d/{upload.file_id}/view"

    def test_asked_twice_makes_it_once(self, drive, ours):
        upload = put(ours)

        ours.put(upload, io.BytesIO(CONTENT))

        assert len(drive.made) == 1

    def test_without_a_folder_lies_in_the_accounts_own_root(self, drive, ours):
        ours.put(an_upload(ours, parent=""), io.BytesIO(CONTENT))

        assert drive.made[0]["parents"] == []

    def test_refuses_to_call_other_bytes_its_own(self, drive, ours):
        upload = put(ours)
        drive.content[upload.file_id] = b"x" * len(CONTENT)

        with pytest.raises(OtherBytes, match="Delete it there, then press Try again"):
            ours.put(upload, io.BytesIO(CONTENT))

    def test_says_that_the_file_is_in_the_bin(self, drive, ours):
        upload = put(ours)
        drive.files[upload.file_id]["trashed"] = True

        with pytest.raises(OtherBytes, match="is in Drive's bin"):
            ours.put(upload, io.BytesIO(CONTENT))

    def test_into_a_folder_that_is_gone_says_so(self, drive, ours):
        with pytest.raises(Gone):
            ours.put(an_upload(ours, parent="nowhere"), io.BytesIO(CONTENT))


class TestALostAnswer:
    def test_before_the_file_was_made_leaves_none_and_the_next_try_makes_one(self, drive, ours):
        upload = an_upload(ours)
        drive.fail("files.create")

        with pytest.raises(TransientError, match="cannot be reached"):
            ours.put(upload, io.BytesIO(CONTENT))
        assert drive.made == []
        ours.put(upload, io.BytesIO(CONTENT))

        assert len(drive.made) == 1

    def test_after_it_was_made_is_found_out_by_the_next_try(self, drive, ours):
        upload = an_upload(ours)
        drive.fail("files.create", after=True)

        with pytest.raises(TransientError):
            ours.put(upload, io.BytesIO(CONTENT))
        assert len(drive.made) == 1
        ours.put(upload, io.BytesIO(CONTENT))

        assert len(drive.made) == 1
        assert drive.methods().count("files.create") == 2

    def test_is_asked_for_once_and_not_silently_again(self, drive, ours):
        drive.fail("files.generateIds", times=5)

        with pytest.raises(TransientError):
            ours.new_id()

        assert len(drive.faults) == 4

    def test_of_a_folder_leaves_one(self, drive, ours):
        folder = ours.new_id()
        drive.fail("files.create", after=True)

        with pytest.raises(TransientError):
            ours.make_folder(file_id=folder, name="Acme", parent=ROOT)
        ours.make_folder(file_id=folder, name="Acme", parent=ROOT)

        assert drive.folders == ["Deliveries", "Deliveries/Acme"]


class TestALargeFile:
    """In parts of 8 MiB, each of which may be lost alone."""

    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param({}, id="dropped before"),
            pytest.param({"after": True}, id="dropped after"),
            pytest.param({"status": 503, "reason": "backendError"}, id="503 before"),
            pytest.param({"status": 500, "reason": "internalError", "after": True}, id="500 after"),
            pytest.param({"status": 429, "reason": "rateLimitExceeded"}, id="429"),
        ],
    )
    @pytest.mark.parametrize("part", [0, 1], ids=["first part", "last part"])
    def test_goes_on_where_drive_has_come(self, drive, ours, fault, part):
        drive.fail("session", skip=part, **fault)

        upload = put(ours, LARGE)

        assert drive.content[upload.file_id] == LARGE
        assert len(drive.made) == 1
        assert ours._pause == [1.0]

    def test_waits_longer_each_time_and_gives_up_in_the_end(self, drive, ours):
        drive.fail("session", times=20, status=503, reason="backendError")

        with pytest.raises(TransientError):
            put(ours, LARGE)

        assert ours._pause == [1.0, 2.0, 4.0, 8.0, 16.0]

    def test_waits_as_long_as_drive_says(self, drive, ours):
        drive.fail("session", status=429, reason="rateLimitExceeded", headers={"Retry_After": "9"})

        put(ours, LARGE)

        assert ours._pause == [9.0]

    def test_does_not_wait_for_an_hour_within_the_task(self, drive, ours):
        drive.fail(
            "session", status=429, reason="rateLimitExceeded", headers={"Retry_After": "3600"}
        )

        with pytest.raises(TransientError) as refused:
            put(ours, LARGE)

        assert ours._pause == []
        assert refused.value.retry_after == 3_600

    @pytest.mark.parametrize("status", [404, 410])
    def test_whose_session_is_gone_begins_anew_under_the_same_id(self, drive, ours, status):
        drive.fail("session", skip=1, status=status, reason="notFound")

        upload = put(ours, LARGE)

        assert drive.content[upload.file_id] == LARGE
        assert len(drive.sessions) == 2

    def test_whose_last_answer_was_lost_with_its_worker_is_found_out(self, drive, ours):
        upload = put(ours, LARGE)

        ours.put(upload, io.BytesIO(LARGE))

        assert len(drive.made) == 1


REFUSALS = [
    # status, reason, kind, what the sentence says
    (403, "userRateLimitExceeded", TransientError, "busy"),
    (403, "rateLimitExceeded", TransientError, "busy"),
    (403, "sharingRateLimitExceeded", TransientError, "busy"),
    (429, "rateLimitExceeded", TransientError, "busy"),
    (500, "internalError", TransientError, "busy"),
    (502, "", TransientError, "busy"),
    (503, "backendError", TransientError, "busy"),
    (504, "", TransientError, "busy"),
    (403, "storageQuotaExceeded", ConfigError, "A service account owns no storage"),
    (403, "quotaExceeded", ConfigError, "shared drive"),
    (403, "accessNotConfigured", ConfigError, "switch it on"),
    (403, "insufficientPermissions", ConfigError, "scope"),
    (403, "insufficientFilePermissions", PermanentError, "content manager"),
    (403, "cannotShareTeamDriveWithNonGoogleAccounts", PermanentError, "content manager"),
    (403, "domainPolicy", PermanentError, "our own link"),
    (404, "notFound", Gone, "not on Drive"),
    (400, "invalid", PermanentError, "refused"),
]


class TestARefusal:
    @pytest.mark.parametrize(("status", "reason", "kind", "says"), REFUSALS)
    def test_is_of_the_kind_that_says_what_to_do(self, drive, ours, status, reason, kind, says):
        drive.fail("files.generateIds", status=status, reason=reason)

        with pytest.raises(kind, match=says) as refused:
            ours.new_id()

        assert type(refused.value) is kind
        assert refused.value.service == "drive"

    @pytest.mark.parametrize("said", ["3600", "Mon, 02 Mar 2026 03:00:00 GMT"])
    def test_may_say_when_to_come_again(self, drive, ours, said, time_machine):
        time_machine.move_to(NOW, tick=False)
        drive.fail("files.generateIds", status=429, headers={"Retry_After": said})

        with pytest.raises(TransientError) as refused:
            ours.new_id()

        assert refused.value.retry_after == 3_600

    @pytest.mark.parametrize("body", [b"<html>busy</html>", b'{"ids": [', b"\xff"])
    def test_may_be_no_answer_at_all(self, drive, ours, body):
        drive.fail("files.generateIds", body=body, headers={"Content_Type": "application/json"})

        with pytest.raises(TransientError, match=r"no JSON|cannot be reached"):
            ours.new_id()

    def test_of_a_token_that_has_expired_fetches_another(self, drive, ours):
        drive.fail("files.generateIds", status=401, reason="authError")

        assert ours.new_id()
        assert drive.tokens == 2

    def test_of_every_token_says_that_the_key_is_no_good(self, drive, ours):
        drive.fail("files.generateIds", times=9, status=401, reason="authError")

        with pytest.raises(ConfigError, match="make a new key"):
            ours.new_id()

    def test_of_the_key_itself_is_told_with_its_causes(self, drive, ours):
        drive.fail("token", status=400, reason="invalid_grant")

        with pytest.raises(ConfigError, match="revoked, the delegation missing, or this host"):
            ours.new_id()

    def test_of_the_token_server_that_is_down_passes(self, drive, ours):
        drive.fail("token", times=9)

        with pytest.raises(TransientError, match="cannot be reached"):
            ours.new_id()

    def test_by_nobody_is_an_outage(self, settings, ours):
        settings.GOOGLE_DRIVE_BASE_URL = "http://127.0.0.1:9"

        with Drive.from_settings() as away, pytest.raises(TransientError, match="be reached"):
            away.new_id()


class TestShare:
    @pytest.fixture
    def file_id(self, ours):
        return put(ours).file_id

    def test_lets_each_address_read_once_however_often_asked(self, drive, ours, file_id):
        for _ in range(2):
            ours.share(file_id, ["a@x.example", "B@x.example", "c@x.example", "b@x.example"])

        assert drive.readers(file_id)[:3] == ["a@x.example", "B@x.example", "c@x.example"]
        assert {right["role"] for right in drive.rights[file_id]} == {"reader"}

    def test_sends_no_mail_of_googles(self, drive, ours, file_id):
        ours.share(file_id, ["a@x.example"])

        (asked,) = [each for each in drive.asked if each.method == "permissions.create"]
        assert asked.parameters["sendNotificationEmail"] == "false"

    def test_whose_answer_was_lost_adds_nothing_the_next_time(self, drive, ours, file_id):
        drive.fail("permissions.create", after=True)

        with pytest.raises(TransientError):
            ours.share(file_id, ["a@x.example"])
        ours.share(file_id, ["a@x.example"])

        assert drive.readers(file_id) == ["a@x.example"]

    def test_invites_who_has_no_google_account(self, drive, ours, file_id):
        drive.without_google = {"b@x.example"}

        ours.share(file_id, ["a@x.example", "b@x.example"])

        assert drive.readers(file_id) == ["a@x.example", "b@x.example"]
        assert drive.invited == ["b@x.example"]

    def test_takes_shared_but_not_mailed_for_shared(self, drive, ours, file_id):
        drive.fail("permissions.create", status=400, reason="invalidSharingRequest", after=True)

        ours.share(file_id, ["a@x.example"])

        assert drive.readers(file_id) == ["a@x.example"]

    def test_says_what_to_do_where_nothing_lets_an_address_in(self, drive, ours, file_id):
        drive.fail("permissions.create", times=2, status=400, reason="invalidSharingRequest")

        with pytest.raises(AddressRefused, match=r"let a@x.example in.*our own link"):
            ours.share(file_id, ["a@x.example"])

    def test_ends_when_it_is_to(self, drive, ours, file_id):
        assert ours.share(file_id, ["a@x.example"], until=NOW) == []

        assert drive.rights[file_id][0]["expirationTime"] == "2026-03-02T02:00:00+00:00"

    def test_notes_where_no_end_is_allowed(self, drive, ours, file_id):
        drive.ends_allowed = False

        (note,) = ours.share(file_id, ["a@x.example"], until=NOW)

        assert note.startswith("a@x.example may read the file without an end")
        assert "expirationTime" not in drive.rights[file_id][0]

    def test_is_not_widened_to_no_end_because_drive_was_busy(self, drive, ours, file_id):
        drive.fail("permissions.create", status=403, reason="rateLimitExceeded")

        with pytest.raises(TransientError):
            ours.share(file_id, ["a@x.example"], until=NOW)

        assert drive.rights[file_id] == []

    def test_with_anyone_is_for_whoever_has_the_link_and_given_once(self, drive, ours, file_id):
        ours.share_with_anyone(file_id)
        ours.share_with_anyone(file_id)

        (right,) = drive.rights[file_id]
        assert (right["type"], right["role"], right["allowFileDiscovery"]) == (
            "anyone", "reader", False,
        )  # fmt: skip


class TestAccount:
    def test_is_a_person(self, drive, ours):
        ours.new_id()

        assert drive.grants[0]["grant_type"] == "refresh_token"
        assert "scope" not in drive.grants[0]

    def test_is_a_service_account_with_the_wide_scope_where_a_folder_is_named(
        self, drive, settings
    ):
        settings.GOOGLE_DRIVE_CREDENTIALS = drive_double.robot(settings.GOOGLE_DRIVE_BASE_URL)

        ask_for_an_id()

        assert drive.grants[0]["iss"] == drive_double.ME
        assert drive.grants[0]["scope"].endswith("/auth/drive")
        assert "sub" not in drive.grants[0]

    def test_has_the_narrow_scope_where_none_is(self, drive, settings):
        settings.GOOGLE_DRIVE_FOLDER_ID = ""
        settings.GOOGLE_DRIVE_CREDENTIALS = drive_double.robot(settings.GOOGLE_DRIVE_BASE_URL)

        ask_for_an_id()

        assert drive.grants[0]["scope"].endswith("/auth/drive.file")

    def test_acts_for_a_person_that_the_key_names(self, drive, settings):
        settings.GOOGLE_DRIVE_CREDENTIALS = drive_double.robot(
            settings.GOOGLE_DRIVE_BASE_URL, subject="ida@agency.example"
        )

        ask_for_an_id()

        assert drive.grants[0]["sub"] == "ida@agency.example"

    def test_is_read_from_a_file(self, drive, settings, tmp_path):
        (tmp_path / "key.json").write_text(settings.GOOGLE_DRIVE_CREDENTIALS)
        settings.GOOGLE_DRIVE_CREDENTIALS = str(tmp_path / "key.json")

        assert ask_for_an_id()

    def test_shares_one_token_among_all_that_work_for_it(self, drive):
        for _ in range(3):
            ask_for_an_id()

        assert drive.tokens == 1

    @pytest.mark.parametrize(
        ("secret", "says"),
        [
            ("/no/such/file", "neither JSON nor a file that can be read"),
            ("{", "is no JSON"),
            ("{}", "of neither type"),
            (json.dumps({"type": "service_account"}), "is incomplete"),
            (json.dumps({"type": "authorized_user"}), "refresh_token, client_id"),
            (json.dumps({"type": "service_account", "client_email": "a@b.c", "token_uri": "x",
                         "private_key": "no key"}), "is incomplete"),
        ],
    )  # fmt: skip
    def test_that_is_none_says_why_in_a_sentence(self, settings, secret, says):
        settings.GOOGLE_DRIVE_CREDENTIALS = secret

        with pytest.raises(ConfigError, match=says) as refused:
            Drive.from_settings()

        assert "no key" not in str(refused.value)


class TestProbe:
    def test_makes_shares_reads_and_deletes(self, drive, settings):
        found = package.probe()

        assert found == (
            "Works as a person's OAuth token in a shared drive:"
            " a probe was made, shared, read and deleted."
        )
        assert drive.made == []
        assert "permissions.create" in drive.methods()

    def test_says_which_account_it_is(self, drive, settings):
        settings.GOOGLE_DRIVE_CREDENTIALS = drive_double.robot(settings.GOOGLE_DRIVE_BASE_URL)
        drive.shared_drive = False

        assert package.probe().startswith("Works as a service account in My Drive:")

    def test_tells_not_configured(self, settings):
        settings.GOOGLE_DRIVE_CREDENTIALS = ""

        assert not package.is_configured()
        with pytest.raises(ConfigError, match="is not set"):
            package.probe()

    def test_tells_a_wrong_key(self, drive):
        drive.fail("token", status=400, reason="invalid_grant")

        with pytest.raises(ConfigError, match="does not accept GOOGLE_DRIVE_CREDENTIALS"):
            package.probe()

    def test_tells_a_folder_that_is_not_for_us(self, drive, settings):
        settings.GOOGLE_DRIVE_FOLDER_ID = "somebody-elses"

        with pytest.raises(ConfigError, match="names no folder that this account can see"):
            package.probe()

    def test_tells_a_missing_permission_and_leaves_nothing(self, drive):
        drive.fail("permissions.create", status=403, reason="insufficientFilePermissions")

        with pytest.raises(PermanentError, match="content manager"):
            package.probe()

        assert drive.made == []

    def test_tells_the_trap_of_the_account_without_storage(self, drive):
        drive.fail("files.create", status=403, reason="storageQuotaExceeded")

        with pytest.raises(ConfigError, match="owns no storage"):
            package.probe()

    def test_tells_unreachable(self, drive):
        drive.down = True

        with pytest.raises(TransientError, match="cannot be reached"):
            package.probe()
