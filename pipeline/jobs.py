"""A draft on its way to the AI and back: what its next call is to ask, and the most it may cost."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.conf import settings

from leadgen.integrations import gemini
from pipeline import drafts, prices
from pipeline.asking import Question
from pipeline.budget import Wanted
from pipeline.drafts import Request
from pipeline.prompts import Instruction

MOST_OUTPUT = 1_024  # tokens; after an answer that was cut: LARGER times as many
LARGER = 4
BYTES_PER_TOKEN = 4  # usual; the most is one
OVERHEAD = 64  # tokens that the service adds


@dataclass
class Job:
    """A request on its way. `calls`: those that may have been paid for."""

    request: Request
    calls: int = 0
    retried: bool = False
    failed: bool = False  # the service gave no answer
    violations: tuple[str, ...] = ()
    most_output: int = MOST_OUTPUT
    not_before: float = 0.0
    reserved: int = 0

    def wanted(self, instruction: Instruction) -> Wanted:
        """The call to reserve; `reserved` is what it may cost from now on."""
        self.reserved = prices.price(_most_input(instruction), self.most_output)
        lead = self.request.lead_id
        return Wanted(
            lead_id=lead if lead > 0 else None,  # below: it lies in a file, in no table yet
            client_id=self.request.client_id,
            micros=self.reserved,
        )

    def question(self, call_id: int, instruction: Instruction) -> Question:
        first = not self.calls and not self.retried
        return Question(
            call_id=call_id,
            system=instruction.system,
            data=instruction.data,
            schema=drafts.ANSWER_SCHEMA,
            max_output_tokens=self.most_output,
            tokens=_size(instruction) // BYTES_PER_TOKEN + OVERHEAD,
            tier=settings.GEMINI_TIER if first else gemini.STANDARD,
            failed_before=self.failed,
        )


def _most_input(instruction: Instruction) -> int:
    """No text has more tokens than bytes."""
    return _size(instruction) + len(json.dumps(drafts.ANSWER_SCHEMA)) + OVERHEAD


def _size(instruction: Instruction) -> int:
    return len(instruction.system.encode()) + len(instruction.data.encode())
