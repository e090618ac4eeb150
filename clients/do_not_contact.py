"""Reading what a person types, pastes or uploads as a list of people not to be contacted.

One entry a line: an address, a domain (`example.com`, `@example.com`, `*@example.com` or
`https://www.example.com`), or a phone. Of a line with several cells, as in a CSV file, one kind is
taken: addresses, else phones, else domains. A phone is its digits: `+49 30 1234567` and
`0049 (30) 123-4567` are one. A number that is none of a phone does no harm: its key matches nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings

from clients.models import Client, Suppression
from pipeline.addresses import is_address, match_key, normalise
from pipeline.fields.second_keys import phone_key

Kind = Suppression.Kind
Entry = tuple[Kind, str]

_CELLS = re.compile(r"[,;\t]")
PHONE = re.compile(r"[+(]?[0-9][0-9 ()./+-]*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}")
_BY_WORTH = (Kind.ADDRESS, Kind.PHONE, Kind.DOMAIN)
_WHOLE_DOMAIN = re.compile(r"^(?:https?://)?(?:www\.|\*@|\*\.|@)?")  # all mean all of it
_AT_ONCE = 5_000


@dataclass(kw_only=True)
class Listed:
    """What was found: each entry once, and the lines that are none."""

    entries: set[Entry] = field(default_factory=set)
    not_understood: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How many entries are suppressed since, and how many were before."""

    taken: int
    known: int


def text_of(content: bytes) -> str:
    """A small file's text, in the encodings that spreadsheets write."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read(text: str) -> Listed:
    """All lines of a list; a heading on the first line is passed over."""
    found = Listed()
    for number, line in enumerate(text.splitlines()):
        cells = [cell for cell in map(_bare, _CELLS.split(line)) if cell]
        entries = _entries_of(cells)
        found.entries |= entries
        if not entries and cells and (number or not _is_heading(cells)):
            found.not_understood.append(line.strip())
    return found


def _bare(cell: str) -> str:
    return cell.strip().strip("\"'").strip().removeprefix("mailto:")


def _is_heading(cells: Iterable[str]) -> bool:
    """Such as `email` or `Phone number`; a single word may be a slip of the pen."""
    known = {"email", "e-mail", "address", "mail", "domain", "website", "phone", "telephone"}
    return any(word in known for cell in cells for word in re.split(r"[\s_]+", cell.lower()))


def _entries_of(cells: Iterable[str]) -> set[Entry]:
    """Those of the kind that says most about who is meant."""
    found = {entry for entry in map(entry_of, cells) if entry}
    best = min((_BY_WORTH.index(kind) for kind, _ in found), default=0)
    return {entry for entry in found if entry[0] == _BY_WORTH[best]}


def entry_of(text: str) -> Entry | None:
    """What one text names, in the form whose key is stored; None where it is nothing."""
    for kind, normal in _readings(text.strip()):
        if normal:
            return kind, normal
    return None


def _readings(text: str) -> Iterator[tuple[Kind, str]]:
    one = "@" in text and not text.startswith("*") and is_address(text)
    yield Kind.ADDRESS, normalise(text) if one else ""
    yield Kind.PHONE, phone_digits(text)
    yield Kind.DOMAIN, _domain(text)


def phone_digits(text: str) -> str:
    """The digits of a phone, as a lead's are kept; '' where it is none."""
    if not PHONE.fullmatch(text) or _DATE.fullmatch(text):
        return ""
    return phone_key(text)


def _domain(text: str) -> str:
    """The domain as addresses have it; '' where no address could lie there."""
    address = f"somebody@{_WHOLE_DOMAIN.sub('', text.lower()).removesuffix('/')}"
    return normalise(address).partition("@")[2] if is_address(address) else ""


def suppress(entries: Iterable[Entry], *, client: Client | None) -> Taken:
    """Store the keys of these entries; nobody can read them again."""
    secret = settings.SUPPRESSION_KEY.encode()
    ordered = sorted(entries)
    taken = sum(
        Suppression.objects.add(
            [match_key(normal, secret) for of, normal in part if of == kind],
            kind=kind,
            client=client,
        )
        for part in (ordered[n : n + _AT_ONCE] for n in range(0, len(ordered), _AT_ONCE))
        for kind in Kind
    )
    return Taken(taken=taken, known=len(ordered) - taken)
