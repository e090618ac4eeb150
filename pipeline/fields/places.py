"""Where a company is: the country's code and the domain it owns, of whole columns. Pure.

Each distinct text is looked at once. Domains come from `tldextract`'s list of public suffixes,
offline.
"""

from __future__ import annotations

import re
from functools import cache

import idna
import tldextract

from clients.countries import country_code
from pipeline.arrow import TEXT, Column, Mask, pa, pc, per_distinct, without_prefix
from pipeline.fields import mail_providers

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


def country_codes(column: Column) -> Column:
    """`country_code` for a column."""
    return per_distinct(
        column,
        lambda distinct: pa.array([country_code(each) for each in distinct.to_pylist()], TEXT),
    )


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
