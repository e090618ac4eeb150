"""Whose columns they are, where headers say so by a word that makes no field. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.headers.column_draft import BY_CONTEXT, CONTACT, PERSON, Draft
from pipeline.headers.header_meaning import UNKNOWN, plain, words_saying

_BY_GROUP = 0.7
_LEAD = re.compile(r"(?:^|_)leads?(?:_|$)")
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
    people = [n for field in (*PERSON, "email") for n in draft.filling(field)]
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
    """Beside a friend's address a bare one is that of whoever recommends him, which is no lead yet."""
    if any(
        "email" in said and _NAMED_BY_OTHERS.intersection(words_saying(header, UNKNOWN))
        for header, said in zip(draft.headers, draft.said, strict=True)
    ):
        for n in draft.filling("email"):
            draft.doubt(n, "email")


def of_those_named(draft: Draft, found: Sequence[int]) -> list[int]:
    """Of the addresses of guests, invitees and the like those of whom the names are told too."""
    named = [_guests_of(draft, n) for field in PERSON for n in draft.filling(field)]
    same = [n for n in found if any(_guests_of(draft, n) & words for words in named)]
    return same or list(found)


def guests_differ(draft: Draft, found: Sequence[int]) -> bool:
    return len({_guests_of(draft, n) for n in found}) > 1


def _guests_of(draft: Draft, position: int) -> frozenset[str]:
    return words_saying(draft.headers[position], "customer", "buyer")
