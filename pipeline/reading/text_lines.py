"""Many lines of a text at once, without an object each. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Self

import numpy as np
import numpy.typing as npt

_AT_ONCE = 1 << 17  # characters: what a processor keeps at hand


@dataclass(frozen=True)
class Lines:
    """Lines, each with its end: their UTF-8, and the place behind each in it."""

    content: bytes
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, text: str) -> Self:
        """A line ends with LF, CR or both, as csv has it. Raises UnicodeEncodeError."""
        content = text.encode()
        signs = np.frombuffer(content, np.uint8)
        is_end = signs == ord("\n")
        if b"\r" in content:
            alone = signs == ord("\r")
            alone[:-1] &= ~is_end[1:]
            is_end |= alone
        ends = np.flatnonzero(is_end) + 1
        if len(content) > ends[-1:].sum():  # the last line of a text may have no end
            ends = np.append(ends, len(content))
        return cls(content, ends)

    @classmethod
    def joined(cls, parts: Sequence[Lines]) -> Self:
        starts = np.cumsum([0, *(len(part.content) for part in parts)])
        ends = [part.ends + start for part, start in zip(parts, starts, strict=False)]
        return cls(
            b"".join(part.content for part in parts),
            np.concatenate([*ends, np.zeros(0, np.int64)]),
        )

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[str]:
        ends = self.ends.tolist()  # by these: a line that was cut has no end of its own
        return (self.content[start:end].decode() for start, end in pairwise([0, *ends]))

    def longest(self) -> int:
        """Bytes of the longest."""
        return int(np.diff(self.ends, prepend=0).max(initial=0))

    def split(self, count: int) -> tuple[Lines, Lines]:
        """The first so many, and the others."""
        end = int(self.ends[:count][-1:].sum())
        return (
            Lines(self.content[:end], self.ends[:count]),
            Lines(self.content[end:], self.ends[count:] - end),
        )


NO_LINES = Lines.of("")


def read_lines(text: IO[str], count: int, longest: int) -> tuple[Lines, str]:
    """So many lines of a text opened with newline='', or some more; fewer at its end.

    A line of more than `longest` characters is cut there, as `text.readline(longest)` would. Lines
    that UTF-8 cannot hold end it, and are what else is returned.
    """
    parts: list[Lines] = []
    while sum(map(len, parts)) < count and (some := _read_some(text, longest)):
        try:
            parts.append(Lines.of(some))
        except UnicodeEncodeError:
            return Lines.joined(parts), some
    return Lines.joined(parts), ""


def _read_some(text: IO[str], longest: int) -> str:
    block = text.read(min(_AT_ONCE, longest))
    begun = len(block) - 1 - max(block.rfind("\n"), block.rfind("\r"))  # of the last line
    return block + text.readline(longest - begun)


def one_by_one(text: str) -> Iterator[str]:
    return iter(io.StringIO(text, newline=""))
