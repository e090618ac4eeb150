from __future__ import annotations

import importlib
import re
import string
from pathlib import Path

import pytest

from pipeline import states
from pipeline.states import (
    CHUNK_TRANSITIONS,
    RUN_TRANSITIONS,
    STAGE_TRANSITIONS,
    IllegalTransition,
    RunStatus,
    Stage,
    check_transition,
)


class TestStage:
    def test_order_is_the_users(self):
        names = [stage.lower() for stage in Stage]

        assert names == ["validate", "dedupe", "personalize", "allocate", "upload", "notify", "log"]

    def test_each_is_followed_by_the_next_and_the_last_by_none(self):
        assert [stage.following for stage in Stage] == [*list(Stage)[1:], None]

    def test_only_the_last_three_reach_outside(self):
        outside = [stage for stage in Stage if stage.reaches_outside]

        assert outside == [Stage.UPLOAD, Stage.NOTIFY, Stage.LOG]


class TestCheckTransition:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param(RunStatus.DONE, RunStatus.RUNNING, id="done runs stay done"),
            pytest.param(RunStatus.CANCELLED, RunStatus.RUNNING, id="cancelled is for good"),
            pytest.param(RunStatus.RUNNING, RunStatus.RUNNING, id="no move to itself"),
            pytest.param("NONSENSE", RunStatus.DONE, id="unknown status"),
        ],
    )
    def test_refuses(self, old, new):
        with pytest.raises(IllegalTransition):
            check_transition(RUN_TRANSITIONS, old, new)

    def test_lets_a_failed_run_go_on(self):
        check_transition(RUN_TRANSITIONS, RunStatus.FAILED, RunStatus.RUNNING)

    @pytest.mark.parametrize("table", [RUN_TRANSITIONS, STAGE_TRANSITIONS, CHUNK_TRANSITIONS])
    def test_every_target_is_a_status_of_the_same_machine(self, table):
        assert set().union(*table.values()) <= set(table)


PAGE = (Path(__file__).parents[3] / "docs/architecture.md").read_text()
MACHINES = {"Run": RUN_TRANSITIONS, "StageRun": STAGE_TRANSITIONS, "Chunk": CHUNK_TRANSITIONS}
# RUNNING ─a→ DONE; looked at without taking it, as the target may be the next arrow's source.
ARROW = re.compile(r"\b(?=([A-Z]+) +─([a-z])→ ([A-Z]+))")


def arrows(picture):
    """(letter, from, to) of each arrow in the picture, in the order of the letters."""
    return sorted((letter, old, new) for old, letter, new in ARROW.findall(picture))


def drawn(name):
    """The arrows of one machine of the page: from its name to the next empty line or the end."""
    (picture,) = re.findall(rf"^{name} +([A-Z].*?)^(?:$|```)", PAGE, re.MULTILINE | re.DOTALL)
    return arrows(picture)


def sentences():
    """(letter, who moves the row, by which call), as the page says below its picture."""
    return re.findall(r"^\| ([a-z]) \| (.+) \|$", PAGE, re.MULTILINE)


class TestPictures:
    @pytest.mark.parametrize("name", MACHINES)
    def test_the_page_draws_the_table_that_the_code_obeys(self, name):
        pairs = [(old, new) for _, old, new in drawn(name)]

        assert sorted(pairs) == sorted(
            (old, new) for old, ways in MACHINES[name].items() for new in ways
        )

    def test_the_docstring_draws_the_same_under_the_same_letters(self):
        assert arrows(states.__doc__) == [arrow for name in MACHINES for arrow in drawn(name)]

    def test_letters_run_from_a_without_a_gap_and_each_has_its_sentence(self):
        letters = [letter for letter, _, _ in arrows(states.__doc__)]

        assert letters == list(string.ascii_lowercase[: len(letters)])
        assert [letter for letter, _ in sentences()] == letters

    @pytest.mark.parametrize(
        "call",
        sorted({call for _, said in sentences() for call in re.findall(r"`(\w+\.[\w.]+)`", said)}),
    )
    def test_every_call_it_names_exists(self, call):
        module, *names = call.split(".")

        found = importlib.import_module(f"pipeline.{module}")
        for name in names:
            found = getattr(found, name)

        assert callable(found)
