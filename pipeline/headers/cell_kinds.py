"""What the cells of a column look like: addresses, dates, flags … Pure.

A name says what a column should hold; its cells say what it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from clients.countries import country_code
from pipeline.fields.legal_forms import has_legal_form
from pipeline.headers.header_meaning import plain
from pipeline.headers.job_words import ALONE, WITHIN

SHARE = 0.8  # of the cells that hold something
_ENOUGH_NUMBERS = 3  # a single 3 may be a name that somebody shortened
_ENOUGH_WITHOUT = 3  # cells: one or two may be a lead's whose address nobody knew
FULL_WIDTH_AT = "\uff20"  # as Japanese keyboards write it
_ENOUGH_DIFFERENT = 3  # cells to tell by what their words are
_FEW = 0.1  # of the cells: one may be a job by chance
_MOST = 0.5  # of the cells
_LOOKED_UP = 10  # cells: to find a legal form or a country takes its time
_ROWS = 50
_LONGEST = 500  # characters of a cell that are looked at

# Taken apart first: one pattern for lists of addresses takes for ever on cells made for that.
_ADDRESS = re.compile(r"(?:mailto:)?[^\s@<>,;:|()]+@[^\s@<>,;:|()]+\.[^\W\d_]{2,}\.?")
_NAMED = re.compile(r"[^<>@]{0,80}<([^<>\s]+)>")  # Ann Lee <ann@acme.com>
_BETWEEN = re.compile(r"[\s,;|]+(?::::[\s,;|]+)?")
_PERSON = re.compile(
    r"[^\W\d_](?:[^\W\d_]|['\u2019.-])*(?: [^\W\d_](?:[^\W\d_]|['\u2019.-])*){1,3}"
)
_SITE = r"(?:https?://)?(?:[a-z-]+\.)*"
_BEFORE_NAME = (
    r"(?:mrs?|ms|miss|mx|dr|prof|rt hon|hon|sir|dame|lord|lady|rev|herrn?|frau|m|mme|mlle|monsieur|madame|sr|sra|srta"
    r"|sig|sig\.ra|dott|dhr|mevr|dipl|ing|mag|med|jur|rer|nat|phil)"
)
_MONTH = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*"

# The first that a cell is, if it holds no addresses. Patterns of a whole cell, in lower case.
_KINDS = {
    "linkedin_url": rf"{_SITE}linkedin\.com/(?:in|pub)/\S+",
    "company_linkedin_url": rf"{_SITE}linkedin\.com/(?:company|school|showcase)/\S+",
    "website": r"(?:https?://(?:www\.)?|www\.)[^\s/]+\.[^\W\d_]{2,}(?::\d+)?/?",
    "url": r"(?:https?://|www\.)\S+",
    "flag": "true|false|yes|no|ja|nein|oui|non|s[ií]|sim|n[ãa]o|wahr|falsch|vrai|faux|verdadero|falso",
    "date": (
        r"\d{4}[-./]\d{1,2}[-./]\d{1,2}(?:[ t].*)?|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}(?: .*)?"
        rf"|\d{{1,2}}\.? {_MONTH}\.?,? \d{{4}}.*|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}.*"
    ),
    "phone": r"'?\+\d[\d\s().\-/]{6,18}\d|\(?0?\d{2,5}\)?[\s\-/.]\d{2,5}[\s\-/.]\d{2,6}(?:[\s\-]\d{1,5})?",
    "number": r"[-+#]?\d[\d.,\s]*%?",
    "part": (  # that people take in what they joined, or in a deal
        r"(?:(?:co|event|group|assistant|end)[- ]?)*(?:member|organi[sz]er|attendee|guest|host|speaker"
        r"|panelist|moderator|volunteer|mitglied|teilnehmer(?::?in)?|referent(?::?in)?|participante?"
        r"|membre|intervenant|user|subscriber|viewer|client|customer|admin(?:istrator)?"
        r"|decision[- ]?maker|influencer|champion|gatekeeper|blocker|(?:economic|technical) buyer)"
    ),
    "class": (  # of companies, by their size or by whom they sell to
        r"smbs?|smes?|kmu|pme|tpe|eti|pymes?|pmi|mkb|micro|small|medium|large|start-?up|scale-?up|corporate"
        r"|(?:(?:small|lower|upper)[- ])?mid[- ]?market|(?:small|medium|large)[- ](?:business|enterprise|company)"
        r"|enterprise|b2b|b2c|b2g|public|private|non-?profit|prospect|competitor|reseller|vendor|supplier"
    ),
    "salutation": rf"{_BEFORE_NAME}(?:[.\s-]+{_BEFORE_NAME})*\.?",
}
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _KINDS.items()}

_JOB = re.compile(rf"{'|'.join(WITHIN.split())}|(?:^|_)(?:{'|'.join(ALONE.split())})s?(?:_|$)")
_LATIN = re.compile("[a-z]")

_NO_WORDS = frozenset({"address", "linkedin_url", "company_linkedin_url", "website", "url", "flag",
                       "date", "number", "phone"})  # fmt: skip
_NO_LINK = frozenset({"address", "flag", "date", "number", "phone", "salutation"})
_PLACES = [
    whose + part
    for whose in ("", "company_")
    for part in ("address", "city", "state", "country", "location")
]
# What a field's cells cannot look like.
_CONTRADICTS = {
    "email": _NO_WORDS - {"address"} | {"salutation"},
    "email_alt": _NO_WORDS - {"address"} | {"salutation"},
    "first_name": _NO_WORDS | {"salutation"},
    "last_name": _NO_WORDS | {"salutation"},
    "full_name": _NO_WORDS | {"salutation"},
    "title": _NO_WORDS | {"salutation", "part"},
    "company": _NO_WORDS | {"salutation", "part", "class"},
    "phone": _NO_WORDS - {"phone", "number"} | {"salutation"},
    "phone_alt": _NO_WORDS - {"phone", "number"} | {"salutation"},
    "company_phone": _NO_WORDS - {"phone", "number"} | {"salutation"},
    "website": _NO_LINK | {"linkedin_url", "company_linkedin_url"},
    "company_domain": _NO_LINK | {"linkedin_url", "company_linkedin_url"},
    "linkedin_url": _NO_LINK | {"company_linkedin_url"},
    **dict.fromkeys(_PLACES, frozenset({"address", "phone"})),
    "company_linkedin_url": _NO_LINK | {"linkedin_url"},
}


def filled(sample: Iterable[Sequence[str]], position: int) -> list[str]:
    """A column's cells that hold something, of the first rows; rows may be short."""
    return [cell for (cell,) in filled_rows(sample, (position,))]


