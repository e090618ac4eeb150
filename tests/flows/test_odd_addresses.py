"""Addresses at the desk that nobody types, and what answers them: never a stack trace."""

from __future__ import annotations

import pytest

from tests.factories import LeadFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("pipeline/lead/?country=%00", 400),
        ("pipeline/lead/?reason=%00", 400),
        ("pipeline/lead/?status__exact=%00", 400),
        ("pipeline/rejection/?reason=%00", 400),
        ("pipeline/draft/review/?client=%C2%B2", 302),
        ("pipeline/draft/review/?client=99999999999999999999", 302),
        ("pipeline/lead/?run=99999999999999999999", 200),
        ("pipeline/lead/?p=99999999999", 200),
        ("pipeline/lead/99999999999999999999/change/", 302),
    ],
)
def test_are_answered(admin_client, address, code):
    LeadFactory.create()

    assert admin_client.get(f"/admin/{address}").status_code == code
