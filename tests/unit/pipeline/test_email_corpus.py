"""Addresses that others collected, with their verdicts, against ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import addresses
from pipeline.fields.address_cells import taken_apart

CASES = Path(__file__).parents[3].parent / "shared/data/email/cases.jsonl"

# Accepted by their source, refused here, and why.
NOT_FOR_LEADS = {
    "a top-level domain alone has no mail today": ("isemail-tests#5",),
    "no top-level domain is one letter": ("isemail-tests#13", "isemail-tests#37"),
    "a display name stands around it: read from the cell, not as an address": (
        "email-validator:test_email_valid#9",
        "email-validator:test_email_valid#10",
        "email-validator:test_email_valid#11",
    ),
    "a quoted local part: no provider gives these out, few sending tools take them": (
        *(f"email-validator:test_email_valid#{n}" for n in (5, 6, 7, 8)),
        *(f"jsonschema-email#{n}" for n in (11, 12, 13)),
    ),
    "an address literal names a machine, no company": (
        "jsonschema-email#14",
        "jsonschema-email#15",
    ),
    "a local part beyond ASCII needs SMTPUTF8 all the way, which we do not promise": tuple(
        f"email-validator:test_email_valid_intl_local_part#{n}" for n in range(15)
    ),
}
# Refused as addresses, and yet read out of a cell, for people paste them so; and why.
MENDED = {
    "a full stop behind it": (
        "isemail-tests#35",
        "email-validator:test_email_invalid_syntax#8",
        "email-validator:test_email_invalid_syntax#9",
        "email-validator:test_pyisemail_tests#26",
    ),
    "a name before it, or brackets around it": tuple(
        f"email-validator:test_email_invalid_syntax#{n}" for n in (69, 74, 75, 76, 77, 78)
    ),
    "two addresses in one cell": ("jsonschema-email#22",),
}


@pytest.fixture(scope="module")
def cases():
    if not CASES.exists():
        pytest.skip("../shared/data/email/cases.jsonl is not on this machine")
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


def wanted(case):
    """Our verdict where there is one, else the source's; None where either will do."""
    ours = case.get("suggested_for_leads")
    if ours in {"accept", "reject"}:
        return ours == "accept"
    if ours == "either":
        return None
    # `valid_only_if_…`, `valid_unless_strict`: not as the addresses of leads are asked for.
    return case["source_verdict"] == "valid"


class TestRefusals:
    def test_follows_the_verdicts_that_others_gave(self, cases):
        refused = addresses.refusals([case["address"] for case in cases])

        wrong = {
            case["id"]: case["address"]
            for case in cases
            if wanted(case) not in {None, case["address"] not in refused}
        }
        explained = {one for many in NOT_FOR_LEADS.values() for one in many}
        assert wrong.keys() == explained, {
            name: wrong.get(name) for name in wrong.keys() ^ explained
        }
        assert len(cases) == 460

    def test_gives_a_reason_with_every_refusal(self, cases):
        texts = [case["address"] for case in cases]

        found = addresses.refusals(texts)

        refused = {text for text in texts if not addresses.is_address(text)}
        assert found.keys() == refused
        assert all(" " in why for why in found.values())


class TestTakenApart:
    def test_mends_only_what_is_known_of_the_refused(self, cases):
        found = {
            case["id"]: taken_apart(case["address"].strip())
            for case in cases
            if wanted(case) is False and not addresses.is_address(case["address"].strip())
        }

        mended = {name for name, each in found.items() if each}
        explained = {one for many in MENDED.values() for one in many}
        assert mended == explained, {name: found.get(name) for name in mended ^ explained}
