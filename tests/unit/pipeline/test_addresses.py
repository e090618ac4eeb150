from __future__ import annotations

import hmac
import string
import uuid

import email_validator
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline import addresses
from pipeline.addresses import is_address, match_key, match_keys, normalise, normalised
from pipeline.arrow import TEXT, pa

SECRET = b"a secret for tests"

# Text that comes close to an address, good or bad.
pieces = st.sampled_from(
    [
        "a",
        "Bob",
        "x" * 30,
        "1",
        ".",
        "..",
        "-",
        "--",
        "+",
        "'",
        "@",
        "@@",
        " ",
        "ü",
        "ß",
        "\u200b",
        "gmail.com",
        "@GMAIL.com",
        "@googlemail.com",
        "@acme-pipes.com",
        "@bolt.co.uk",
        ".test",
        "@xn--mller-kva.de",
        "@müller.de",
        ".c",
        ".com",
        "\n",
        '"',
        ",",
        ";",
        "info",
        "•",
        "İ",
    ]
)
near_addresses = st.lists(pieces, max_size=8).map("".join)
good_addresses = st.builds(
    "{}@{}.{}".format,
    st.text(string.ascii_letters + string.digits + "+_", min_size=1, max_size=12),
    st.sampled_from(["gmail", "Googlemail", "acme", "GMAIL", "a-b.c"]),
    st.sampled_from(["com", "COM", "de"]),
)


def column(values):
    return pa.array(values, TEXT)


class TestIsAddress:
    @pytest.mark.parametrize(
        "text",
        [
            "ann@acme-pipes.com",
            "ANN@ACME.COM",
            "o'neil@acme.ie",
            "a+tag@acme.co.uk",
            "a@müller.de",
            "a@xn--mller-kva.de",
            f"{'x' * 64}@acme.com",
            f"a@{'b.' * 60}com",
        ],
    )
    def test_takes(self, text):
        assert is_address(text)
        assert not addresses.refusals([text])

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "ann",
            "ann@",
            "@acme.com",
            "ann@acme",
            "a@b.c",
            "a b@acme.com",
            "a@@acme.com",
            "a@acme.com; b@acme.com",
            "a@acme..com",
            ".a@acme.com",
            "a@-acme.com",
            "a@acme-.com",
            "“a@acme.com",
            "•a@acme.com",
            f"{'x' * 65}@acme.com",
            "a@acme.com\nBcc: b@acme.com",
            "ü@acme.com",
            "a@acme.test",
            "a@x.localhost",
            "a@1.2.3.4",
            "a@[1.2.3.4]",
            "n/a",
            f"a@{'b' * 64}.com",
            f"a@{'b.' * 130}com",
            "a@ab--cd.com",
            '"a"@acme.com',
        ],
    )
    def test_refuses(self, text):
        assert not is_address(text)
        assert addresses.refusals([text])

    @settings(max_examples=120, deadline=None)
    @given(st.lists(st.one_of(near_addresses, good_addresses, st.text(max_size=9))))
    def test_says_the_same_of_a_column_as_of_each(self, values):
        refused = addresses.refusals(values)

        assert set(refused) == {value for value in values if not is_address(value)}

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("ann@acme.com", ""),
            ("ann", "There is no @ in it."),
            ("ann@acme", "period"),
            ("a@b.c", "single letter"),
            ("a b@acme.com", "SPACE"),
            ("a@acme.test", "special-use"),
        ],
    )
    def test_says_what_is_wrong(self, text, why):
        found = addresses.refusals([text]).get(text, "")

        assert why in found
        assert bool(found) == bool(why)


class TestNormalise:
    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            (" Ann@Acme.COM ", "ann@acme.com"),
            ("a.n.n+news@gmail.com", "ann@gmail.com"),
            ("a.n.n+news@GoogleMail.com", "ann@gmail.com"),
            ("a.n.n+news@acme.com", "a.n.n+news@acme.com"),
            ("a.b@gmail.com.br", "a.b@gmail.com.br"),
            ("a.b@mail.gmail.com", "a.b@mail.gmail.com"),
            ("a@Müller.de", "a@xn--mller-kva.de"),
            ("a@straße.de", "a@xn--strae-oqa.de"),
            ("+x@gmail.com", "+x@gmail.com"),
            ("...@gmail.com", "...@gmail.com"),
            ("a+x@b@gmail.com", "a+x@b@gmail.com"),
            ("", ""),
            ("no address", "no address"),
        ],
    )
    def test_makes_two_spellings_of_one_mailbox_equal(self, address, expected):
        assert normalise(address) == expected

    @settings(max_examples=120, deadline=None)
    @given(st.lists(st.one_of(near_addresses, good_addresses, st.text(max_size=9))))
    @example(["A@GMAIL.COM", "a@müller.de", "\x1c a@b.de\u3000", "İ@gmail.com", "K@gmail.com"])
    @example([". @GMAIL.com", "a. +b@gmail.com", ".\x1c@gmail.com"])
    def test_says_the_same_of_a_column_as_of_each(self, values):
        assert normalised(column(values)).to_pylist() == [normalise(value) for value in values]

    @settings(deadline=None)
    @given(st.one_of(near_addresses, good_addresses))
    @example(". @GMAIL.com")
    @example("a. +b@gmail.com")
    def test_changes_nothing_twice(self, address):
        assert normalise(normalise(address)) == normalise(address)

    @settings(deadline=None)
    @given(good_addresses)
    def test_agrees_with_email_validator_on_domains(self, address):
        parsed = email_validator.validate_email(address, check_deliverability=False)

        domain = normalise(address).rpartition("@")[2]

        assert domain in {parsed.ascii_domain.lower(), "gmail.com"}


class TestMatchKey:
    def test_is_the_first_half_of_an_hmac(self):
        digest = hmac.new(SECRET, b"ann@acme.com", "sha256").digest()

        assert match_key("ann@acme.com", SECRET) == uuid.UUID(bytes=digest[:16])

    def test_differs_by_secret(self):
        assert match_key("ann@acme.com", SECRET) != match_key("ann@acme.com", b"other")

    @settings(deadline=None)
    @given(st.lists(st.text(max_size=20)), st.binary(max_size=130))
    def test_says_the_same_of_a_column_as_of_each(self, values, secret):
        assert match_keys(column(values), secret).to_pylist() == [
            match_key(value, secret).hex for value in values
        ]


class TestIsRole:
    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            ("Info@acme.com", True),
            ("no-reply@acme.com", True),
            *(
                (f"{name}@acme.com", True)
                for name in (
                    "donotreply",
                    "do-not-reply",
                    "no_reply",
                    "mailer-daemon",
                    "infos",
                    "contact-us",
                    "customerservice",
                    "administrator",
                    "root",
                    "kontakt",
                    "bewerbungen",
                    "zentrale",
                    "ventas",
                    "accueil",
                    "info1",
                    "info-uk",
                    "info+x",
                    "sales.us+fair",
                )
            ),
            *(
                (f"{name}@acme.com", False)
                for name in ("sales.ann", "root-cole", "noreen", "ann+info")
            ),
            ("ann@acme.com", False),
            ("information@acme.com", False),
            ("ann@info.com", False),
            ("info", False),
        ],
    )
    def test_tells_a_function_from_a_person(self, address, expected):
        assert addresses.is_role(address) is expected
        assert addresses.are_roles(column([address])).tolist() == [expected]
