"""One thing, many names: countries, industries, seniorities. Pure.

Words are compared whole: `IT` is information technology, but no part of `hospitality`. What is
in no table stands for itself.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from clients.countries import country_code

# As LinkedIn's list of industries and its two successors name them, and as people say it.
_INDUSTRIES = (
    (
        "information technology & services|information technology and services|information technology"
        "|it|it services|it services and it consulting|computer software|software|software development"
        "|saas|technology, information and internet|internet|tech"
    ),
    "financial services|finance|banking|investment banking|investment management|fintech",
    (
        "hospital & health care|hospitals and health care|health care|healthcare|health"
        "|health, wellness & fitness|wellness and fitness services|medical practice"
    ),
    "medical devices|medical device|medical equipment manufacturing|medtech",
    (
        "marketing & advertising|marketing and advertising|marketing|advertising"
        "|advertising services|marketing services"
    ),
    (
        "logistics & supply chain|logistics and supply chain|logistics|supply chain"
        "|transportation/trucking/railroad|transportation|package/freight delivery|freight"
        "|transportation, logistics, supply chain and storage|truck transportation|shipping"
    ),
    "construction|building construction|building materials|civil engineering",
    (
        "food & beverages|food and beverages|food & beverage|food and beverage services|food production"
        "|food and beverage manufacturing|food"
    ),
    "machinery|machinery manufacturing|industrial machinery manufacturing",
    "mechanical or industrial engineering|industrial engineering|mechanical engineering",
    (
        "industrial automation|automation machinery manufacturing|automation|robotics"
        "|robotics engineering"
    ),
    (
        "renewables & environment|renewables and environment|renewable energy|renewables"
        "|renewable energy semiconductor manufacturing|clean energy"
    ),
    "real estate|commercial real estate|leasing real estate",
    "retail|consumer goods|retail trade",
    (
        "human resources|human resources services|hr|staffing & recruiting|staffing and recruiting"
        "|recruiting"
    ),
    (
        "education management|higher education|primary/secondary education|e-learning|education"
        "|primary and secondary education|e-learning providers"
    ),
    "hospitality|leisure, travel & tourism|travel and tourism|travel|tourism|restaurants|hotels",
    "legal services|law practice|law|legal",
    "accounting|accountancy",
    "management consulting|business consulting and services|consulting",
    "telecommunications|telecom|wireless",
    "automotive|motor vehicle manufacturing",
    "pharmaceuticals|pharmaceutical manufacturing|pharma",
    "insurance",
    "apparel & fashion|apparel and fashion|fashion|retail apparel and fashion",
    "textiles|textile manufacturing",
    "oil & energy|oil and gas|oil & gas",
)

_SENIORITIES = (
    "owner|business owner|proprietor|co-owner",
    "founder|co-founder|cofounder",
    "c suite|c-suite|c_suite|c level|c-level|c_level|clevel|cxo|chief|executive",
    "partner|managing partner",
    "vp|v.p.|vice president|vice-president|svp|evp|avp|senior vice president",
    "head|head of",
    "director|senior director|managing director",
    "manager|senior manager|mid-management",
    "senior|sr|sr.|lead",
    "entry|entry level|entry-level|junior|jr|jr.",
    "intern|internship|trainee",
)

_COUNTRY_FIELDS = frozenset({"country", "company_country"})
_TABLES = {"industry": _INDUSTRIES, "seniority": _SENIORITIES}


def plain(text: str) -> str:
    """Case, blanks and typography do not tell two texts apart."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=100_000)
def one_name(field: str, text: str) -> str:
    """The one name, in plain form, of all that mean the same in that field of a lead."""
    name = plain(text)
    if field in _COUNTRY_FIELDS:
        return country_code(text).casefold() or name
    return _names(field).get(name, name)


@cache
def _names(field: str) -> dict[str, str]:
    groups = [group.split("|") for group in _TABLES.get(field, ())]
    return {plain(name): group[0] for group in groups for name in group}
