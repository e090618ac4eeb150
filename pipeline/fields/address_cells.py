"""A cell of an e-mail column: the address in it that counts, and the others. Pure.

People write `Ann <a@x.com>`, `mailto:a@x.com`, `a@x.com; b@y.com`, and Apollo a `'` in front:
the first that is an address counts, the further ones are kept. Only what the quick check
refuses is taken apart, each distinct cell once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from urllib.parse import unquote

from pipeline import addresses
from pipeline.arrow import TEXT, Column, Mask, byte_range, holds, pa, pc, text
from pipeline.fields.escapes import unescaped
from pipeline.headers.cell_kinds import FULL_WIDTH_AT
from pipeline.headers.header_forms import of_header

LONGEST = 2_000  # characters of a cell that are worth a look: forty usual addresses
# As keyboards of the East and word processors write what stands in an address, or between two.
_PLAIN = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | str.maketrans(
    "\u3002\uff61\ufe6b\u3001\u060c\u061b\u2019\u2018\u2010\u2011", "..@,,;''--"
)
_TYPED = "=", "'"  # in front of what a spreadsheet shall take for text, or for a formula
# `%20ann@x.com` and `u003cann@x.com`, of a link and a script on a web page, would pass for addresses.
_QUOTED, _SCRIPTED = r"%[0-9A-Fa-f]{2}", ("u003c", "u003e")
_PAIRS = ("<>", '""', "''", "“”", "„“", "‘’", "«»", "``", "[]", "{}")  # noqa: RUF001  (the quotes that people type)
_NAMED = re.compile(r'^(?:[^<>]*[\s"])?<([^<>]*)>$')
# A bracket that tells of an address that it is none any more is no name.
_GONE = re.compile(
    r"(?i)\((?:(?:hard|soft|has|is)[ -])*(?:bounce[ds]?|invalid|inactive|wrong|old|former|left|dead|expired"
    r"|unsubscribed|opted[ -]out|blocked|disabled|dnc|removed|undeliverable|deceased)"
    r"(?: e-?mail| address| (?:the )?company)?(?: [0-9./-]+)?\)"
    r"|\((?:do[ -]not|don't|not|no longer)[ -][^()]*\)"
)
# Ann (ann@x.com), and a mail program's ann@x.com (Ann)
_BRACKETED = re.compile(r"^[^()<>@]+\s\(([^()\s]*@[^()\s]*)\)$|^(\S+@\S+)\s+\([^()@]*\)$")
_ANCHOR = re.compile(r"(?is)^<a\s[^<>]*mailto:([^\"'<>?]*)[^<>]*>[^<>]*</a>$")
# A list as programs write it: JSON's and Python's, PostgreSQL's.
_LIST = re.compile(r"^\[([^\[\]]*)\]$|^\{([^{}]*)\}$")
# A spreadsheet's link whose formula was exported, Markdown's, Slack's, and Access'.
_LINK = re.compile(
    r'(?is)^=HYPERLINK\(\s*"(?:mailto:)?([^"?]*)[^"]*".*\)$'
    r"|^\[[^\[\]]*\]\(mailto:([^()?]*)[^()]*\)$"
    r"|^<mailto:([^<>|?]*)[^<>|]*\|[^<>]*>$"
    r"|^[^#]*#mailto:([^#?]*)[^#]*#[^#]*$"
)
_BETWEEN = re.compile(
    r"(?i)<br\s*/?>|\s+(?:[&+•·–-]|and|or|und|oder|et|ou|en|of|y|o|e)\s+|\s*:{2,}\s*|[\s/|]+"  # noqa: RUF001
)
_LINE_END = re.compile(r"(?i)(?:<br\s*/?>|\\[rn])+$")
_MAILTO = re.compile(r"(?i)^(?:mailto|smtp):([^?]*).*$", re.DOTALL)  # Exchange writes the other

_LONGEST_LABEL = 40  # characters
_OF_ADDRESSES = frozenset({"email", "email_alt"})

TOO_LONG = f"The cell is longer than {LONGEST:,} characters, so no address was looked for."


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A column of cells that was read. Both columns are '' where there is nothing."""

    first: Column
    others: Column  # further addresses of the cell, joined by `, `
    refusals: Mapping[str, str]  # each cell without an address → why, in one sentence


def read(column: Column) -> Cells:
    """What the trimmed cells of an e-mail column hold."""
    plain = pc.and_not(addresses.are_certain(column), _may_hide_more(column))
    odd = pc.and_not(pc.not_equal(column, ""), plain)
    coded = column.filter(odd).dictionary_encode()
    texts = coded.dictionary.to_pylist()
    found, refusals = _taken_apart(texts)
    firsts = pa.array([each[0] if each else "" for each in found], TEXT)
    others = pa.array([", ".join(each[1:]) for each in found], TEXT)
    nothing = pa.repeat(text(""), len(column))
    return Cells(
        first=pc.replace_with_mask(column, odd, firsts.take(coded.indices)),
        others=pc.replace_with_mask(nothing, odd, others.take(coded.indices)),
        refusals=refusals,
    )


