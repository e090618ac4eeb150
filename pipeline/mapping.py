"""Header names → a lead's fields (spec U3). Pure.

A name is compared in one plain form, so `E-mail Address`, `emailAddress` and `EMAIL_ADDRESS`
are one. What is no known name keeps its own header and travels along; when in doubt a column
is left unmapped, for a wrong column must never become an address or a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count

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

# Field → further names it goes by, in plain form without the underscores. Where several columns
# of a file fill one field, the earlier name here comes first, the field's own name before all
# that follow `*`.
_SYNONYMS = {
    "email": "workemail businessemail professionalemail emailprofessional emailwork"
    " corporateemail * emailaddress primaryemail emailid email1 email1value contactemail"
    " contactemailaddress personemail leademail workemailaddress businessemailaddress",
    "email_alt": "secondaryemail tertiaryemail alternateemail alternativeemail otheremail"
    " additionalemail personalemail emailpersonal homeemail email2 email3",
    "email_status": "emailverificationstatus emailvalidationstatus emailverification",
    "email_confidence": "emailconfidencescore emailscore",
    "first_name": "givenname forename fname contactfirstname personfirstname leadfirstname",
    "last_name": "surname familyname lname contactlastname personlastname leadlastname",
    "full_name": "contactname personname leadname contactperson contactfullname prospectname"
    " decisionmakername name",
    "title": "jobtitle currentjobtitle currenttitle * persontitle contacttitle contactrole"
    " jobposition designation currentposition organization1title role position",
    "seniority": "senioritylevel managementlevel joblevel",
    "department": "departments",
    "company": "companyname currentcompany currentcompanyname organization organisation"
    " organizationname organisationname currentorganization associatedcompany accountname"
    " businessname employer employername organization1name",
    "company_short": "companynameforemails companyshortname shortcompanyname cleanedcompanyname",
    "company_domain": "domain companydomainname companywebsitedomain websitedomain",
    "website": "companywebsite companywebsiteurl websiteurl organizationwebsite homepage",
    "industry": "industries companyindustry primaryindustry companymainindustry sector",
    "employees": "numemployees numberofemployees noofemployees employeecount employeescount"
    " companynumberofemployees companyemployees companysize companyheadcount headcount"
    " employeesestimate",
    "revenue": "annualrevenue companyrevenue companyannualrevenue revenuein000susd",
    "keywords": "companykeywords",
    "technologies": "techstack companytechnologies",
    "company_description": "seodescription companyshortdescription",
    "address": "streetaddress mailingaddress",
    "city": "personcity contactcity town",
    "state": "personstate contactstate stateregion stateprovince region province",
    "country": "personcountry contactcountry countryregion countryname countrycode",
    "location": "personlocation contactlocation",
    "company_address": "companystreetaddress companystreet",
    "company_location": "headquarterslocation companyheadquarters headquarters",
    "company_phone": "companyphonenumber companyhqphone hqphone",
    "company_linkedin_url": "companylinkedin companylinkedinprofile linkedincompanyprofileurl"
    " organizationlinkedinurl",
    "linkedin_url": "personlinkedinurl linkedinprofileurl linkedincontactprofileurl"
    " contactlinkedinurl personlinkedin linkedin linkedinprofile linkedinlink",
    "phone": "workdirectphone directphone directphonenumber directdial firstphone workphone"
    " mobilephone mobile mobilephonenumber cellphone personphone contactphone * phonenumber"
    " telephone phone1value corporatephone",
    "phone_alt": "homephone otherphone secondaryphone alternatephone phone2 phone2value",
    "notes": "note comments comment",
    "icebreaker": "personalization personalisation firstline openingline",
    "source_id": "apollocontactid zoominfocontactid contactid personid leadid recordid id",
    "list": "lists listname",
    "do_not_call": "dnc",
}
# Names that say one thing in one file and another in the next: in a list of places `name` and
# `title` are the company's. Field, and the fields of which one must be there too.
_PERSON = frozenset({"first_name", "last_name", "full_name"})
_DEPENDING = {
    "name": ("full_name", frozenset({"company"})),
    "title": ("title", _PERSON | {"company"}),
    "role": ("title", _PERSON | {"company"}),
    "position": ("title", _PERSON | {"company"}),
}


def _ranked(field: str) -> list[str]:
    """All names of a field, the most telling first."""
    own, names = field.replace("_", ""), _SYNONYMS.get(field, "").split()
    if "*" not in names:
        return [own, *names]
    return [own if name == "*" else name for name in names]


_RANKS = {field: {name: n for n, name in enumerate(_ranked(field))} for field in FIELDS}
_KNOWN = {name: field for field in FIELDS for name in _RANKS[field] if name not in _DEPENDING}


class BadMapping(Exception):
    """The columns cannot be understood as they are; one sentence that says what to do."""


class NoEmailColumn(BadMapping):
    """No column is known to hold the e-mail address, the only field a lead file must have."""


@dataclass(frozen=True)
class Columns:
    """Which column fills what. Positions count from 0; several may fill one field."""

    headers: tuple[str, ...]
    by_field: Mapping[str, tuple[int, ...]]

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

    def field_of(self, position: int) -> str:
        """The field that a column fills; '' for none."""
        return self._fields.get(position, "")

    @cached_property
    def _fields(self) -> dict[int, str]:
        return {n: field for field, positions in self.by_field.items() for n in positions}

    def sources(self, field: str) -> tuple[int, ...]:
        """The columns that fill a field, the one to believe first; what a person chose leads."""
        ranks = _RANKS[field]
        return tuple(
            sorted(self.by_field[field], key=lambda n: (ranks.get(_bare(self.headers[n]), -1), n))
        )

    def as_json(self) -> dict[str, str]:
        """Header → field, for the columns that fill one."""
        return {self.headers[n]: field for n, field in sorted(self._fields.items())}


def _once(headers: Sequence[str], taken: Collection[str]) -> tuple[str, ...]:
    used, names = set(taken), []
    for number, header in enumerate(headers, start=1):
        base = header or f"column {number}"
        numbered = (f"{base} ({n})" for n in count(2))
        name = next(name for name in chain([base], numbered) if name not in used)
        used.add(name)
        names.append(name)
    return tuple(names)


def plain(header: str) -> str:
    """`E-mail Address`, `emailAddress` → `e_mail_address`, `email_address`."""
    text = unicodedata.normalize("NFKC", header).strip()
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def _bare(header: str) -> str:
    return plain(header).replace("_", "")


def guess(headers: Sequence[str], overrides: Mapping[str, str] | None = None) -> Columns:
    """Which column is which field. `overrides` (header → field) win over what names suggest:
    the columns they name alone fill their fields.

    Raises BadMapping for an override that names no column or no field, and NoEmailColumn.
    """
    wanted = _checked(headers, overrides or {})
    guessed = [_KNOWN.get(_bare(header), "") for header in headers]
    found = set(guessed)
    guessed = [
        field or _depending(header, found) for field, header in zip(guessed, headers, strict=True)
    ]
    by_field: dict[str, list[int]] = {}
    for position, (header, field) in enumerate(zip(headers, guessed, strict=True)):
        chosen = wanted.get(header) or ("" if field in wanted.values() else field)
        if chosen:
            by_field.setdefault(chosen, []).append(position)
    if "email" not in by_field:
        raise NoEmailColumn(_no_email(headers))
    return Columns(tuple(headers), {field: tuple(where) for field, where in by_field.items()})


def _depending(header: str, found: Collection[str]) -> str:
    field, company = _DEPENDING.get(_bare(header), ("", frozenset[str]()))
    return field if company & set(found) else ""


def _checked(headers: Sequence[str], overrides: Mapping[str, str]) -> dict[str, str]:
    for header, field in overrides.items():
        if header not in headers:
            raise BadMapping(f"There is no column {header!r}; there are {_shown(headers)}.")
        if field not in FIELDS:
            raise BadMapping(f"There is no field {field!r}; there are {', '.join(FIELDS)}.")
    return dict(overrides)


def _no_email(headers: Sequence[str]) -> str:
    likely = [header for header in headers if "mail" in header.lower()] or ["COLUMN"]
    return (
        f"No column is known to hold e-mail addresses; the columns are {_shown(headers)}."
        f" Name the right one, such as --map '{likely[0]}=email'."
    )


def _shown(headers: Sequence[str]) -> str:
    shown = ", ".join(repr(header[:40]) for header in headers[:_SHOWN])
    return shown + (f" and {len(headers) - _SHOWN} more" if len(headers) > _SHOWN else "")
