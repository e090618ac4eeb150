"""Whether a domain takes mail, as DNS says. Asks the network; only where MX_LOOKUP is on.

What cannot be told is `unknown`, never `no_mx`: a slow name server makes no lead bad (spec V1).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Literal, Protocol, TypeAlias

import dns.exception
import dns.resolver

Verdict: TypeAlias = Literal["has_mx", "no_mx", "unknown"]

THREADS = 32
LONGEST_LOOKUP = 5.0  # seconds for one domain's questions, all retries included


class Resolver(Protocol):
    """What is used of dnspython's `dns.resolver.Resolver`."""

    def resolve(self, qname: str, rdtype: str, *, lifetime: float) -> Iterable[Any]:
        """The records. Raises dns.exception.DNSException."""


def verdicts(
    domains: Collection[str],
    *,
    resolver: Resolver,
    timeout: float,
    cache: MutableMapping[str, Verdict] | None = None,
) -> dict[str, Verdict]:
    """The verdict on each domain within `timeout` seconds for all of them together.

    What `cache` holds is not asked again; what became certain is added to it.
    """
    cache = {} if cache is None else cache
    asked = [domain for domain in dict.fromkeys(domains) if domain not in cache]
    cache.update(
        (domain, verdict)
        for domain, verdict in _ask(asked, resolver, timeout).items()
        if verdict != "unknown"
    )
    return {domain: cache.get(domain, "unknown") for domain in domains}


def _ask(domains: Collection[str], resolver: Resolver, timeout: float) -> dict[str, Verdict]:
    until = time.monotonic() + timeout
    pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="mx")
    asking: dict[str, Future[Verdict]] = {
        domain: pool.submit(_verdict, domain, resolver, until) for domain in domains
    }
    done, _ = wait(asking.values(), timeout=timeout)
    pool.shutdown(wait=False, cancel_futures=True)
    return {domain: future.result() for domain, future in asking.items() if future in done}


def _verdict(domain: str, resolver: Resolver, until: float) -> Verdict:
    """RFC 5321, 5.1: without an MX record the host itself takes mail, if it has an address."""
    try:
        records = _records(domain, "MX", resolver, until)
        if records is None:
            return "no_mx"
        if records:
            # A single `.` says that no mail is wanted (RFC 7505).
            return "has_mx" if any(str(each.exchange) != "." for each in records) else "no_mx"
        found = any(_records(domain, kind, resolver, until) for kind in ("A", "AAAA"))
    except (dns.exception.DNSException, OSError):
        return "unknown"
    return "has_mx" if found else "no_mx"


def _records(domain: str, kind: str, resolver: Resolver, until: float) -> list[Any] | None:
    """Empty where the domain has none of the kind; None where there is no such domain."""
    lifetime = min(LONGEST_LOOKUP, until - time.monotonic())
    if lifetime <= 0:
        raise dns.exception.Timeout
    try:
        # With the dot at its end: no search list of this host is tried.
        return list(resolver.resolve(f"{domain}.", kind, lifetime=lifetime))
    except dns.resolver.NXDOMAIN:
        return None
    except dns.resolver.NoAnswer:
        return []
