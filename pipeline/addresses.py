"""An e-mail address: whether it is one, and the key that makes two rows one person. Pure.

The quick check is one expression over a whole column; what it refuses is asked of
`email-validator` (https://pypi.org/project/email-validator/), which knows international
domains and every corner of RFC 5322, and says what is wrong. No DNS is asked. Role addresses
(info@, sales@) can be told apart here; what is done with them is not decided here.
"""

from __future__ import annotations

import hmac
import re
import uuid
from collections.abc import Callable, Collection
from typing import TypeAlias

import email_validator
import idna
import numpy as np
import numpy.typing as npt

from pipeline.arrow import (
    TEXT,
    Column,
    Mask,
    bytes_of,
    changed,
    joined,
    of_equal_size,
    pa,
    pc,
    per_distinct,
    starts_of,
    text,
)
from pipeline.keyed_hashes import SIZE, Beside, digests

Keys: TypeAlias = Callable[[Column], Column]  # `match_keys` for one secret

# Narrower than RFC 5322: what it takes is certainly good, what it refuses gets a second look.
# (RE2: repeats with an upper bound, such as {2,63}, would make it twice as slow.)
_ATOM = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+"
_CERTAIN = (
    rf"^{_ATOM}(?:[.]{_ATOM})*"
    r"@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?[.])+[a-zA-Z][a-zA-Z]+$"
)
_LONGEST_LOCAL, _LONGEST_LABEL, _LONGEST = 64, 63, 254  # RFC 5321 4.5.3.1, RFC 1035 2.3.1
_SHORTEST_ENDING = 2  # email-validator takes a@b.c; no domain ends in one letter
_RESERVED = rf"(?i)[@.](?:{'|'.join(email_validator.SPECIAL_USE_DOMAIN_NAMES)})$"  # RFC 6761
_GMAIL = ("gmail.com", "googlemail.com")
_OF_GMAIL = r"^[^@]+@(?:gmail|googlemail)[.]com$"

# RFC 2142, and what else stands on web pages instead of a person.
_ROLES = (
    "abuse|accounts|accueil|admin|administrator|bewerbung(?:en)?|billing|buchhaltung|careers?"
    "|contact(?:[._-]?us)?|contacto|customer[._-]?(?:care|service|support)|datenschutz"
    "|(?:do[._-]?not|no)[._-]?reply|enquiries|feedback|finance|hello|help|hostmaster|hr|infos?"
    "|inquiries|jobs|kontakt|legal|mail|mailer-daemon|marketing|media|news|noc|office|orders"
    "|postmaster|press|privacy|reception|recruiting|root|sales|security|service|shop|support|team"
    "|ventas|vertrieb|webmaster|zentrale"
)
# info1@, info-uk@, info+x@
_OF_ROLE = rf"^(?:{_ROLES})(?:[0-9]+|[._-][a-z][a-z])?(?:[+][^@]*)?@"

NO_AT = "There is no @ in it."

Flags = npt.NDArray[np.bool_]


def is_address(text: str) -> bool:
    """Whether mail could be sent there: syntax only, and a domain with a real ending."""
    return not why_refused(text)


def why_refused(text: str) -> str:
    """What is wrong with an address, in one sentence; '' for a good one."""
    try:
        found = email_validator.validate_email(
            text, strict=True, allow_smtputf8=False, check_deliverability=False
        )
    except ValueError as refusal:  # email-validator's own, or of a codec that it asks
        return str(refusal)
    if len(found.ascii_domain.rpartition(".")[2]) < _SHORTEST_ENDING:
        return "The domain ends in a single letter, and no domain does."
    return ""


def refusals(texts: Collection[str]) -> dict[str, str]:
    """Those of the texts that are no address, and what is wrong with each."""
    column = pa.array(texts, TEXT)
    doubtful = column.filter(pc.invert(are_certain(column))).to_pylist()
    found = {each: why_refused(each) if "@" in each else NO_AT for each in doubtful}
    return {each: why for each, why in found.items() if why}


def are_certain(column: Column) -> Mask:
    """The quick check: what it takes is an address, what it refuses may be one as well."""
    size = pc.binary_length(column)
    at = pc.find_substring(column, "@")
    # No label is longer than the domain that holds it: a domain this short needs no closer look.
    fits = pc.and_(
        pc.less_equal(at, _LONGEST_LOCAL),
        pc.less_equal(pc.subtract(size, pc.cast(at, size.type)), _LONGEST_LABEL + 1),
    )
    odd = pc.or_(pc.match_substring(column, "--"), pc.match_substring_regex(column, _RESERVED))
    return pc.and_(
        pc.and_(pc.match_substring_regex(column, _CERTAIN), fits),
        pc.and_(pc.less_equal(size, _LONGEST), pc.invert(odd)),
    )


def _flags(column: Column) -> Flags:
    found: Flags = column.to_numpy(zero_copy_only=False)
    return found


def is_role(address: str) -> bool:
    """Whether an address belongs to a function, not to a person: info@, sales@ …"""
    return re.match(_OF_ROLE, address.lower()) is not None


def are_roles(column: Column) -> Flags:
    """`is_role` for a column of addresses."""
    return _flags(pc.match_substring_regex(pc.ascii_lower(column), _OF_ROLE))


