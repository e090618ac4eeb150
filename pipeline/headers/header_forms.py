"""Which meanings of a header make which field of a lead. Pure.

A form is `what must be said | what may be said besides`: whatever else a header says, it is not
this field. So `Email Status` is no address and `Previous Company Name` no company.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from pipeline.headers.header_meaning import UNKNOWN, Meaning, meaning, plain

_WHERE = (
    "code name person who one primary address street mailing line customer buyer current location"
)
_AT_COMPANY = "code name primary one address location state corporate customer buyer"

# What decides alone.
FORMS: Mapping[str, tuple[str, ...]] = {
    "email": ("email | address id one primary work corporate current person who vendor profile",),
    "email_alt": (
        "email more | address id one work corporate personal person who vendor",
        "email preferred | address id one work person",
        "email personal | address id one primary current person who vendor",
        "email direct phone | address one primary person",
    ),
    "email_status": (
        "email status | verification address one primary work person vendor code",
        "email verification | status address one primary work person vendor",
        "verification status |",
    ),
    "email_confidence": (
        "email confidence | score address primary one work person vendor",
        "email score | address primary work person",
        "confidence | score",
    ),
    "first_name": ("firstname | person who current one fullname profile",),
    "last_name": ("lastname | person who current one fullname profile",),
    "full_name": (
        "fullname | name person who one profile",
        "name person | who one primary",
        "name who | person one primary",
        "who | person one primary",
        "firstname lastname | name person who",
        "name firstname | person who",
        "name lastname | person who",
    ),
    "title": (
        "job | name person who current primary one title linkedin profile",
        "title person | current one primary position work",
        "title who | current",
        "title current | position",
        "title work |",
        "title position | one",
        "position person | current one primary work",
        "position who | current",
        "position current | work",
    ),
    "seniority": (
        "seniority | level person position job work",
        "level position |",
        "level job |",
        "level person |",
    ),
    "department": ("department | name person company current position work one",),
    "company": ("company | name person current primary one work", "company linkedin name |"),
    "company_short": ("companyshort | company", "company short | name"),
    "company_domain": ("domain | name company website primary person work url one current",),
    "website": (
        "website | url address company work corporate current person who customer primary one profile",
        "company url | one primary",
    ),
    "industry": (
        "industry | name company category work corporate person primary one current linkedin",
        "category company | name",
        "category work | name",
    ),
    "employees": (
        "employees | count size company unit current linkedin has",
        "size company | count unit employees linkedin current",
    ),
    "revenue": ("revenue | company unit current has",),
    "keywords": ("keywords | company",),
    "technologies": ("technologies | company current",),
    "company_description": ("description company |", "companydescription | company"),
    "address": (
        "address | street line one primary mailing person who customer buyer",
        "street | address line one primary mailing person who count customer buyer",
    ),
    "city": (f"city | {_WHERE}",),
    "state": (f"state | {_WHERE}",),
    "country": (f"country | state {_WHERE}",),
    "location": (
        "location | name person who current customer",
        "city state | country",
        "city country | state",
    ),
    **{
        f"company_{part}": tuple(
            f"{part} {whose} | hq company {_AT_COMPANY}" for whose in ("company", "hq", "work")
        )
        for part in ("city", "state", "country")
    },
    "company_address": tuple(
        f"{part} {whose} | hq company street address line one primary corporate count"
        for part in ("address", "street")
        for whose in ("company", "hq", "work")
    ),
    "company_location": (
        "location company | name hq city",
        "location work |",
        "hq | company location",
    ),
    "company_phone": (
        "phone company | count hq primary one work corporate",
        "phone hq | count primary one work",
    ),
    "company_linkedin_url": (
        "linkedin company | url profile name vendor address",
        "linkedin corporate | url profile",
    ),
    "linkedin_url": (
        "linkedin | url profile person who one primary customer executive current address vendor personal",
    ),
    "phone": (
        "phone | mobile work corporate direct first one primary person who count current vendor address",
        "mobile | work count one primary person who first current vendor direct",
    ),
    "phone_alt": (
        "phone preferred | mobile person count",
        "whatsapp | count person who",
        "phone more | mobile work corporate direct one person who count personal",
        "phone personal | mobile one person who count direct",
        "mobile more | count person work",
        "mobile personal | one count person",
    ),
    "notes": ("notes | person who company customer one",),
    "icebreaker": ("icebreaker | person",),
    "source_id": ("id | person vendor record count", "record vendor | count"),
    "list": ("list | name person",),
    "do_not_call": ("dnc | phone company",),
}

# What fills a field only where no form above does.
SECOND: Mapping[str, tuple[str, ...]] = {
    "first_name": (
        "firstname customer | person name",
        "firstname executive | person",
        "firstname email one |",
    ),
    "last_name": (
        "lastname customer | person name",
        "lastname executive | person",
        "lastname email one |",
    ),
    "full_name": (
        "name customer | person",
        "fullname customer | person name",
        "name executive | person company",
        "fullname executive | person",
        "fullname email one |",
        "incharge | name",
    ),
    "title": (
        "job position | name title person who current primary one",
        "job customer | name title person",
        "title executive |",
        "position executive |",
        "title email one |",
    ),
    "phone": (
        "phone customer | mobile count person work",
        "phone executive | mobile count",
        "phone incharge | mobile count work direct",
    ),
    "department": ("function |",),
    "state": (f"county | {_WHERE}",),
    "email": (
        *FORMS["email_alt"],
        "email customer | address id one primary work person",
        "email executive | address one primary work person",
        "email incharge | address one primary work",
    ),
}
# The same for a company, asked after the names of people.
COMPANIES = (
    "company customer | name",
    "venue name |",
    "exhibitor | name company",
    "supplier name | company",
)

# A company's mailbox is a person's address only where there is no other. So is a user's: users
# are whoever a system has, the lead or a colleague who served it.
LAST = (
    "email company | address id one primary generic hq work corporate",
    "email companycontact | address",
    "email generic | address one work",
    "email hq | address",
    "email user | address",
    "email website | address",
    "email venue | address one",
    "email exhibitor | address one",
    "email supplier | address one",
)

# The `van den` of Dutch last names: no field, but a part of one.
NAME_PREFIX = ("infix | lastname name person",)

# What the other columns decide, and for which fields it may be.
DEPENDING: Mapping[str, tuple[str, ...]] = {
    "name": ("full_name", "first_name", "last_name", "company"),
    "firstalone": ("first_name",),
    "lastalone": ("last_name",),
    "lastorfather": ("last_name",),
    "title": ("title", "company"),
    "position": ("title",),
    "occupation": ("title",),
    "accountalone": ("company",),
}

# Of several columns for one field the one that says the earlier of these is believed first;
# '' is one that says none.
_PREFERENCE: Mapping[str, tuple[str, ...]] = {
    "email": ("work", "corporate", "", "person", "who", "vendor"),
    "phone": ("direct", "first", "work", "mobile", "person", "", "corporate"),
    "title": ("job", "current", "person", "position", "", "title"),
    "full_name": ("fullname", "person", "who", ""),
}
# What leaves a name as sure as it is without.
_PLAIN = frozenset({"address", "name", "url", "profile", "count", "person", "company"})


def without_buyer(said: Meaning) -> Meaning:
    """Who pays is the customer, where nobody else is."""
    return said - {"buyer"} | {"customer"} if "buyer" in said else said


class Match(NamedTuple):
    """The field that a header is, and how sure that is from 0 to 1."""

    field: str
    confidence: float


def _fits(forms: Iterable[str], said: Meaning) -> Iterator[tuple[Meaning, Meaning]]:
    """(what had to be said, what was said besides) per form that a meaning has."""
    for form in forms:
        must, _, may = form.partition("|")
        need = frozenset(must.split())
        if need <= said <= need | frozenset(may.split()):
            yield need, said - need


def fits(forms: Iterable[str], said: Meaning) -> bool:
    return any(True for _ in _fits(forms, said))


def of_header(header: str, said: Meaning | None = None) -> Match | None:
    """What a header decides alone; `said` is what it says among the others of its file."""
    if plain(header) in FORMS.keys() - DEPENDING.keys():
        return Match(plain(header), 1.0)
    return of_meaning(meaning(header) if said is None else said)


@lru_cache(maxsize=4096)
def of_meaning(said: Meaning) -> Match | None:
    for field, forms in FORMS.items():
        for _, besides in _fits(forms, said):
            return Match(field, 1.0 if besides <= _PLAIN else 0.9)
    return None


def doubtful(said: Meaning) -> str:
    """The field that a header would be, were it not for a word that nobody knows; or ''."""
    found = of_meaning(said - {UNKNOWN}) if UNKNOWN in said else None
    return found.field if found else ""


def _may_be(header: str, field: str) -> bool:
    found, said = of_header(header), without_buyer(meaning(header))
    return (
        (found is not None and found.field == field)
        or any(field in fields and said == {word} for word, fields in DEPENDING.items())
        or fits(SECOND.get(field, ()), said)
        or (field == "email" and fits(LAST, said))
        or (field == "company" and fits(COMPANIES, said))
    )


@lru_cache(maxsize=4096)
def rank(header: str, field: str) -> int:
    """How early a header is believed of those that fill a field; -1 for one that another chose."""
    if not _may_be(header, field):
        return -1
    order, said = _PREFERENCE.get(field, ("",)), meaning(header)
    found = [n for n, word in enumerate(order) if word in said]
    return min(found) if found else order.index("")
