"""What rows show where headers leave it open: names that stand in the addresses beside them, and
companies in their domains. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from pipeline.headers import cell_kinds
from pipeline.headers.column_draft import PERSON, Draft
from pipeline.headers.header_meaning import UNKNOWN, plain, words_saying

_BY_ROWS = 0.7
_ENOUGH, _MOST = 3, 0.6  # rows that show it; their share
_OF_NAME, _OF_COMPANY = 3, 4  # letters of a word that stands in no address by chance
_ENOUGH_OF_SEVERAL = 5  # rows, where other columns hold addresses too
_FEW = 2  # domains, as one firm may have
_UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"))

# Whether a cell that may be of a field stands in the address beside it.
Stands = Callable[[str, str, str], bool]


def address_of_those_named(draft: Draft) -> None:
    """Of several addresses in doubt the one at ever other domains, where the others are at one or
    two: these are colleagues'. In row after row it must hold the name of whom it says it is, too.
    """
    found = [] if draft.has("email") else draft.doubted("email")
    domains = {n: [cell.rpartition("@")[2] for cell in draft.cells[n]] for n in found}
    far = [
        n for n in found if len(domains[n]) >= _ENOUGH_OF_SEVERAL and cell_kinds.differ(domains[n])
    ]
    if len(far) != 1 or any(len(set(domains[n])) > _FEW for n in found if n not in far):
        return
    if _is_of_those_named(draft, far[0]):
        draft.put(far[0], "email", _BY_ROWS)


def _is_of_those_named(draft: Draft, position: int) -> bool:
    whose = _whose(draft, position)
    return bool(whose) and any(
        field in PERSON and _whose(draft, n) == whose and _is_shown(draft, n, position, _is_named)
        for n, field in draft.doubts.items()
    )


def named_in_addresses(draft: Draft) -> None:
    """`CEO`, `AP Name`: whosever name it is, the address is his if it stands there in row after
    row; so is the title of the same word.
    """
    shown = [] if draft.has(*PERSON) else _shown(draft, PERSON, _is_named)
    for n in shown:
        draft.put(n, draft.doubts[n], _BY_ROWS)
    whose = {_whose(draft, n) for n in shown} - {frozenset()}
    titles = [n for n in draft.doubted("title") if _whose(draft, n) in whose]
    if len(titles) == 1 and cell_kinds.hold_jobs(draft.cells[titles[0]]):
        draft.put(titles[0], "title", _BY_ROWS)


def company_in_domains(draft: Draft) -> None:
    """`Portfolio Company`, `Kunde`: the leads' company, if it stands in the domains of their mail."""
    shown = [] if draft.has("company") else _shown(draft, ("company",), _is_at)
    for n in shown:
        draft.put(n, "company", _BY_ROWS)


def deals_of_companies(draft: Draft) -> None:
    """A bare `Name` that holds another column's company and more (`Acme Inc. - renewal`) is a deal's."""
    companies = [m for m in draft.open() if cell_kinds.are_companies(draft.cells[m])]
    for n in draft.filling("company") if companies else []:
        if draft.said[n] == {"name"} and any(_is_within(draft, m, n) for m in companies):
            draft.doubt(n, "company")


def _is_within(draft: Draft, position: int, other: int) -> bool:
    rows = draft.rows_of(position, other)
    return sum(cell in longer and cell != longer for cell, longer in rows) > _MOST * len(rows)


def _shown(draft: Draft, fields: Collection[str], stands: Stands) -> list[int]:
    """Columns in doubt that rows show right; none where two of them may be the same field."""
    found = [
        n
        for n, field in draft.doubts.items()
        for email in draft.filling("email")[:1]
        if field in fields and "foreign" not in draft.said[n] and _is_shown(draft, n, email, stands)
    ]
    return found if len({draft.doubts[n] for n in found}) == len(found) else []


def _is_shown(draft: Draft, position: int, email: int, stands: Stands) -> bool:
    rows = {*draft.rows_of(position, email)}
    right = sum(stands(cell, address, draft.doubts[position]) for cell, address in rows)
    return right >= max(_ENOUGH, _MOST * len(rows))


def _is_named(cell: str, address: str, field: str) -> bool:
    """Whether an address is somebody's by a word of his name: of a full one by the first letter of
    another word too, or it may be his wife's.
    """
    words, local = _words(cell), "".join(_words(address.partition("@")[0]))
    if (len(words) > 1) != (field == "full_name"):
        return False
    return any(
        len(word) >= _OF_NAME and word in local and _has_initial(local.replace(word, "", 1), words)
        for word in words
    )


def _has_initial(rest: str, words: list[str]) -> bool:
    """Whether what an address holds besides a word of a name may be of the other words."""
    return not rest or any(word[0] in (rest[0], rest[-1]) for word in words)


def _is_at(cell: str, address: str, _: str) -> bool:
    domain = "".join(_words(address.rpartition("@")[2]))
    return any(len(word) >= _OF_COMPANY and word in domain for word in _words(cell))


def _words(text: str) -> list[str]:
    bare = plain(text)
    for written, meant in _UMLAUTS:
        bare = bare.replace(written, meant)
    return [word for word in bare.split("_") if word]


def _whose(draft: Draft, position: int) -> frozenset[str]:
    """The words that say whose a column is, in the singular: `Speaker's position` is the `Speaker`'s."""
    words = words_saying(draft.headers[position], UNKNOWN, "customer", "buyer", "executive")
    return frozenset(word.removesuffix("s") for word in words)
