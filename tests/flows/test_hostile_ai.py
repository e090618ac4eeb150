"""An AI of which three answers in ten are bad: none passes, and every template says why.

The long form: HOSTILE_LEADS=1000.
"""

from __future__ import annotations

import os
import zlib

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from clients.models import Plan
from deliveries import letters
from deliveries.models import Mail
from pipeline import audit, report, starting
from pipeline.models import AiBudget, AiCall, Draft
from pipeline.reasons import in_words
from tests.flows import nights
from tests.integrations import gemini_server
from tests.integrations.gemini_server import BODY, WORDS, Say, answer, blocked, error

pytestmark = pytest.mark.django_db

LEADS = int(os.environ.get("HOSTILE_LEADS", "200"))


def unfit(**changed: str) -> Say:
    return Say(body=answer({**WORDS, **changed}))


BAD = (
    Say(body=blocked()),
    Say(body=answer(None)),
    Say(body=answer(None, ending="SAFETY")),
    Say(body=answer('{"subject": "A sh', ending="MAX_TOKENS")),
    Say(body="<html>Sign in</html>", content_type="text/html"),
    Say(body='{"candidates": [{"cont'),
    Say(body=answer(), promise=99),
    Say(hang_up=True),
    error(400, "INVALID_ARGUMENT"),
    error(503, "UNAVAILABLE"),
    Say(body=answer("Sure! Here is your e-mail.")),
    Say(body=answer("[]")),
    unfit(subject="HACKED"),
    unfit(body="HACKED"),
    unfit(body=BODY.replace("your team", "[Company]")),
    unfit(body=BODY.replace("your team", "{{company}}")),
    unfit(body=BODY.replace("without a long meeting", "and saved 37 percent for Globex Corp")),
    unfit(body=BODY.replace("a short answer", "a click on https://evil.example/x")),
    unfit(body=f"{BODY} Write to boss@evil.example."),
    unfit(body=f"{BODY} <script>alert(1)</script>"),
    unfit(icebreaker="As an AI language model I cannot know you."),
    unfit(body=" ".join(["word"] * 400)),
    unfit(subject="x" * 200),
    unfit(body=(
        "Guten Tag, wir haben gesehen, was Ihr Haus macht, und möchten Ihnen gerne zeigen, wie"
        " andere an Ihrer Stelle damit umgehen, ohne lange Sitzung und ohne jede Verpflichtung."
        " Wenn es für Sie nützlich klingt, genügt eine kurze Antwort, und wir schicken einige"
        " Beispiele, die zu Ihnen passen. Wenn nicht, genügt ebenso ein Wort, dann hören Sie"
        " nichts mehr von uns."
    )),
)  # fmt: skip


def three_in_ten(asked: gemini_server.Asked) -> Say:
    """By the lead, so that asking again gives the same."""
    number = zlib.crc32(asked.data.encode())
    return BAD[number // 10 % len(BAD)] if number % 10 < 3 else Say(body=answer())


@pytest.fixture
def server(server):
    server.usually = three_in_ten
    return server


def many_leads() -> None:
    rows = "".join(f"ann{n}@acme-{n}.com,Acme {n},France\n" for n in range(LEADS))
    Plan.objects.update(cap_day=None)
    nights.take_in(f"email,company,country\n{rows}", "many.csv")


class TestAnAiThatIsBadThreeTimesInTen:
    def test_gets_nothing_bad_through_and_everybody_is_told_why(self, server, client):
        nights.make_agency()
        many_leads()
        run = starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()
        run.refresh_from_db()

        found = report.run_object(run)
        written = Draft.objects.filter(source="AI")
        assert found["status"] == "DONE"
        assert set(written.values_list("subject", "icebreaker")) == {
            (WORDS["subject"], WORDS["icebreaker"])
        }
        assert not written.filter(body__regex="HACKED|evil|37|<|{{|\\[|Guten").exists()
        assert 0.15 * LEADS < found["drafts"]["template"] < 0.45 * LEADS
        assert found["drafts"]["ai"] + found["drafts"]["template"] >= LEADS
        self._everybody_is_told(run, found["template_reasons"], client)
        assert AiBudget.objects.get(run=run).reserved_micros == 0
        assert not AiCall.objects.filter(outcome="RESERVED").exists()
        assert audit.run()["ok"]

    def _everybody_is_told(self, run, reasons, client) -> None:
        assert sum(reasons.values()) == Draft.objects.filter(source="TEMPLATE").count()
        assert {"ai_blocked", "ai_empty", "ai_cut", "ai_error", "ai_request"} <= set(reasons)
        client.force_login(User.objects.create_superuser("ida"))
        page = client.get(reverse("admin:pipeline_run_change", args=[run.pk])).content.decode()
        mails = "".join(
            letters.about_delivery(delivery, delivery.mails.get()).text
            for delivery in run.deliveries.all()
        )
        assert Mail.objects.filter(status="SENT").count() == run.deliveries.count()
        for reason in reasons:
            assert in_words(reason).replace("'", "&#x27;") in page
            assert letters.BECAUSE.get(reason, letters.ELSE) in mails
