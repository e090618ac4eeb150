"""Header names → a lead's fields (spec U3). Pure.

A header is read word by word (`header_meaning`), its words make a field (`header_forms`), and
where they leave it open the other columns and the cells decide (`column_rules`). What is no
field keeps its own header and travels along; when in doubt a column is left unmapped or a
person is asked, for a wrong column must never become an address or a name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from typing import Self

from pipeline.headers import known_headers
from pipeline.headers.column_draft import Draft
from pipeline.headers.column_rules import RULES
from pipeline.headers.header_forms import NAME_PREFIX, fits, of_header, rank
from pipeline.headers.header_meaning import meaning, without_wrapper

FIELDS = (
    "email", "email_alt", "email_status", "email_confidence", "first_name", "last_name",
    "full_name", "title", "seniority", "department", "company", "company_short",
    "company_domain", "website", "industry", "employees", "revenue", "keywords", "technologies",
    "company_description", "address", "city", "state", "country", "location", "company_address",
    "company_city", "company_state", "company_country", "company_location", "company_phone",
    "company_linkedin_url", "linkedin_url", "phone", "phone_alt", "notes", "icebreaker",
    "source_id", "list", "do_not_call",
)  # fmt: skip

_SHOWN = 12  # headers in a message
_LONGEST_SHOWN = 40  # characters of one


class BadMapping(Exception):
    """The columns cannot be understood as they are; one sentence that says what to do."""


class OpenQuestion(BadMapping):
    """Which column holds the addresses is open; `columns` is what is known of all others."""

    def __init__(self, question: str, columns: Columns) -> None:
        super().__init__(question)
        self.columns = columns


class NoEmailColumn(OpenQuestion):
    """No column is known to hold the e-mail address, the only field a lead file must have."""


class UnsureMapping(OpenQuestion):
    """Which column holds the e-mail address is for a person to say."""


@dataclass(frozen=True)
class Columns:
    """Which column fills what. Positions count from 0; several may fill one field.

    `confidence` (0 to 1) is of the columns that fill a field: 1 for what a person chose or a name
    says outright. `unsure` are columns left unmapped though they may be a field's. Both are empty
    for columns restored from what was stored.
    """

    headers: tuple[str, ...]
    by_field: Mapping[str, tuple[int, ...]]
    confidence: Mapping[int, float] = dataclasses.field(default_factory=dict)
    unsure: tuple[int, ...] = ()

    @classmethod
    def from_stored(cls, headers: Sequence[str], stored: Sequence[str] | Mapping[str, str]) -> Self:
        """The columns again from what `as_stored` gave, or `as_json` where no headers are equal.

        Raises ValueError where the numbers of columns differ.
        """
        if isinstance(stored, Mapping):
            stored = [stored.get(header, "") for header in headers]
        by_field: dict[str, tuple[int, ...]] = {}
        for position, (_, field) in enumerate(zip(headers, stored, strict=True)):
            if field:
                by_field[field] = (*by_field.get(field, ()), position)
        return cls(tuple(headers), by_field)

    @property
    def unmapped(self) -> tuple[int, ...]:
        return tuple(n for n in range(len(self.headers)) if not self.field_of(n))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The headers, each once: a second `Email` is `Email (2)`, one without name `column 5`."""
        return _once(self.headers, taken=())

    @cached_property
    def extra_names(self) -> tuple[str, ...]:
        """As `names`, and none is a field's: what a column is called among a lead's extras."""
        return _once(self.headers, taken=FIELDS)

    @cached_property
    def name_prefixes(self) -> tuple[int, ...]:
        """Columns that keep apart what belongs in front of a last name, and fill no field."""
        return tuple(n for n in self.unmapped if fits(NAME_PREFIX, meaning(self.headers[n])))

    def field_of(self, position: int) -> str:
        """The field that a column fills; '' for none."""
        return self._fields.get(position, "")

    @cached_property
    def _fields(self) -> dict[int, str]:
        return {n: field for field, positions in self.by_field.items() for n in positions}

    def sources(self, field: str) -> tuple[int, ...]:
        """The columns that fill a field, the one to believe first; what a person chose leads."""
        read = without_wrapper(self.headers)
        return tuple(sorted(self.by_field[field], key=lambda n: (rank(read[n], field), n)))

    def as_json(self) -> dict[str, str]:
        """Header → field, for the columns that fill one; of equal headers the last."""
        return {self.headers[n]: field for n, field in sorted(self._fields.items())}

    def as_stored(self) -> list[str]:
        """The field of each column, '' for none: what tells equal headers apart (JSON)."""
        return [self.field_of(n) for n in range(len(self.headers))]


def _once(headers: Sequence[str], taken: Collection[str]) -> tuple[str, ...]:
    used, names = set(taken), []
    for number, header in enumerate(headers, start=1):
        base = header or f"column {number}"
        numbered = (f"{base} ({n})" for n in count(2))
        name = next(name for name in chain([base], numbered) if name not in used)
        used.add(name)
        names.append(name)
    return tuple(names)


