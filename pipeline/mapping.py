"""Header names → a lead's fields (spec U3). Pure.

A name is compared in one plain form, so `E-mail Address`, `emailAddress` and `EMAIL_ADDRESS`
are one. What is no known name keeps its own header and travels along; when in doubt a column
is left unmapped, for a wrong column must never become an address or a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FIELDS = (
    "email", "email_alt", "email_status", "email_confidence", "first_name", "last_name",
    "full_name", "title", "seniority", "department", "company", "company_short",
    "company_domain", "website", "industry", "employees", "revenue", "keywords", "technologies",
    "company_description", "address", "city", "state", "country", "location", "company_address",
    "company_city", "company_state", "company_country", "company_location", "company_phone",
    "company_linkedin_url", "linkedin_url", "phone", "phone_alt", "notes", "icebreaker",
    "source_id", "list", "do_not_call",
)  # fmt: skip

# Field → further plain names it goes by; each field also goes by its own.
_SYNONYMS = {
    "email": "e_mail mail email_address e_mail_address work_email business_email primary_email"
    " contact_email email_1 person_email",
    "email_alt": "secondary_email personal_email email_2 alternate_email other_email",
    "email_status": "email_verification_status email_verification",
    "email_confidence": "email_score email_confidence_score",
    "first_name": "firstname given_name forename person_first_name contact_first_name fname",
    "last_name": "lastname surname family_name person_last_name contact_last_name lname",
    "full_name": "name fullname contact_name person_name lead_name contact",
    "title": "job_title jobtitle position role headline person_title",
    "seniority": "management_level seniority_level job_level",
    "department": "departments job_function function",
    "company": "company_name organization organisation organization_name employer account_name"
    " account business_name current_company",
    "company_short": "company_name_for_emails cleaned_company_name",
    "company_domain": "domain website_domain email_domain company_website_domain",
    "website": "company_website url web company_url homepage website_url",
    "industry": "primary_industry sector industries company_industry",
    "employees": "num_employees number_of_employees employee_count company_size employees_count"
    " company_headcount headcount",
    "revenue": "annual_revenue company_revenue",
    "keywords": "company_keywords",
    "technologies": "tech_stack",
    "company_description": "seo_description short_description",
    "address": "street street_address person_street",
    "city": "person_city town contact_city",
    "state": "person_state region province contact_state",
    "country": "person_country country_name contact_country",
    "location": "person_location",
    "company_address": "company_street_address company_street",
    "company_phone": "company_phone_number hq_phone corporate_phone company_hq_phone",
    "company_linkedin_url": "company_linkedin company_linkedin_profile",
    "linkedin_url": "person_linkedin_url linkedin linkedin_profile linkedin_profile_url"
    " linkedin_contact_profile_url contact_linkedin_url person_linkedin",
    "phone": "phone_number mobile mobile_phone work_direct_phone direct_phone telephone"
    " direct_phone_number work_phone cell phone_1",
    "phone_alt": "other_phone home_phone phone_2 secondary_phone",
    "notes": "note comments comment",
    "source_id": "apollo_contact_id contact_id zoominfo_contact_id",
    "list": "lists",
    "do_not_call": "dnc",
}
_KNOWN = {name: field for field in FIELDS for name in (field, *_SYNONYMS.get(field, "").split())}


class BadMapping(Exception):
    """The columns cannot be understood as they are; one sentence that says what to do."""


@dataclass(frozen=True)
class Columns:
    """Which column fills what. Positions count from 0; several may fill one field."""

    headers: tuple[str, ...]
    by_field: Mapping[str, tuple[int, ...]]

    @property
    def unmapped(self) -> tuple[int, ...]:
        used = {position for positions in self.by_field.values() for position in positions}
        return tuple(n for n in range(len(self.headers)) if n not in used)

    def as_json(self) -> dict[str, str]:
        """Header → field, for the columns that fill one."""
        return {
            self.headers[position]: field
            for field, positions in self.by_field.items()
            for position in positions
        }


def plain(header: str) -> str:
    """`E-mail Address`, `emailAddress` → `e_mail_address`, `email_address`."""
    text = unicodedata.normalize("NFKC", header).strip()
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower().replace("#", "num ")
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def guess(headers: Sequence[str], overrides: Mapping[str, str] | None = None) -> Columns:
    """Which column is which field. `overrides` (header → field) win over what names suggest.

    Raises BadMapping for an override that names no column or no field, and where no column
    holds the e-mail address, the only field a lead file must have.
    """
    wanted = {**_overridden(headers, overrides or {})}
    found: dict[str, list[int]] = {}
    for position, header in enumerate(headers):
        field = wanted.get(header, _KNOWN.get(plain(header), ""))
        if field:
            found.setdefault(field, []).append(position)
    if "email" not in found:
        raise BadMapping(_no_email(headers))
    return Columns(tuple(headers), {field: tuple(where) for field, where in found.items()})


def _overridden(headers: Sequence[str], overrides: Mapping[str, str]) -> Mapping[str, str]:
    for header, field in overrides.items():
        if header not in headers:
            raise BadMapping(f"There is no column {header!r}; there are {_shown(headers)}.")
        if field not in FIELDS:
            raise BadMapping(f"There is no field {field!r}; there are {', '.join(FIELDS)}.")
    return overrides


def _no_email(headers: Sequence[str]) -> str:
    return (
        f"No column holds e-mail addresses; the columns are {_shown(headers)}."
        " Name the right one with --map 'COLUMN=email'."
    )


def _shown(headers: Sequence[str]) -> str:
    shown = [repr(header[:40]) for header in headers[:12]]
    return ", ".join(shown) + (f" and {len(headers) - 12} more" if len(headers) > 12 else "")
