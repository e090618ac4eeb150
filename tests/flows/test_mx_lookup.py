"""Domains that take no mail: refused at the import where MX_LOOKUP is on, and counted there."""

from __future__ import annotations

import dns.resolver
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse

from pipeline import audit, lead_files, mx_lookup
from pipeline.models import Lead
from tests.flows import nights
from tests.flows.test_importing import open_run, seen_by

pytestmark = pytest.mark.django_db

TEXT = """\
Email,Name
ann@acme-pipes.com,Ann
bob@nowhere.com,Bob
cleo@NOWHERE.com,Cleo
dan@silent.com,Dan
not an address,Eve
info@nowhere.com,Desk
"""


class Answers:
    """acme-pipes.com takes mail, nowhere.com does not exist, of others nobody knows."""

    def __init__(self):
        self.asked: list[str] = []

    def resolve(self, qname, rdtype, *, lifetime):
        self.asked.append(qname)
        if qname == "nowhere.com.":
            raise dns.resolver.NXDOMAIN
        if qname == "acme-pipes.com.":
            return [type("MX", (), {"exchange": "mx.acme-pipes.com."})]
        raise dns.resolver.NoNameservers


@pytest.fixture(autouse=True)
def answers(monkeypatch, settings):
    settings.MX_LOOKUP = True
    found = Answers()
    monkeypatch.setattr(mx_lookup, "resolver", lambda: found)
    monkeypatch.setattr(mx_lookup, "_known", {})
    return found


class TestTheImport:
    def test_refuses_whose_domain_takes_no_mail_and_keeps_what_is_unknown(self):
        lead_file = nights.take_in(TEXT)
        run = open_run()
        nights.work_off()

        emails = Lead.objects.order_by("record").values_list("email", flat=True)
        assert list(emails) == ["ann@acme-pipes.com", "dan@silent.com"]
        refused = lead_file.rejections.order_by("record").values_list("record", "field", "code")
        assert list(refused) == [
            (2, "email", "no_mx"),
            (3, "email", "no_mx"),
            (5, "email", "bad_email"),
            (6, "email", "role"),
        ]
        assert seen_by(run) == (6, 2, {"no_mx": 2, "bad_email": 1, "role": 1})
        assert audit.run()["ok"]

    def test_leaves_the_checks_counts_as_they_were(self, answers):
        lead_file = nights.take_in(TEXT)
        assert answers.asked == []

        open_run()
        nights.work_off()

        lead_file.refresh_from_db()
        assert (lead_file.accepted, lead_file.invalid) == (4, 2)
        assert "no_mx" not in lead_file.reasons

    def test_asks_of_each_domain_once_and_not_of_rows_that_are_refused_anyway(self, answers):
        nights.take_in(TEXT + "fay@fir-tools.com,Fay\nsales@role-only.com,Desk\n")
        open_run()
        nights.work_off()

        assert answers.asked.count("nowhere.com.") == 1
        assert "role-only.com." not in answers.asked

    def test_asks_outside_any_transaction(self, answers, monkeypatch):
        """In a thread of its own, which has no connection, so none that is in one."""
        found: list[bool] = []
        real = answers.resolve

        def noted(*args, **named):
            found.append(connection.connection is None)
            return real(*args, **named)

        monkeypatch.setattr(answers, "resolve", noted)
        nights.take_in(TEXT)
        open_run()
        nights.work_off()

        assert found
        assert all(found)

    def test_goes_on_where_the_host_knows_no_name_server(self, monkeypatch):
        def without():
            raise dns.resolver.NoResolverConfiguration

        monkeypatch.setattr(mx_lookup, "resolver", without)
        nights.take_in(TEXT)
        open_run()
        nights.work_off()

        assert Lead.objects.count() == 4

    def test_asks_nothing_more_once_the_files_time_is_over(self, monkeypatch, answers):
        monkeypatch.setattr(mx_lookup, "SECONDS_A_FILE", 0.0)
        monkeypatch.setitem(mx_lookup._known, "acme-pipes.com", "no_mx")
        nights.take_in(TEXT)
        open_run()
        nights.work_off()

        assert answers.asked == []
        emails = Lead.objects.values_list("email", flat=True)
        assert "ann@acme-pipes.com" not in emails

    def test_asks_nothing_where_it_is_off(self, settings, answers):
        settings.MX_LOOKUP = False
        nights.take_in(TEXT)
        open_run()
        nights.work_off()

        assert answers.asked == []
        assert Lead.objects.count() == 4


class TestWhatAPersonSees:
    def test_is_why_and_the_rows_to_mend(self, client):
        client.force_login(User.objects.create_superuser("ida"))
        lead_file = nights.take_in(TEXT)
        open_run()
        nights.work_off()
        lead_file.refresh_from_db()

        page = client.get(reverse("admin:pipeline_leadfile_change", args=[lead_file.pk]))

        counts = {reason["code"]: reason["count"] for reason in page.context["reasons"]}
        assert counts == {"no_mx": 2, "bad_email": 1, "role": 1}
        assert b"found at the import" in page.content
        assert b"bob@nowhere.com" in b"".join(lead_files.rejects_of(lead_file))
