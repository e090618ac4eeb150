"""Whose columns they are, where headers say so by a word that makes no field. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.headers import cell_kinds
from pipeline.headers.column_draft import BY_CONTEXT, CONTACT, PERSON, Draft
from pipeline.headers.header_meaning import UNKNOWN, plain, words_saying

_BY_GROUP = 0.7
_FEW, _REPEATED = 2, 2  # cells that differ; how many more there must be
_TELLING = 4  # letters of a company's word that may stand in a domain
_LEAD = re.compile(r"(?:^|_)leads?(?:_|$)")
_WHO = (*PERSON, "email")
_NAMED_BY_OTHERS = frozenset({"friend", "friends", "referee", "nominee"})


def whose_address_it_is(draft: Draft) -> None:
    """`Author First Name` beside the `Author Email` that cells showed right: nobody knows what an
    author is here, but it is the same one, where nobody else has a name.
    """
    for n in draft.filling("email"):
        word = words_saying(draft.headers[n], UNKNOWN)
        if not word or draft.has(*PERSON):
            continue
        of_same = [m for m in draft.doubts if words_saying(draft.headers[m], UNKNOWN) == word]
        for m in of_same:
            draft.put(m, draft.doubts[m], _BY_GROUP)


def leads_with_contacts(draft: Draft) -> None:
    """A lead that has a contact by name is an organization or a record: it has a name and a title
    as such.
    """
    people = [n for field in _WHO for n in draft.filling(field)]
    if any(CONTACT.search(plain(draft.headers[n])) for n in draft.filling("full_name")):
        for n in _of_leads(draft, "full_name"):
            if draft.has("company"):
                draft.doubt(n, "company")
            else:
                draft.put(n, "company", BY_CONTEXT)
    if any(CONTACT.search(plain(draft.headers[n])) for n in people):
        for n in _of_leads(draft, "title"):
            draft.doubt(n, "title")


def _of_leads(draft: Draft, field: str) -> list[int]:
    """Columns filling the field that speak of a lead, and not of his contact."""
    return [
        n
        for n in draft.filling(field)
        if _LEAD.search(plain(draft.headers[n])) and not CONTACT.search(plain(draft.headers[n]))
    ]


def guests(draft: Draft) -> None:
    """Where all names are those of the guests, and they have addresses, a bare `E-Mail` is that of
    whoever ordered.
    """
    named = [n for field in PERSON for n in draft.filling(field)]
    theirs = [
        n for n in draft.open() if draft.said[n] == {"customer", "email"} and draft.is_guest(n)
    ]
    if not theirs or not named or not all(map(draft.is_guest, named)):
        return
    for n in draft.filling("email"):
        if draft.said[n] <= {"email", "address"}:
            draft.doubt(n, "email")
    if not draft.has("email"):
        for n in theirs:
            draft.put(n, "email", _BY_GROUP)


def named_by_others(draft: Draft) -> None:
    """Beside a friend's address a bare one is that of whoever recommends him, which is no lead yet;
    so are a bare name, job and company.
    """
    if any(
        "email" in said and _NAMED_BY_OTHERS.intersection(words_saying(header, UNKNOWN))
        for header, said in zip(draft.headers, draft.said, strict=True)
    ):
        for field in (*_WHO, "title", "company"):
            for n in draft.filling(field):
                draft.doubt(n, field)


def of_those_named(draft: Draft, found: Sequence[int]) -> list[int]:
    """Of the addresses of guests, invitees and the like those of whom the names are told too."""
    named = [_guests_of(draft, n) for field in PERSON for n in draft.filling(field)]
    same = [n for n in found if any(_guests_of(draft, n) & words for words in named)]
    return same or list(found)


def guests_differ(draft: Draft, found: Sequence[int]) -> bool:
    return len({_guests_of(draft, n) for n in found}) > 1


def _guests_of(draft: Draft, position: int) -> frozenset[str]:
    return words_saying(draft.headers[position], "customer", "buyer")


def same_for_all(draft: Draft) -> None:
    """An `Email` that is the same few in all rows is a colleague's where another column's addresses
    differ. So is a name where another's do; a bare one is a list's or a mail's beside addresses that do.
    """
    for n in draft.filling("email"):
        others = [m for m in draft.with_addresses() if _differ_more(draft, m, n)]
        for m in [n, *others] if others and _are_few(draft.cells[n]) else []:
            draft.doubt(m, "email")
    addresses = draft.filling("email") + draft.doubted("email")
    for field in PERSON:
        found = draft.filling(field)
        for n in filter(lambda n: _are_few(draft.cells[n]), found):
            others = addresses if draft.said[n] == {"name"} else found
            if any(_differ_more(draft, m, n) for m in others):
                draft.doubt(n, field)


def same_company_for_all(draft: Draft) -> None:
    """A `Company` that is the same few in all rows is the operator's own, or a kind, where the
    addresses are at others.
    """
    domains = [address.rpartition("@")[2] for address in _addresses(draft)]
    if len(domains) <= _FEW or not cell_kinds.differ(domains):
        return
    for n in draft.filling("company"):
        if _are_few(draft.cells[n]) and not _are_at(draft.cells[n], " ".join(domains)):
            draft.doubt(n, "company")


def _addresses(draft: Draft) -> Sequence[str]:
    """The leads', or those that differ most where a person is asked which are."""
    found = draft.filling("email")[:1] or draft.doubted("email")
    return max((draft.cells[n] for n in found), key=lambda cells: len(set(cells)), default=())


def _are_few(cells: Sequence[str]) -> bool:
    return len(set(cells)) <= min(_FEW, len(cells) - _REPEATED)


def _differ_more(draft: Draft, position: int, other: int) -> bool:
    cells = draft.cells[position]
    return len(cells) >= len(draft.cells[other]) and cell_kinds.differ(cells)


def _are_at(companies: Sequence[str], domains: str) -> bool:
    """Whether a word of a company stands in a domain: then they are the leads'."""
    words = {word for company in set(companies) for word in plain(company).split("_")}
    return any(len(word) >= _TELLING and word in domains for word in words)
