"""A lead file as Apollo exports it, every person and company in it invented, and dirty. Pure.

For the demo and for tests. How often each kind of dirt occurs follows what was counted in 32
real lead files, rather above the median so that 2,000 rows show all of it. The
same rows and seed give the same bytes.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pipeline import sample_words as words

HEADER = (
    "First Name", "Last Name", "Title", "Company", "Company Name for Emails", "Email",
    "Email Status", "Seniority", "Departments", "Contact Owner", "Corporate Phone", "Stage",
    "Lists", "# Employees", "Industry", "Keywords", "Person Linkedin Url", "Website",
    "Company Linkedin Url", "City", "State", "Country", "Company Address", "Company Phone",
    "Annual Revenue", "Apollo Contact Id",
)  # fmt: skip

EMAIL = HEADER.index("Email")

# Shares of all rows. The rest are good leads.
BLANK, TOO_MANY_CELLS, NO_EMAIL, BAD_EMAIL, TWICE = 0.005, 0.004, 0.04, 0.015, 0.03
# Shares of the others; a role's mailbox makes no lead.
FREEMAIL, ROLE, CAPS_NAME, CAPS_COMPANY, SUFFIX, SEVERAL = 0.06, 0.03, 0.01, 0.04, 0.10, 0.005

_BROKEN: tuple[Callable[[str, str], str], ...] = (
    lambda local, domain: f"{local}{domain}",
    lambda local, domain: f"{local}@{domain.partition('.')[0]}",
    lambda local, domain: f"{local}@@{domain}",
    lambda local, domain: f"{local} @{domain}",
    lambda local, domain: f"{local}@{domain} and info",
    lambda local, domain: f"{local}..x@{domain}",
    lambda local, domain: f"{local}@-{domain}",
    lambda local, domain: f"•{local}@{domain}",
    lambda local, domain: f"{'x' * 60}{local}.{local}@{domain}",
    lambda _local, _domain: "n/a",
    lambda _local, domain: f"http://www.{domain}",
    lambda local, domain: f"{local}@{domain}\nBcc: all@{domain}",
)


@dataclass(kw_only=True)
class Truth:
    """What a file was made to hold: rows = accepted + duplicate + invalid + blank.

    `invalid` is the sum of `reasons`, which are spec V2's codes.
    """

    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    blank: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def invalid(self) -> int:
        return sum(self.reasons.values())

    def reject(self, code: str) -> None:
        self.reasons[code] = self.reasons.get(code, 0) + 1


def write_leads(path: Path | str, *, rows: int = 2_000, seed: int = 1) -> Truth:
    """Write an invented lead file with that many records behind its header; what is in it."""
    maker = _Maker(random.Random(seed))  # noqa: S311  (dirt, no secrets)
    with Path(path).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for _ in range(rows):
            writer.writerow(maker.row())
    return maker.truth


@dataclass(frozen=True, kw_only=True)
class _Company:
    name: str
    domain: str
    industry: str
    employees: int
    place: tuple[str, ...]


class _Maker:
    """Makes one row after the other and keeps count of what it made."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._companies = [self._company(name) for name in self._company_names(1_500)]
        self._used: Counter[str] = Counter()
        self._recent: list[list[str]] = []
        self.truth = Truth()

    def row(self) -> list[str]:
        self.truth.rows += 1
        roll = self._dice.random()
        for share, make in (
            (BLANK, self._blank),
            (TOO_MANY_CELLS, self._too_wide),
            (NO_EMAIL, self._without_email),
            (BAD_EMAIL, self._with_bad_email),
            (TWICE, self._twice),
        ):
            if roll < share:
                return make()
            roll -= share
        return self._good()

    def _blank(self) -> list[str]:
        self.truth.blank += 1
        return self._dice.choice(([], [""] * len(HEADER), ["", " "]))

    def _too_wide(self) -> list[str]:
        """A comma in the company that nobody quoted: all cells behind it stand one too far."""
        self.truth.reject("too_many_cells")
        row = self._person()
        return [*row[:3], *row[3].partition(" ")[::2], *row[4:]]

    def _without_email(self) -> list[str]:
        self.truth.reject("missing_field")
        return self._person(email="", status="Unavailable")

    def _with_bad_email(self) -> list[str]:
        self.truth.reject("bad_email")
        row = self._person()
        local, _, domain = row[EMAIL].partition("@")
        row[EMAIL] = self._dice.choice(_BROKEN)(local, domain)
        return row

    def _twice(self) -> list[str]:
        """Someone who was there before, under another spelling of the same address."""
        if not self._recent:
            return self._good()
        self.truth.duplicate += 1
        row = list(self._dice.choice(self._recent))
        local, _, domain = row[EMAIL].partition("@")
        spellings = [row[EMAIL].upper(), row[EMAIL].title(), f" {row[EMAIL]} "]
        if domain == "gmail.com":
            spellings += [f"{local[0]}.{local[1:]}+news@gmail.com", f"{local}@googlemail.com"]
        row[EMAIL] = self._dice.choice(spellings)
        return row

    def _good(self) -> list[str]:
        row = self._person()
        if row[EMAIL].partition("@")[0].rstrip("0123456789") in words.ROLES:  # office2@, too
            self.truth.reject("role")
            return row
        self.truth.accepted += 1
        if len(self._recent) < 500:  # noqa: PLR2004  (enough to choose from)
            self._recent.append(row)
        else:
            self._recent[self._dice.randrange(500)] = row
        return self._with_several(row) if self._dice.random() < SEVERAL else row

    def _with_several(self, row: list[str]) -> list[str]:
        """More than the address in its cell, as people type it."""
        shape = self._dice.choice(("{0}; desk@{1}", "{0}, desk@{1}", "Desk <{0}>", "mailto:{0}"))
        row = list(row)
        row[EMAIL] = shape.format(row[EMAIL], row[EMAIL].partition("@")[2])
        return row

    def _person(self, *, email: str | None = None, status: str = "Verified") -> list[str]:
        dice = self._dice
        first, last = dice.choice(words.FIRST), dice.choice(words.LAST)
        company = dice.choice(self._companies)
        title, seniority, department = dice.choice(words.JOBS)
        city, _, state = dice.choice(company.place[1].split("/")).partition(",")
        if email is None:
            email = self._address(first, last, company)
        shown_first, shown_last = self._as_typed(first, last)
        slug = f"{_slug(first)}-{_slug(last)}-{dice.getrandbits(24):06x}"
        phone = "'" + self._digits(company.place[3])
        return [
            shown_first, shown_last, title, self._as_registered(company.name), company.name,
            email, status, seniority, department, "desk@halvenlund-leads.com", phone, "Cold", "",
            str(company.employees), company.industry, self._keywords(company),
            f"http://www.linkedin.com/in/{slug}", f"http://www.{company.domain}",
            f"http://www.linkedin.com/company/{company.domain.partition('.')[0]}", city, state,
            company.place[0], self._street(city), phone, str(company.employees * 140_000),
            f"{dice.getrandbits(96):024x}",
        ]  # fmt: skip

    def _address(self, first: str, last: str, company: _Company) -> str:
        roll = self._dice.random()
        local = f"{_slug(first)}.{_slug(last)}"
        domain = company.domain
        if roll < FREEMAIL:  # no dots: Gmail would not tell them apart
            local, domain = local.replace(".", ""), self._dice.choice(words.FREEMAILS)
        elif roll < FREEMAIL + ROLE:
            local = self._dice.choice(words.ROLES)
        self._used[f"{local}@{domain}"] += 1
        times = self._used[f"{local}@{domain}"]
        return f"{local}{times if times > 1 else ''}@{domain}"

    def _as_typed(self, first: str, last: str) -> tuple[str, str]:
        roll = self._dice.random()
        if roll < CAPS_NAME:
            return first.upper(), last.upper()
        if roll < 2 * CAPS_NAME:
            return first.lower(), f"{last}\u200b "
        return first, last

    def _as_registered(self, name: str) -> str:
        roll = self._dice.random()
        if roll < CAPS_COMPANY:
            return name.upper()
        return name + self._dice.choice(words.SUFFIXES) if roll < CAPS_COMPANY + SUFFIX else name

    def _keywords(self, company: _Company) -> str:
        return f'{company.industry}, b2b; "{company.name.partition(" ")[2].lower()}"'

    def _street(self, city: str) -> str:
        number = self._dice.randrange(1, 200)
        unit = '\nUnit 4; Gate "B"' if number % 40 == 0 else ""
        return f"{number} Mill Road{unit}, {city}"

    def _digits(self, pattern: str) -> str:
        digits = iter(f"{self._dice.randrange(1000):03d}")
        return "".join(next(digits) if sign == "#" else sign for sign in pattern)

    def _company_names(self, count: int) -> list[tuple[str, ...]]:
        every = [(s + p, *t) for s in words.STEM for p in words.STEM_ENDINGS for t in words.TRADES]
        return self._dice.sample(every, count)

    def _company(self, name: tuple[str, ...]) -> _Company:
        stem, trade, industry = name
        place = self._dice.choice(words.PLACES)
        return _Company(
            name=f"{stem} {trade}",
            domain=f"{_slug(stem)}-{trade.lower()}.{place[2]}",
            industry=industry,
            employees=self._dice.choice((3, 8, 14, 26, 45, 90, 180, 420, 1_100, 5_200)),
            place=place,
        )


@cache
def _slug(name: str) -> str:
    plain = name.lower().translate(words.ASCII)
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
