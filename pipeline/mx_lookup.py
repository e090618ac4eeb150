"""Which domains take no mail, asked while a file is imported, where MX_LOOKUP is on (spec V1).

Only then: what DNS says changes from hour to hour, and the check at the upload must say the same
of the same bytes twice. So the counts of a LeadFile know no `no_mx`; those of the stage do.
What cannot be told in time stays a lead.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from threading import Lock

import dns.exception
import dns.resolver

from pipeline.fields import mail_domains
from pipeline.fields.mail_domains import Resolver, Verdict

logger = logging.getLogger(__name__)

SECONDS_A_SLICE = 20.0
SECONDS_A_FILE = 120.0  # well below what a task may take
MOST_REMEMBERED = 500_000  # domains

_known: dict[str, Verdict] = {}  # by this process


def resolver() -> Resolver:
    """Asks the name servers that the host is set up with."""
    return dns.resolver.Resolver()


class Lookup:
    """One file's questions, as many as its time allows; of several threads one at a time asks."""

    def __init__(self) -> None:
        self._left = SECONDS_A_FILE
        self._turn = Lock()

    def __call__(self, domains: Collection[str]) -> set[str]:
        """Those of the domains that take no mail for sure."""
        with self._turn:
            if len(_known) > MOST_REMEMBERED:
                _known.clear()
            began = time.monotonic()
            found = self._verdicts(domains)
            self._left -= time.monotonic() - began
        return {domain for domain, verdict in found.items() if verdict == "no_mx"}

    def _verdicts(self, domains: Collection[str]) -> dict[str, Verdict]:
        if self._left <= 0:
            return {domain: _known[domain] for domain in domains if domain in _known}
        try:
            return mail_domains.verdicts(
                domains,
                resolver=resolver(),
                timeout=min(SECONDS_A_SLICE, self._left),
                cache=_known,
            )
        except dns.exception.DNSException as error:  # this host knows no name server
            logger.warning("no MX look-up", extra={"error": str(error)})
            return {}