def filled_rows(sample: Iterable[Sequence[str]], positions: Sequence[int]) -> list[tuple[str, ...]]:
    """The cells of some columns, of those of the first rows in which all of these hold something."""
    rows = (
        tuple(row[n].strip()[:_LONGEST] if n < len(row) else "" for n in positions)
        for row in islice(sample, _ROWS)
    )
    return [tuple(with_plain_at(cell.casefold()) for cell in row) for row in rows if all(row)]


def with_plain_at(text: str) -> str:
    """The text with each full-width @ as the usual one."""
    return text.replace(FULL_WIDTH_AT, "@")


def kind_of(cells: Sequence[str]) -> str:
    """What nearly all of these cells are; '' where they are nothing in particular."""
    found = [_kind(cell) for cell in cells]
    for kind in ("address", *_PATTERNS):
        if found and found.count(kind) >= SHARE * len(found):
            return "" if kind == "number" and len(found) < _ENOUGH_NUMBERS else kind
    links = sum(kind in {"website", "url"} for kind in found)
    return "url" if found and links >= SHARE * len(found) else ""


def _kind(cell: str) -> str:
    pieces = [piece for piece in _BETWEEN.split(_NAMED.sub(r" \1 ", cell)) if piece]
    if pieces and all(map(_ADDRESS.fullmatch, pieces)):
        return "address"
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(cell)), "")


def contradicts(field: str, kind: str) -> bool:
    """Whether cells of this kind cannot fill the field."""
    return kind in _CONTRADICTS.get(field, ())


def without_at(cells: Sequence[str]) -> bool:
    """Whether these are words about addresses (`Found`, `No work email`), and none is one."""
    return len(cells) >= _ENOUGH_WITHOUT and not any("@" in cell for cell in cells)


def differ(cells: Sequence[str]) -> bool:
    """Whether these cells are of different leads, not the same few colleagues' over and over."""
    return len(set(cells)) >= SHARE * len(cells)


def are_names(cells: Sequence[str]) -> bool:
    """Whether all these are two to four words, as a person's name, and of different people."""
    return all(map(_PERSON.fullmatch, cells)) and differ(cells)


def hold_jobs(cells: Sequence[str]) -> bool | None:
    """Whether these are jobs by their words; None where that cannot be told: there are too few, or
    they are in letters of which no job is known here.
    """
    found = {bare for cell in cells if _LATIN.search(bare := plain(cell))}
    if len(found) < _ENOUGH_DIFFERENT:
        return None
    return sum(map(bool, map(_JOB.search, found))) > _FEW * len(found)


def are_companies(cells: Sequence[str]) -> bool:
    """Whether most of these end in a legal form, as no person and no job does."""
    found = _different(cells)
    return len(found) >= _ENOUGH_DIFFERENT and sum(map(has_legal_form, found)) > _MOST * len(found)


def are_no_countries(cells: Sequence[str]) -> bool:
    """Whether none of these is a country that anybody knows, though several differ."""
    found = _different(cells)
    return len(found) >= _ENOUGH_DIFFERENT and not any(map(country_code, found))


def _different(cells: Sequence[str]) -> list[str]:
    return list(islice(dict.fromkeys(cells), _LOOKED_UP))
