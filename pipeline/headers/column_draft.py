"""The columns of a file while it is being found out what they are. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from pipeline.headers import cell_kinds
from pipeline.headers.header_forms import without_buyer
from pipeline.headers.header_meaning import UNKNOWN, Meaning, meaning, plain, without_wrapper

PERSON = frozenset({"first_name", "last_name", "full_name"})
_OF_WORK = ("company", "company_domain", "website", "department", "industry", "employees", "revenue",
            "seniority")  # fmt: skip
CONTACT = re.compile(r"[ck]onta[ck]?t|(?:^|_)perso")  # who is to be talked to, in plain form
BY_CONTEXT = 0.8  # how sure a field is that other columns decide
_ENOUGH_ROLES = 3  # to tell whether they differ
_ADDRESSES = frozenset({"email", "email_alt"})
_COUNTRIES = frozenset({"country", "company_country"})
_NO_COMPANIES = PERSON | {"title"}
_NAMES = frozenset({"firstname", "lastname", "fullname"})
_BESIDE_NAMES = frozenset({"name", "person", "who"})
_OF_ADDRESSES = frozenset({"email", "address", "person", "who", "work", "one", "primary"})
_SHOPPERS = ("customer", "client", "kund", "klant")  # customers who buy for themselves

_PLACE = 3  # points of what only a list of places has
_POINTS = {
    "rating": 2, "reviews": 2, "place": 2, "category": 1, "type": 1, "geo": 1, "website": 1,
    "address": 1, "street": 1, "city": 1,
}  # fmt: skip
BUSINESS = frozenset({"rating", "reviews", "place", "category", "type", "website", "industry"})


class Draft:
    """The columns of a file while it is being found out what they are."""

    def __init__(
        self,
        headers: Sequence[str],
        chosen: Mapping[int, str],
        sample: Collection[Sequence[str]] = (),
        known: Mapping[int, str] | None = None,
    ) -> None:
        self.headers = without_wrapper(headers)
        self.is_sampled = bool(sample)
        self._sample = sample
        self.said = _of_buyers(self.headers, _counted([meaning(header) for header in self.headers]))
        self.cells = [cell_kinds.filled(sample, n) for n in range(len(headers))]
        self.kinds = [cell_kinds.kind_of(cells) for cells in self.cells]
        known = _not_chosen(known or {}, chosen)
        self.doubts = {n: field for n, field in known.items() if self.is_belied(n, field)}
        self._chosen = {n: field for n, field in known.items() if n not in self.doubts} | {**chosen}
        self.fields = [self._chosen.get(n, "") for n in range(len(headers))]
        self.confidence = {n: 1.0 for n, field in self._chosen.items() if field}

    def put(self, position: int, field: str, confidence: float) -> None:
        """The column fills the field, unless a person decided otherwise or the cells belie it."""
        if position in self._chosen or field in self._chosen.values():
            return
        if self.is_belied(position, field):
            self.doubt(position, field)
            return
        self.fields[position] = field
        self.confidence[position] = confidence
        self.doubts.pop(position, None)

    def is_belied(self, position: int, field: str) -> bool:
        """Whether the column's cells cannot be the field's."""
        cells = self.cells[position]
        return (
            cell_kinds.contradicts(field, self.kinds[position])
            or (field in _ADDRESSES and cell_kinds.without_at(cells))
            or (field in _COUNTRIES and cell_kinds.are_no_countries(cells))
            or (field in _NO_COMPANIES and cell_kinds.are_companies(cells))
        )

    def rows_of(self, *positions: int) -> list[tuple[str, ...]]:
        """The cells of these columns row by row, of the rows where all hold something."""
        return cell_kinds.filled_rows(self._sample, positions)

    def doubt(self, position: int, field: str) -> None:
        """The column may be the field: to be asked, not guessed."""
        if position not in self._chosen and field not in self._chosen.values():
            self.doubts.setdefault(position, field)
            self.fields[position] = ""
            self.confidence.pop(position, None)

    def has(self, *fields: str) -> bool:
        return any(field in self.fields for field in fields)

    def filling(self, field: str) -> list[int]:
        return [n for n, filled in enumerate(self.fields) if filled == field]

    def saying(self, *words: str) -> list[int]:
        """Columns that fill nothing yet and say just these words."""
        return [n for n in self.open() if self.said[n] == set(words)]

    def open(self) -> Iterator[int]:
        """Columns that fill nothing and raised no doubt."""
        return (
            n
            for n, field in enumerate(self.fields)
            if not field and n not in self.doubts and n not in self._chosen
        )

    def is_guest(self, position: int) -> bool:
        """Whether the column is of those for whom a ticket was bought, or the like."""
        return "customer" in self.said[position] and not _is_shopper(self.headers[position])

    def speaks_of(self, *words: str) -> bool:
        """Whether any header says one of these."""
        return any(said & set(words) for said in self.said)

    def saying_whom(self) -> list[int]:
        """Columns that name the person to talk to, beside whom a bare name is another's."""
        return [
            n for n, said in enumerate(self.said) if "who" in said and self.fields[n] == "full_name"
        ]

    def is_at_work(self, position: int) -> bool:
        """Whether a role is one at work: beside what only people at work have, or unless the same
        few (`Attendee`, `Organizer`) are in all rows.
        """
        cells = self.cells[position]
        varied = len(cells) >= _ENOUGH_ROLES and cell_kinds.differ(cells)
        return varied or not self.is_sampled or self.has(*_OF_WORK)

    def is_place_list(self) -> bool:
        """Whether it lists places, as a map does, and not people."""
        if self.has(*PERSON, "company", "title"):
            return False
        words = set().union(*self.said)
        return bool(words & BUSINESS) and sum(_POINTS.get(word, 0) for word in words) >= _PLACE

    def with_addresses(self) -> list[int]:
        """Columns whose cells are addresses, whoever's; not what a person said is none."""
        return [
            n for n, kind in enumerate(self.kinds) if kind == "address" and n not in self._chosen
        ]

    def doubted(self, field: str) -> list[int]:
        return sorted(n for n, doubted in self.doubts.items() if doubted == field)


