"""What services say of pauses."""

from __future__ import annotations

import pickle

import pytest

from leadgen.integrations.errors import Throttled


class TestRetryAfter:
    @pytest.mark.parametrize(("said", "believed"), [(None, None), (90, 90), (1e15, 86_400)])
    def test_is_believed_up_to_a_day(self, said, believed):
        error = Throttled("pause", service="notion", retry_after=said)

        assert error.retry_after == believed
        assert pickle.loads(pickle.dumps(error)).retry_after == believed  # noqa: S301