def _may_hide_more(column: Column) -> Mask:
    """Which cells may be more than an address, though they could pass for one."""
    found = reduce(pc.or_, (pc.starts_with(column, sign) for sign in (*_TYPED, *_SCRIPTED)))
    if not holds(column, "%"):
        return found
    return pc.or_(found, pc.match_substring_regex(column, _QUOTED))


def has_at(column: Column) -> Mask:
    """Which cells may hold an address at all."""
    ascii_at = pc.match_substring(column, "@")
    if byte_range(column)[1] < 0x80:  # noqa: PLR2004  (ASCII)
        return ascii_at
    return pc.or_(ascii_at, pc.match_substring(column, FULL_WIDTH_AT))


def taken_apart(cell: str) -> list[str]:
    """The addresses in a cell as they stand there, each mailbox once.

    Parts between commas and semicolons may be anything. What spaces, slashes or bars divide
    counts only if all of it is addresses: a sentence that holds one is no address.
    """
    return _taken_apart([cell])[0][0]


def _taken_apart(cells: Sequence[str]) -> tuple[list[list[str]], dict[str, str]]:
    """Per cell its addresses; and for each cell without one, why."""
    candidates = {cell: _candidates(cell) for cell in cells}
    wrong = addresses.refusals({each for few in candidates.values() for each in chain(*few)})
    found = {
        cell: _each_once([each for group in few if not wrong.keys() & group for each in group])
        for cell, few in candidates.items()
    }
    refusals = {
        cell: _why_none(cell, candidates[cell], wrong)
        for cell, addresses_in_it in found.items()
        if not addresses_in_it
    }
    return [found[cell] for cell in cells], refusals


def _candidates(cell: str) -> list[list[str]]:
    """What may be an address; those of one group are addresses together or not at all."""
    cell = _unwrapped(_plain(cell)) if len(cell) <= LONGEST else ""
    groups = []
    for part in _parts(cell) if "@" in cell else ():
        groups += [[_bare(part)]] if "@" in part else []
        if part.count("@") > 1:
            groups.append([_bare(each) for each in _BETWEEN.split(part.strip())])
    return groups


def _parts(cell: str) -> list[str]:
    """What commas and semicolons divide; `, bounced` tells of the address before it."""
    parts: list[str] = []
    for part in re.split("[,;]", cell):
        remark = f"({part.strip()})"
        if parts and _GONE.fullmatch(remark):
            parts[-1] += f" {remark}"
        else:
            parts.append(part)
    return parts


def _plain(cell: str) -> str:
    return cell if cell.isascii() else cell.translate(_PLAIN)


def _unwrapped(cell: str) -> str:
    """Without what programs put around a whole cell, which may hold a comma or a semicolon."""
    cell = unescaped(cell)
    cell = (unquote(cell) if re.search(_QUOTED, cell) else cell).strip()
    return _LIST.sub(r"\1\2", cell) if cell[-1:] in {"]", "}"} else _LINK.sub(r"\1\2\3\4", cell)


def _bare(candidate: str) -> str:
    """Without the name beside it, quotes, mailto: and the full stop of a sentence."""
    formula, apostrophe = _TYPED
    bare = candidate.strip().removeprefix(formula)
    for bracket in _SCRIPTED:
        bare = bare.removeprefix(bracket)
    if bare.endswith(">"):
        bare = _NAMED.sub(r"\1", _ANCHOR.sub(r"\1", bare)).strip()
    elif bare.endswith(")") and not _GONE.search(bare):
        bare = _BRACKETED.sub(r"\1\2", bare)
    while bare[:1] + bare[-1:] in _PAIRS and len(bare) > 2:  # noqa: PLR2004
        bare = bare[1:-1].strip()
    if ":" in bare:
        bare = _without_label(_MAILTO.sub(r"\1", bare))
    return _LINE_END.sub("", bare.removeprefix(apostrophe)).rstrip(". ")


def _without_label(text: str) -> str:
    """`Email: ann@x.com` as an address; `Bounced: ann@x.com` stays none."""
    label, _, rest = text.partition(":")
    found = of_header(label) if len(label) <= _LONGEST_LABEL else None
    return rest.strip() if found and found.field in _OF_ADDRESSES else text


def _each_once(found: list[str]) -> list[str]:
    if len(found) < 2:  # noqa: PLR2004
        return found
    return list({addresses.normalise(each): each for each in reversed(found)}.values())[::-1]


def _why_none(cell: str, candidates: list[list[str]], wrong: Mapping[str, str]) -> str:
    if not candidates:
        return TOO_LONG if len(cell) > LONGEST else addresses.NO_AT
    return wrong[candidates[0][0]]
