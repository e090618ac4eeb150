"""Questions to the AI, and that what became of each is told."""

from __future__ import annotations

import queue
import time

import pytest

from leadgen.integrations import loops
from pipeline import asking
from pipeline.asking import NotAsked, Question, Reply

QUESTION = Question(
    call_id=1,
    system="Be kind.",
    data="{}",
    schema={"type": "object"},
    max_output_tokens=9,
    tokens=9,
)


@pytest.fixture
def told():
    return queue.SimpleQueue[Reply]()


class TestAQuestion:
    def test_is_answered(self, server, told):
        asking.asking().ask(QUESTION, told.put)

        assert told.get(timeout=10).answer is not None
        assert told.empty()

    def test_that_is_recalled_before_its_first_step_is_told_as_well(self, server, told):
        ours = asking.asking()
        loops.loop().call_soon_threadsafe(time.sleep, 0.2)  # so that both wait for their turn
        ours.ask(QUESTION, told.put)
        ours.recall()

        assert isinstance(told.get(timeout=10).error, NotAsked)
        assert told.empty()
        assert server.asked == []
