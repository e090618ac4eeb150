from __future__ import annotations

import logging

import pytest

from leadgen.logs import WithExtras

FORMAT = "%(levelname)s %(name)s %(message)s"


def line(message: str, *, exc_info=None, **extra) -> str:
    logger = logging.getLogger("pipeline.chain")
    record = logger.makeRecord(
        logger.name, logging.ERROR, __file__, 1, message, (), exc_info, extra=extra
    )
    return WithExtras(FORMAT).format(record)


class TestWithExtras:
    def test_says_what_was_passed_beside_the_message(self):
        assert line("chunk failed", chunk=7, error="Timeout") == (
            "ERROR pipeline.chain chunk failed chunk=7 error=Timeout"
        )

    def test_leaves_a_message_without_any_as_it_is(self):
        assert line("beat is silent") == "ERROR pipeline.chain beat is silent"

    @pytest.mark.parametrize(
        ("value", "shown"),
        [("two words", "'two words'"), ("two\nlines", r"'two\nlines'"), ("", "''")],
    )
    def test_quotes_what_is_not_one_word(self, value, shown):
        assert line("mails wait", error=value).endswith(f" error={shown}")

    def test_keeps_to_plain_values_for_requests_and_tasks_may_name_people(self):
        assert line("Not Found", status_code=404, request=object(), data={"args": "x"}).endswith(
            "Not Found status_code=404"
        )

    def test_puts_them_before_a_trace(self):
        raised = (ValueError, ValueError(), None)

        lines = line("chunk failed", exc_info=raised, chunk=7).splitlines()

        assert lines[0].endswith("chunk failed chunk=7")
        assert lines[-1] == "ValueError"
