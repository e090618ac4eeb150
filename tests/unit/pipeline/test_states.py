from __future__ import annotations

import pytest

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
