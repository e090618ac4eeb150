"""Where a company is: the country's code and the domain it owns, out of what people typed. Pure.

Each distinct text is looked at once. Country names come from `country-converter`'s table, read
straight (its converter needs pandas and 0.4 ms a name), domains from `tldextract`'s list of
public suffixes, offline.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

import idna
import tldextract

from pipeline.arrow import TEXT, Column, Mask, pa, pc, per_distinct, without_prefix
from pipeline.fields import mail_providers

_LONGEST_NAME = 80  # characters; what is longer is no country's name
_CODE = 3  # letters of the longest code

# What the table lacks: names in the country's own language, and parts of the United Kingdom.
_ALIASES = {
    "AE": "uae|emirates|dubai|abu dhabi",
    "AT": "österreich|oesterreich|autriche",
    "BE": "belgique|belgië|belgien",
    "BR": "brasil|brasilien|brésil",
    "CH": "schweiz|suisse|svizzera|suiza|schweiz/suisse",
    "CZ": "česko|cesko|česká republika|ceska republika|tschechien|czech",
    "DE": "deutschland|allemagne|alemania|germania|niemcy|duitsland|brd",
    "DK": "danmark|dänemark",
    "DZ": "algérie",
    "ES": "españa|espana|spanien|espagne|spagna",
    "FI": "suomi|finnland",
    "FR": "frankreich|francia",
    "GB": "uk|great britain|england|scotland|wales|northern ireland|großbritannien"
    "|vereinigtes königreich|royaume-uni|reino unido",
    "GR": "el|ελλάδα|griechenland",
    "HR": "hrvatska",
    "HU": "magyarország|magyarorszag|ungarn",
    "IE": "éire|eire|irland|irlande",
    "IT": "italien|italie",
    "JP": "日本",
    "CN": "中国",
    "KR": "대한민국",
    "LU": "luxemburg",
    "MX": "méxico|mexiko",
    "NL": "holland|nederland|niederlande|pays-bas|países bajos",
    "NO": "norge|norwegen",
    "PE": "perú",
    "PL": "polska|polen|pologne",
    "RO": "românia|rumänien",
    "RU": "россия|russland",
    "SE": "sverige|schweden",
    "SI": "slovenija",
    "SK": "slovensko",
    "TR": "türkei",
    "UA": "україна|украина",
    "US": "us of a|america|the states|estados unidos|vereinigte staaten|états-unis|stati uniti"
    "|united state|u s a|u s",
}
# Sites on which anybody has a page: their domain names no company.
_SHARED = (
    "linkedin.com", "facebook.com", "fb.com", "instagram.com", "twitter.com", "x.com",
    "youtube.com", "tiktok.com", "xing.com", "pinterest.com", "threads.net", "t.me", "wa.me",
    "linktr.ee", "github.com", "github.io", "medium.com", "google.com", "goo.gl", "bit.ly",
    "yelp.com", "wordpress.com", "blogspot.com", "wixsite.com", "weebly.com", "squarespace.com",
    "myshopify.com", "crunchbase.com",
)  # fmt: skip
_HOST = "^[a-z0-9-]+(?:[.][a-z0-9-]+)+$"

_BETWEEN = re.compile(r"[\s|;]+|,+(?:\s|$)")  # two domains; `acme,inc.com` is none

_extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@lru_cache(maxsize=10_000)
def country_code(text: str) -> str:
    """ISO 3166 alpha-2 of a country, or of a place that ends in one; '' where there is none.

    A state of the USA is no country, so `Athens, Georgia` has none; `Georgia` alone is one.
    """
    name = _folded(text)
    if len(name) > _LONGEST_NAME:
        return ""
    return _names().get(name) or _code_in(name)


def _code_in(name: str) -> str:
    """The one country that a longer text speaks of."""
    *before, last = (part.strip() for part in name.split(","))
    if not name or (before and (len(last) < _CODE or last == "georgia")):
        return ""
    found = {code for pattern, code in _patterns() if pattern.search(name)}
    if before and not found and len(last) > _CODE:
        return _names().get(last, "")
    return found.pop() if len(found) == 1 else ""


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().replace(".", "")
    return " ".join(plain.split())


def country_codes(column: Column) -> Column:
    """`country_code` for a column."""
    return per_distinct(
        column,
        lambda distinct: pa.array([country_code(each) for each in distinct.to_pylist()], TEXT),
    )


@cache
def _table() -> tuple[dict[str, Any], ...]:
    from country_converter.country_converter import COUNTRY_DATA_FILE  # noqa: PLC0415  (slow)

    with open(COUNTRY_DATA_FILE, encoding="utf-8", newline="") as stream:  # noqa: PTH123
        rows = csv.DictReader(stream, delimiter="\t")
        return tuple(row for row in rows if row["ISO2"] and not row["obsolete"])


def _codes(row: dict[str, Any]) -> list[str]:
    """`^GB$|^UK$`: the first is ISO's, the others are in use."""
    return [code.strip("^$") for code in row["ISO2"].split("|")]


