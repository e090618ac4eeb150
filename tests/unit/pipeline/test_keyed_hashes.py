from __future__ import annotations

import hmac
import io
import os
import signal
import threading
import time
from array import array
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import IO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.addresses import keys_beside, match_keys
from pipeline.arrow import TEXT, pa
from pipeline.keyed_hashes import SIZE, Beside, answer, digests

SECRETS = st.one_of(st.binary(min_size=1, max_size=70), st.binary(min_size=65, max_size=200))


@given(st.lists(st.binary(max_size=200), max_size=5), SECRETS)
def test_digests_are_those_of_the_standard_library(messages, secret):
    expected = [hmac.digest(secret, message, "sha256")[:SIZE] for message in messages]
    assert digests(messages, secret) == b"".join(expected)


@given(st.lists(st.binary(max_size=20), max_size=5), SECRETS)
def test_the_process_answers_one_question_after_the_other(messages, secret):
    bounds = array("q", [0])
    for message in messages:
        bounds.append(bounds[-1] + len(message))
    content = b"".join(messages)
    sizes = array("q", [len(secret), len(bounds) * 8, len(content)])
    question = b"".join([sizes.tobytes(), secret, bounds.tobytes(), content])
    answers = io.BytesIO()

    answer(io.BytesIO(question * 2), answers)

    assert answers.getvalue() == digests(messages, secret) * 2


def column(count: int):
    return pa.array([f"lead.{n}@acme.com" for n in range(count)], TEXT)


@pytest.fixture(scope="module")
def beside():
    with Beside(b"secret") as found:
        yield found


@pytest.mark.parametrize("part", [(0, 0), (0, 1), (0, 30_000), (7, 100), (29_999, 1)])
def test_keys_made_beside_are_the_same(beside, part):
    asked = column(30_000).slice(*part)

    assert keys_beside(asked, b"secret", beside).equals(match_keys(asked, b"secret"))


def test_several_threads_get_their_own(beside):
    columns = [column(count) for count in range(100, 1_000, 100)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: keys_beside(each, b"secret", beside), columns))

    assert all(
        keys.equals(match_keys(each, b"secret")) for keys, each in zip(found, columns, strict=True)
    )


def test_a_thread_is_answered_before_the_next_one_asks():
    turns = []

    class Pipe:
        def write(self, part):
            turns.append(threading.get_ident())
            time.sleep(0.001)  # whoever waits for a turn would take it now

        def read(self, size):
            self.write(b"")
            return bytes(size)

        flush = close = lambda self: None

    beside = Beside(b"secret")
    beside._questions = beside._answers = cast("IO[bytes]", Pipe())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: keys_beside(each, b"secret", beside), [column(1)] * 40))

    assert len(set(turns)) > 1
    of_one_question = [len(list(same)) for _, same in groupby(turns)]
    assert all(count % (len(turns) // 40) == 0 for count in of_one_question)


def test_a_process_that_is_killed_costs_nothing_but_time():
    with Beside(b"secret") as beside:
        os.kill(beside._process.pid, signal.SIGKILL)

        for count in (3, 50_000):
            keys = keys_beside(column(count), b"secret", beside)
            assert keys.equals(match_keys(column(count), b"secret"))


def test_the_process_ends_with_the_block():
    with Beside(b"secret") as beside:
        assert beside._process.poll() is None

    assert beside._process.returncode is not None
