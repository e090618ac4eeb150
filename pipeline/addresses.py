"""An e-mail address: whether it is one, and the key that makes two rows one person. Pure.

The quick check is one expression over a whole column; only what it refuses is looked at by
`email-validator` (https://pypi.org/project/email-validator/), which knows international
domains and every corner of RFC 5322. No DNS is asked.
"""

from __future__ import annotations

import hmac
import uuid

import email_validator
import pandas as pd

# Narrower than RFC 5322: what it takes is certainly good, what it refuses gets a second look.
_CERTAIN = (
    r"[a-z0-9_+-]+(?:[.][a-z0-9_+-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?[.])+[a-z]{2,24}"
)
_LONGEST_LOCAL, _LONGEST = 64, 254  # RFC 5321, 4.5.3.1
_GMAIL = ("gmail.com", "googlemail.com")


def is_address(text: str) -> bool:
    """Whether mail could be sent there: syntax only, and a domain with a real ending."""
    try:
        email_validator.validate_email(
            text, strict=True, allow_smtputf8=False, check_deliverability=False
        )
    except (email_validator.EmailNotValidError, ValueError):
        return False
    return len(text.rpartition(".")[2]) > 1


def are_addresses(column: pd.Series[str]) -> pd.Series[bool]:
    """`is_address` for a whole column of trimmed text."""
    lower = column.str.lower()
    certain = (
        lower.str.fullmatch(_CERTAIN)
        & (column.str.len() <= _LONGEST)
        & (column.str.find("@") <= _LONGEST_LOCAL)
        & ~lower.str.contains("@-|--", regex=True)
        & ~_reserved(lower)
    )
    doubtful = column[~certain & (column != "")]
    rescued = [index for index, text in doubtful.items() if is_address(text)]
    certain.loc[rescued] = True
    return certain.astype(bool)


def _reserved(lower: pd.Series[str]) -> pd.Series[bool]:
    """Domains that email-validator refuses whatever stands before them (RFC 2606, RFC 6761)."""
    endings = tuple(f".{name}" for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)
    names = tuple(f"@{name}" for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)
    return lower.str.endswith(endings + names)


def normalise(address: str) -> str:
    """The form in which two spellings of one mailbox are equal (spec D2).

    Lower case, the domain in ASCII; for Gmail, dots and +tags are dropped and googlemail is
    gmail. Elsewhere dots and tags are left alone: there they may be different people.
    """
    local, _, domain = address.strip().lower().rpartition("@")
    domain = _ascii(domain)
    if domain in _GMAIL:
        return local.partition("+")[0].replace(".", "") + "@gmail.com"
    return f"{local}@{domain}"


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def normalised(column: pd.Series[str]) -> pd.Series[str]:
    """`normalise` for a whole column of addresses."""
    lower = column.str.strip().str.lower()
    special = lower.str.contains("@gmail.com", regex=False) | lower.str.contains(
        "@googlemail.com", regex=False
    )
    special |= ~lower.str.isascii()
    found = lower.copy()
    found[special] = [normalise(text) for text in lower[special]]
    return found


def match_key(normal: str, secret: bytes) -> uuid.UUID:
    """16 bytes of HMAC-SHA256: whoever has the key only, not the secret, cannot guess (spec C1)."""
    return uuid.UUID(bytes=hmac.digest(secret, normal.encode(), "sha256")[:16])


def match_keys(column: pd.Series[str], secret: bytes) -> list[str]:
    """`match_key` for a column of normalised addresses, as 32 hex digits each."""
    digest = hmac.digest
    return [digest(secret, text.encode(), "sha256")[:16].hex() for text in column]
