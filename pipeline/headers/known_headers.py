"""The columns of a file as the profile of its source knows them (spec U3). Pure.

By header, however it is capitalised and spaced. Of several alike the second is `Name (2)`; they
are known only together, for a file with more or fewer of them may mean others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from pipeline.headers.header_meaning import plain

_NUMBERED = re.compile(r"(.+) \((\d{1,2})\)", re.DOTALL)

Key = tuple[str, int]  # a header in plain form; which one of those alike


def base(header: str) -> str:
    """What headers that mean the same column have in common."""
    return _key(header)[0]


def recalled(headers: Sequence[str], known: Mapping[str, str]) -> dict[int, str]:
    """Position → field, as a profile (header → field) says."""
    fields = dict(zip(_keys(known), known.values(), strict=True))
    keys = _keys(headers)
    here, there = _numbers(keys), _numbers(fields)
    return {
        n: fields[key]
        for n, key in enumerate(keys)
        if headers[n] and here[key[0]] == there.get(key[0])
    }


def to_remember(
    headers: Sequence[str], fields: Sequence[str], chosen: Iterable[int]
) -> dict[str, str]:
    """Header → field of the columns that somebody chose, and of those alike, which go with them."""
    keys = _keys(headers)
    meant = {keys[n][0] for n in chosen if headers[n]}
    return {
        header if number == 1 else f"{_parted(header)[0]} ({number})": field
        for header, (alike, number), field in zip(headers, keys, fields, strict=True)
        if alike in meant
    }


def merged(known: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """A profile with what was said since, which replaces all that is known of headers alike."""
    meant = set(map(base, said))
    return {header: known[header] for header in known if base(header) not in meant} | {**said}


def _keys(headers: Iterable[str]) -> list[Key]:
    last: dict[str, int] = {}
    keys = []
    for alike, number in map(_key, headers):
        last[alike] = max(number, last.get(alike, 0) + 1)
        keys.append((alike, last[alike]))
    return keys


def _key(header: str) -> Key:
    bare, number = _parted(header)
    folded = unicodedata.normalize("NFKC", bare).casefold().strip()
    return plain(bare) or folded, number  # a script that nobody here can read has no plain form


def _parted(header: str) -> tuple[str, int]:
    numbered = _NUMBERED.fullmatch(header)
    return (numbered[1], int(numbered[2])) if numbered else (header, 1)


def _numbers(keys: Iterable[Key]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for alike, number in keys:
        found.setdefault(alike, set()).add(number)
    return found
