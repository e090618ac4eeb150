"""Leads for which the AI fails each time: they cost themselves, and never look like an outage."""

from __future__ import annotations

import pytest
from django.utils import timezone

from clients.models import Plan
from pipeline import report, services, starting
from pipeline.models import Chunk, Draft, Run
from tests.flows import nights
from tests.integrations.gemini_server import Say, answer, error

pytestmark = pytest.mark.django_db

LEADS, HOPELESS = 90, 30  # more than TRIP_AFTER are left in the end
ANSWER = Say(body=answer(), seconds=0.03)


def night() -> Run:
    nights.make_agency()
    Plan.objects.update(cap_day=None)
    names = [f"{'hopeless' if n % 3 == 0 else 'fine'}-{n}" for n in range(LEADS)]
    rows = "".join(f"ann@{name}.com,{name},France\n" for name in names)
    nights.take_in(f"email,company,country\n{rows}", "many.csv")
    run = starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(error(503, "UNAVAILABLE"), "ai_error", id="503"),
        pytest.param(Say(hang_up=True), "ai_error", id="hangs up"),
        pytest.param(Say(body="<html>", content_type="text/html"), "ai_error", id="HTML"),
        pytest.param(error(400, "INVALID_ARGUMENT"), "ai_request", id="400"),
        pytest.param(Say(body=answer("HACKED")), "ai_unfit", id="hostile"),
    ],
)
class TestLeadsThatAlwaysFail:
    def test_each_get_their_own_reason_and_the_breaker_stays_closed(self, server, said, reason):
        server.usually = lambda asked: said if "opeless" in asked.data else ANSWER

        found = report.run_object(night())

        assert found["status"] == "DONE"
        assert found["template_reasons"] == {reason: HOPELESS}
        assert not services.breaker("gemini").failing
        assert not Draft.objects.filter(source="AI", lead__email__contains="hopeless").exists()


class TestRetries:
    def test_come_between_the_others(self, server, settings):
        """What is tried again is not left to the end, when nothing else is asked any more."""
        settings.GEMINI_CONCURRENCY = 2
        server.usually = lambda asked: (
            Say(hang_up=True) if "opeless" in asked.data else Say(body=answer())
        )

        night()

        data = [asked.data for asked in server.asked]
        fine = [n for n, text in enumerate(data) if "opeless" not in text]
        retries = [n for n, text in enumerate(data) if text in data[:n]]
        assert len(retries) == HOPELESS * 2
        assert sum(n < fine[-1] for n in retries) > HOPELESS // 3


class TestAServiceThatIsDown:
    @pytest.mark.parametrize(
        "said", [error(503, "UNAVAILABLE"), Say(hang_up=True)], ids=["503", "hangs up"]
    )
    def test_opens_the_breaker_at_once(self, server, said):
        server.usually = lambda _asked: said

        run = night()

        assert (run.status, Draft.objects.count()) == ("RUNNING", 0)
        assert services.breaker("gemini").is_open
        assert Chunk.objects.get(stage_run__stage="PERSONALIZE").failures == 0
        assert len(server.asked) <= 3 * LEADS

    def test_opens_it_too_where_it_answered_at_first(self, server):
        server.will_say(*[ANSWER] * 20)
        server.usually = lambda _asked: error(503, "UNAVAILABLE")

        run = night()

        assert (run.status, Draft.objects.filter(source="AI").count()) == ("RUNNING", 20)
        assert services.breaker("gemini").is_open


class TestACheapTierThatIsFull:
    def test_is_no_outage(self, server, settings):
        """Its refusals are no failures, even where the standard tier fails for one lead, too."""
        settings.GEMINI_TIER = "flex"
        full = error(503, "UNAVAILABLE")
        server.usually = lambda asked: (
            full if "serviceTier" in asked.body or "opeless-0" in asked.data else ANSWER
        )

        found = report.run_object(night())

        assert found["template_reasons"] == {"ai_error": 1}
        assert not services.breaker("gemini").failing