def domains(column: Column) -> Column:
    """What stands behind the @ of each address; '' where there is no address."""
    filled = pc.if_else(pc.equal(column, ""), "@", column)
    return pc.list_element(pc.split_pattern(filled, "@"), 1)


def normalise(address: str) -> str:
    """The form in which two spellings of one mailbox are equal (spec D2).

    Lower case, the domain in ASCII; for Gmail, dots and +tags are dropped and googlemail is
    gmail. Elsewhere dots and tags are left alone: there they may be different people.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    domain = _in_ascii(domain)
    if domain not in _GMAIL or not local or "@" in local:
        return f"{local}{at}{domain}"
    return f"{local.partition('+')[0].replace('.', '').strip() or local}@gmail.com"


def _in_ascii(domain: str) -> str:
    """As DNS knows it (RFC 5891, as email-validator encodes it); unchanged if it cannot be."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain


def normalised(column: Column) -> Column:
    """`normalise` for a whole column of addresses."""
    lower = pc.ascii_lower(pc.utf8_trim_whitespace(column))
    lower = changed(lower, pc.match_substring_regex(lower, _OF_GMAIL), _of_gmail)
    return changed(lower, pc.invert(pc.string_is_ascii(lower)), _one_by_one)


def _of_gmail(column: Column) -> Column:
    local = _before(column, "@")
    bare = pc.utf8_trim_whitespace(pc.replace_substring(_before(local, "+"), ".", ""))
    bare = pc.if_else(pc.equal(bare, ""), local, bare)
    return joined(bare, text("@gmail.com"))


def _before(column: Column, sign: str) -> Column:
    return pc.list_element(pc.split_pattern(column, sign, max_splits=1), 0)


def _one_by_one(column: Column) -> Column:
    return pa.array([normalise(text) for text in column.to_pylist()], column.type)


def spellings(email: str) -> str:
    """A regular expression for the cells that hold this address, and no longer one."""
    local, _, domain = normalise(email).rpartition("@")
    known = [re.escape(email.strip()), re.escape(normalise(email))]
    if domain == "gmail.com":
        dotted = r"\.*".join(map(re.escape, local))
        known.append(rf"{dotted}(\+[^@\s]*)?@(gmail|googlemail)\.com")
    return rf"(^|[^\w.+-])({'|'.join(known)})($|[^\w.-]|\.$|\.\s)"


def match_key(normal: str, secret: bytes) -> uuid.UUID:
    """16 bytes of HMAC-SHA256: whoever has the key only, not the secret, cannot guess (spec C1)."""
    return uuid.UUID(bytes=hmac.digest(secret, normal.encode(), "sha256")[:SIZE])


def match_keys(column: Column, secret: bytes) -> Column:
    """`match_key` for a column of normalised addresses, as 32 hex digits each."""
    return _in_hex(digests(column.cast(pa.large_binary()).to_pylist(), secret), len(column))


def keys_beside(column: Column, secret: bytes, beside: Beside) -> Column:
    """`match_keys`, made by another process; by this one where that does not answer."""
    starts = starts_of(column)
    try:
        found = beside.digests(bytes_of(column), memoryview(starts - starts[0]))
    except OSError:
        return match_keys(column, secret)
    return _in_hex(found, len(column))


def _in_hex(found: bytes, rows: int) -> Column:
    return of_equal_size(found.hex(), rows)


def domain_keys(hosts: Column, keys: Keys) -> Column:
    """For each host the keys of it and of its parents, as PostgreSQL reads an array: `{a,b}`.

    Who suppresses a domain means all below it: mail.example.com is met by example.com.
    """
    return per_distinct(hosts, lambda distinct: _arrays(distinct, keys))


def _arrays(hosts: Column, keys: Keys) -> Column:
    """Nearly all hosts have no parent but a top-level domain: a key each, and no list of names."""
    lone = pc.equal(pc.count_substring(hosts, "."), 1)
    found = joined(text("{"), keys(hosts.filter(lone)), text("}"))
    arrays = pc.replace_with_mask(hosts, lone, found)
    return changed(arrays, pc.invert(lone), lambda rest: _arrays_upwards(rest.to_pylist(), keys))


def _arrays_upwards(hosts: list[str], keys: Keys) -> Column:
    """Each name is hashed once, however many hosts it is above."""
    names = [_upwards(host) for host in hosts]
    distinct = list(dict.fromkeys(name for upwards in names for name in upwards))
    found = keys(pa.array(distinct, TEXT)).to_pylist()
    key_of = dict(zip(distinct, found, strict=True))
    return pa.array(
        ["{" + ",".join(map(key_of.__getitem__, upwards)) + "}" for upwards in names], TEXT
    )


def _upwards(host: str) -> list[str]:
    """mail.example.com, example.com; never a top-level domain alone."""
    labels = host.split(".") if host else []
    return [".".join(labels[n:]) for n in range(len(labels) - 1)]


def domain_keys_of(address: str, secret: bytes) -> list[uuid.UUID]:
    """The keys of the domain of a normalised address, and of the domain's parents."""
    return [match_key(name, secret) for name in _upwards(address.rpartition("@")[2])]
