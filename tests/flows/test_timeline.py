"""A lead's page tells its story, from the row of a file to the mail that told the client."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.utils import timezone

from pipeline import starting
from pipeline.admin import timeline
from pipeline.models import AiCall, Lead
from pipeline.shown import admin_url
from tests.factories import DraftFactory, LeadChangeFactory, LeadFactory, complete_run
from tests.flows import nights

pytestmark = pytest.mark.django_db


def told(lead: Lead) -> list[tuple[str, str]]:
    given = list(lead.delivered_leads.select_related("delivery", "client", "run"))
    events = timeline.story(lead, given)
    return [(event.title, re.sub(r"<[^>]+>", "", event.words)) for event in events]


class TestStory:
    def test_goes_from_the_file_to_the_log(self, monkeypatch, client):
        monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
        nights.make_agency()
        run = starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()
        lead = Lead.objects.get(record=1)
        delivery = lead.delivered_leads.get().delivery

        titles = [title for title, _ in told(lead)]
        words = dict(told(lead))

        assert [title for title in titles if title != "Came again"] == [
            "Came in", "Imported", "New", "Drafted", "Allocated", "Delivered", "Client told", "Logged",
        ]  # fmt: skip
        assert words["Came in"] == "on line 2 (record 1) of leads.csv, uploaded by test."
        assert words["Drafted"] == (
            f"for Germania by the template: no AI account is set up (GEMINI_API_KEY), in run"
            f" {run.pk}."
        )
        assert words["Allocated"] == f"to Germania in run {run.pk}."
        assert words["Delivered"].endswith(f"in the file of delivery {delivery.pk}.")
        assert words["Client told"] == "1 of 1 mail went out."
        assert words["Logged"] == "in our own log."
        assert "line 5 of leads.csv" in words["Came again"]

        client.force_login(User.objects.create_superuser("ida"))
        assert "1 of 1 mail went out." in client.get(admin_url(lead)).content.decode()

    def test_says_what_a_draft_has_cost(self):
        draft = DraftFactory.create(source="AI")
        for micros in (900, 350):
            AiCall.objects.create(
                run=draft.run, client=draft.client, lead=draft.lead, day=draft.run.local_date,
                model="gemini", reserved_micros=2_000, micros=micros, outcome="PAID",
                lease_until=timezone.now(),
            )  # fmt: skip

        assert dict(told(draft.lead))["Drafted"] == (
            f"for {draft.client} by AI, for $0.0013, in run {draft.run_id}."
        )

    def test_names_what_another_file_taught_us(self):
        change = LeadChangeFactory.create()

        assert dict(told(change.lead))["Learned"] == f"title from {change.file.name}."

    def test_of_a_duplicate_names_the_lead_that_we_keep(self):
        night = complete_run()

        (title, words) = told(night.duplicate)[-1]

        assert title == "Duplicate"
        assert f"the one we keep is {night.given[0].lead.email}" in words

    @pytest.mark.parametrize(
        ("status", "reason", "title", "words"),
        [
            ("RETURNED", "bad_email", "Returned", "by {}: not an e-mail address."),
            (
                "WITHDRAWN",
                "suppressed",
                "Withdrawn",
                "from {}: suppressed before the file was made.",
            ),
        ],
    )
    def test_names_why_a_lead_was_taken_back(self, status, reason, title, words):
        night = complete_run()
        row = night.given[0]
        row.status, row.reason = status, reason
        row.save()

        assert row.lead is not None
        assert told(row.lead)[-1] == (title, words.format(night.client))

    def test_keeps_what_people_decided_with_their_name(self):
        lead = LeadFactory.create()
        ida = User.objects.create_superuser("ida")
        LogEntry.objects.log_actions(
            ida.pk,
            [lead],
            CHANGE,
            "Another person than the lead it looked like.",
            single_object=True,
        )
        LogEntry.objects.update(action_time=timezone.now() + dt.timedelta(days=1))

        assert ("Decided", "ida: Another person than the lead it looked like.") in told(lead)
