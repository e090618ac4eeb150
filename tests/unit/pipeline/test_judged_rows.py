from __future__ import annotations

import io
from functools import partial

import numpy as np

from pipeline import intake, leadfile
from pipeline.addresses import match_key, match_keys
from pipeline.judged_rows import rows_of
from pipeline.leadfile import Limits
from pipeline.mapping import guess
from pipeline.models.leads import NEW_TABLES

IDS = np.arange(50, dtype=np.int64) + 1_000
SECRET = b"a secret for tests"
PEOPLE = [f"ann{n}@acme.com" for n in range(50)]
FILE = "Email,First Name\n" + "".join(f"{email},Ann\n" for email in [*PEOPLE, "nobody"])


def rows():
    stream = io.BytesIO(FILE.encode())
    layout = leadfile.inspect(stream)
    (part,) = leadfile.read(stream, layout)
    judged = intake.judge(
        part,
        guess(layout.headers),
        keys=partial(match_keys, secret=SECRET),
        own_columns=["email", "first_name"],
        limits=Limits(),
    )
    return rows_of(judged, file_id=7, run_id=8)


def lines(content: memoryview) -> list[list[str]]:
    return [line.split("\t") for line in bytes(content).decode().splitlines()]


def test_each_lead_goes_where_its_key_belongs_and_nowhere_else():
    _, leads = rows()
    names = list(leads.columns)
    found = {table: lines(content) for table, content in leads.by_table(IDS)}

    assert list(found) == list(NEW_TABLES)
    for table, digits in NEW_TABLES.items():
        keys = [line[names.index("key")] for line in found[table]]
        assert keys
        assert all(key[0] in digits for key in keys)
    emails = [line[names.index("email")] for each in found.values() for line in each]
    assert sorted(emails) == sorted(PEOPLE)


def test_a_line_says_whose_it_is_and_by_which_run():
    _, leads = rows()
    found = [line for _, content in leads.by_table(IDS) for line in lines(content)]
    names = list(leads.columns)

    first = dict(zip(names, next(line for line in found if PEOPLE[0] in line), strict=True))

    assert (first["file_id"], first["run_id"], first["record"]) == ("7", "8", "1")
    assert first["key"] == match_key(PEOPLE[0], SECRET).hex


def test_what_is_refused_goes_to_the_rejections():
    refused, _ = rows()
    ((table, content),) = refused.by_table()

    (line,) = lines(content)
    found = dict(zip(refused.columns, line, strict=True))
    assert table == "pipeline_rejection"
    assert (found["record"], found["code"], found["file_id"]) == ("51", "bad_email", "7")


def test_ids_follow_the_order_of_the_records_whatever_the_table():
    _, leads = rows()
    names = list(leads.columns)
    found = [
        (int(line[names.index("record")]), int(line[names.index("id")]))
        for _, content in leads.by_table(IDS)
        for line in lines(content)
    ]

    assert sorted(found) == [(n + 1, 1_000 + n) for n in range(50)]
