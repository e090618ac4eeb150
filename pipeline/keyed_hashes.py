"""HMAC-SHA256 of many short texts, made here or by a process beside this one.

Python hashes short texts one by one, and no other thread computes meanwhile: a fourth of the time
that a large file takes to be judged. A process of its own does it on another core.

This file is that process's program too, so it needs nothing but Python.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from array import array
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise
from threading import Lock
from typing import IO, Any, Self, cast

SIZE = 16  # bytes of each digest that are kept


def digests(messages: Iterable[bytes], secret: bytes) -> bytes:
    """The first SIZE bytes of each message's HMAC, one behind the other.

    HMAC written out (RFC 2104, 2): with both pads hashed once, twice as fast as hmac.digest.
    """
    inner, outer = _padded(secret, 0x36).copy, _padded(secret, 0x5C).copy
    found = []
    for one in messages:
        message, digest = inner(), outer()
        message.update(one)
        digest.update(message.digest())
        found.append(digest.digest()[:SIZE])
    return b"".join(found)


def _padded(secret: bytes, pad: int) -> Any:
    block = hashlib.sha256().block_size
    key = hashlib.sha256(secret).digest() if len(secret) > block else secret
    return hashlib.sha256(bytes(byte ^ pad for byte in key.ljust(block, b"\x00")))


class Beside:
    """A process that makes digests; it ends with the block, or when this process ends."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._turn = Lock()  # of several threads one at a time asks, and is answered

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the worker is the worker's to handle
        )
        self._questions = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._questions, self._answers):
            with suppress(OSError):  # what it was not told any more
                pipe.close()

    def digests(self, content: memoryview, bounds: memoryview) -> bytes:
        """As the function does; message n is content[bounds[n]:bounds[n + 1]], bounds are int64.

        Raises OSError where the process has ended.
        """
        sizes = array("q", [len(self._secret), bounds.nbytes, content.nbytes])
        expected = (bounds.nbytes // sizes.itemsize - 1) * SIZE
        with self._turn:
            for part in (sizes, self._secret, bounds, content):
                self._questions.write(part)
            self._questions.flush()
            found = self._answers.read(expected)
        if len(found) != expected:
            raise OSError("The process that makes the keys has ended.")
        return found


def answer(questions: IO[bytes], answers: IO[bytes]) -> None:
    """What the process does, to the end of its questions."""
    while header := questions.read(3 * array("q").itemsize):
        secret, bounds, content = map(questions.read, array("q", header))
        parts = (content[start:end] for start, end in pairwise(array("q", bounds)))
        answers.write(digests(parts, secret))
        answers.flush()


if __name__ == "__main__":
    answer(sys.stdin.buffer, sys.stdout.buffer)
