"""Drafts while a person at the desk waits: other words for one, or the preview of a prompt.

The same limits, breaker and money as at night, from the day's budget alone, for it is no run's.
"""

from __future__ import annotations

from collections.abc import Sequence

from leadgen.integrations import gemini
from pipeline import asking, budget, drafts, outages, prompts
from pipeline.drafts import Request, Words
from pipeline.writing import AiWriter, Heard

SECONDS = 20.0  # nobody waits longer for a page


class AtOnce:
    """Writes now, or says by its template why not. `heard` is told of each answer."""

    def __init__(self, heard: Heard = lambda _request, _verdict: None) -> None:
        self.model = gemini.model()
        self._heard = heard

    def write(self, requests: Sequence[Request]) -> list[Words]:
        """One draft per request, in order. Never raises for one: a template stands in."""
        reason, waits = outages.reason_to_stop()
        found = {} if reason or waits else self._asked(requests)
        stands_in = reason or outages.DOWN
        return [
            found.get((each.lead_id, each.client_id))
            or drafts.from_template(each, reason=stands_in)
            for each in requests
        ]

    def _asked(self, requests: Sequence[Request]) -> dict[tuple[int, int], Words]:
        writer = AiWriter(
            asking.asking(),
            lambda request, violations: prompts.instruction(
                request.prompt, request, violations=violations
            ),
            seconds=SECONDS,
            heard=self._heard,
        )
        found: dict[tuple[int, int], Words] = {}
        for part in writer.write(requests):
            budget.settle(part.settled)
            found.update({(each.lead_id, each.client_id): words for each, words in part.written})
        return found