@cache
def _names() -> dict[str, str]:
    names = {
        _folded(name): _codes(row)[0]
        for row in _table()
        for name in (row["name_short"], row["name_official"], row["ISO3"], *_codes(row))
    }
    aliases = {_folded(name): code for code, every in _ALIASES.items() for name in every.split("|")}
    return names | aliases


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["regex"], re.IGNORECASE), _codes(row)[0]) for row in _table())


def company_domain(text: str) -> str:
    """The registered domain, in lower case and ASCII, that a website, URL or host belongs to.

    '' where there is none, or it is a free mail provider's or a social network's.
    """
    return str(_owned(_one_by_one(pa.array([text], TEXT)))[0])


def company_domains(column: Column) -> Column:
    """`company_domain` for a column."""
    return per_distinct(column, lambda distinct: _owned(_registered(distinct)))


def _owned(domains: Column) -> Column:
    return pc.if_else(pc.is_in(domains, _nobodys()), "", domains)


@cache
def _nobodys() -> Column:
    return pa.concat_arrays([pa.array(_SHARED, TEXT), mail_providers.free_mail_domains()])


def _registered(column: Column) -> Column:
    """A host right below a public suffix is told by a look-up; the others one by one."""
    host = pc.ascii_rtrim(pc.ascii_lower(column), "/")
    for prefix in ("http://www.", "https://www.", "http://", "https://", "www."):
        host = without_prefix(host, prefix)
    known = _is_registered(host)
    return pc.replace_with_mask(
        host, pc.invert(known), _one_by_one(column.filter(pc.invert(known)))
    )


def _is_registered(host: Column) -> Mask:
    simple = pc.match_substring_regex(host, _HOST)
    split = pc.split_pattern(pc.if_else(simple, host, "."), ".", max_splits=1)
    below = pc.is_in(pc.list_element(split, 1), _suffixes())
    return pc.and_(simple, pc.and_not(below, pc.is_in(host, _suffixes())))


@cache
def _suffixes() -> Column:
    """Public suffixes; without those under which every name is one too (*.ck)."""
    rules = set(_extract.tlds)
    wild = {rule.partition(".")[2] for rule in rules if rule.startswith("*.")}
    return pa.array(sorted(rules - wild), TEXT)


def _one_by_one(column: Column) -> Column:
    return pa.array([_registered_domain(each) for each in column.to_pylist()], TEXT)


def _registered_domain(text: str) -> str:
    """Of the first of several; '' for what is no host name: (acme.com, https%3A%2F%2Facme.com."""
    words = _BETWEEN.split(text.lower().strip())
    found = _extract.extract_str(words[0]).top_domain_under_public_suffix
    try:
        name = found if found.isascii() else idna.encode(found, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""
    return name if re.match(_HOST, name) else ""