def is_name(text: str) -> bool:
    """Whether a text alone names one of our fields: what a header is known by."""
    return of_header(text) is not None


def guess(
    headers: Sequence[str],
    overrides: Mapping[str, str] | None = None,
    sample: Sequence[Sequence[str]] = (),
    known: Mapping[str, str] | None = None,
) -> Columns:
    """Which column is which field. `overrides` win over what names suggest: the columns they name
    alone fill their fields. They say header → field, for every column of that header; a column
    may be named by its place too (`#3`), and `-` or nothing for a field leaves it unmapped.
    `sample` is some rows of cells, short ones too: they tell what names leave open. `known` is
    what was said of earlier files, header → field: it holds where no cells speak against it.

    Of several `Email` columns the first that is filled counts, row by row; `Email 2` is another
    address, email_alt.

    Raises BadMapping for an override that names no column or no field, UnsureMapping where a
    person has to say which column holds the addresses, and NoEmailColumn.
    """
    recalled = {n: _field(name) for n, name in known_headers.recalled(headers, known or {}).items()}
    draft = Draft(headers, _checked(headers, overrides or {}), sample, recalled)
    for rule in RULES:
        rule(draft)
    columns = _drafted(headers, draft)
    if not draft.has("email"):
        raise _no_email(columns, draft.doubted("email"), draft.with_addresses())
    return columns


def _drafted(headers: Sequence[str], draft: Draft) -> Columns:
    by_field: dict[str, list[int]] = {}
    for position, field in enumerate(draft.fields):
        if field:
            by_field.setdefault(field, []).append(position)
    return Columns(
        tuple(headers),
        {field: tuple(where) for field, where in by_field.items()},
        confidence=draft.confidence,
        unsure=tuple(sorted(draft.doubts)),
    )


def _checked(headers: Sequence[str], overrides: Mapping[str, str]) -> dict[int, str]:
    """Position → what a person chose for it; '' for nothing."""
    chosen: dict[int, str] = {}
    for header, field in overrides.items():
        named = _named(headers, header)
        if not named:
            raise BadMapping(f"There is no column {header!r}; there are {shown(headers)}.")
        chosen |= dict.fromkeys(named, _field(field))
    return chosen


def _field(name: str) -> str:
    """The field of that name; '' for `-`."""
    if name not in {*FIELDS, "", "-"}:
        raise BadMapping(f"There is no field {name!r}; there are {', '.join(FIELDS)}.")
    return name.strip("-")


def _named(headers: Sequence[str], name: str) -> list[int]:
    """The columns of that header, or else the one in that place."""
    found = [n for n, header in enumerate(headers) if header == name]
    place = re.fullmatch(r"#(\d{1,6})", name)
    if not found and place and 1 <= int(place[1]) <= len(headers):
        return [int(place[1]) - 1]
    return found


def _no_email(
    columns: Columns, doubted: Sequence[int], with_addresses: Sequence[int]
) -> OpenQuestion:
    """What to ask: about the columns whose names are doubted, or else whose cells are addresses."""
    headers = columns.headers
    if with_addresses and not set(doubted) & set(with_addresses):
        names = [_name_of(headers, n) for n in with_addresses]
        return NoEmailColumn(
            f"No column is known to hold the leads' e-mail addresses. Addresses stand in"
            f" {_listed(names)}: if they are the leads', give --map '{names[0]}=email'.",
            columns,
        )
    if not doubted:
        return NoEmailColumn(
            f"No column is known to hold e-mail addresses; the columns are {shown(headers)}."
            " Name the right one, such as --map 'COLUMN=email'.",
            columns,
        )
    # One whose cells belie it is not it where another's are addresses, whatever their names say.
    likely = sorted(with_addresses, key=lambda n: (n not in doubted, n)) or doubted
    names = [_name_of(headers, n) for n in likely]
    if len(names) == 1:
        return UnsureMapping(
            f"Column '{names[0]}' may hold the leads' e-mail addresses, which is not sure enough"
            f" to take it: give --map '{names[0]}=email' if it does.",
            columns,
        )
    return UnsureMapping(
        f"Columns {_listed(names)} may each hold the leads' e-mail addresses, and"
        f" nothing decides: name the right one, such as --map '{names[0]}=email'.",
        columns,
    )


def _listed(names: Sequence[str]) -> str:
    """'A', 'B' and 'C'."""
    quoted = [f"'{name}'" for name in names]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))


def _name_of(headers: Sequence[str], position: int) -> str:
    """What an override calls the column: its header, or its place where that is not handy."""
    header = headers[position]
    handy = 0 < len(header) <= _LONGEST_SHOWN and headers.count(header) == 1
    return header if handy else f"#{position + 1}"


def shown(headers: Sequence[str]) -> str:
    """The headers in a message: the first ones, none too long."""
    few = ", ".join(repr(header[:_LONGEST_SHOWN]) for header in headers[:_SHOWN])
    return few + (f" and {len(headers) - _SHOWN} more" if len(headers) > _SHOWN else "")