def _not_chosen(known: Mapping[int, str], chosen: Mapping[int, str]) -> dict[int, str]:
    """What is known of columns, where a person said nothing of them or of their fields."""
    filled = {field for field in chosen.values() if field}
    return {n: field for n, field in known.items() if n not in chosen and field not in filled}


def _is_shopper(header: str) -> bool:
    return any(word in plain(header) for word in _SHOPPERS)


def _of_buyers(headers: Sequence[str], said: list[Meaning]) -> list[Meaning]:
    """Who buys a ticket is the customer, unless it is told who goes there."""
    others = any(
        one & {"customer", "supplier", "exhibitor", UNKNOWN}
        and one & {"email", "name", "firstname"}
        and "buyer" not in one
        and not _is_shopper(header)
        for header, one in zip(headers, said, strict=True)
    )
    named = any(one & _NAMES and one <= _NAMES | _BESIDE_NAMES for one in said)
    mailed = any("email" in one and one <= _OF_ADDRESSES for one in said)
    return [
        one if others or (mailed if "email" in one else named) else without_buyer(one)
        for one in said
    ]


def _counted(said: list[Meaning]) -> list[Meaning]:
    """Columns numbered from 0 (`emails/0`, `emails/1`) as those from 1; a 0 that counts nothing
    (`Name0`) says nothing.
    """
    counted = {one - {"one"} for one in said if "one" in one}
    said = [one if one - {"zero"} in counted else one - {"zero"} for one in said]
    from_zero = {one - {"zero"} for one in said if "zero" in one}
    return [
        one - {"one"} | {"more"}
        if "one" in one and one - {"one"} in from_zero
        else (one - {"zero"} | {"one"} if "zero" in one else one)
        for one in said
    ]
