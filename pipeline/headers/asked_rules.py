"""Which columns are asked about for a field that none fills. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.headers import cell_kinds
from pipeline.headers.column_draft import PERSON, Draft
from pipeline.headers.header_forms import DEPENDING, of_meaning
from pipeline.headers.header_meaning import UNKNOWN, Meaning

_WHOSE = frozenset({UNKNOWN, "foreign", "customer", "buyer", "executive", "more"})
_ENOUGH = 3  # cells, as everywhere that words are judged


def _are_jobs(cells: Sequence[str]) -> bool:
    return cell_kinds.hold_jobs(cells) is True


def _are_people(cells: Sequence[str]) -> bool:
    return cell_kinds.are_names(cells) and not (_are_jobs(cells) or cell_kinds.are_companies(cells))


_LOOKS: tuple[tuple[frozenset[str], str, Callable[[Sequence[str]], bool]], ...] = (
    (frozenset({"company"}), "company", cell_kinds.are_companies),
    (frozenset({"title"}), "title", _are_jobs),
    (PERSON, "full_name", _are_people),
)


def unfilled(draft: Draft) -> None:
    """Where no column is a company, a title or a name, every one that may be is asked about:
    whosever it is, for its word or for its cells.
    """
    for fields, field, look_so in _LOOKS:
        if draft.has(*fields):
            continue
        for n in list(draft.open()):
            cells = draft.cells[n]
            if len(cells) < _ENOUGH or draft.kinds[n] or draft.is_belied(n, field):
                continue
            if _whoever_is(draft.said[n]) in fields or look_so(cells):
                draft.doubt(n, field)


def _whoever_is(said: Meaning) -> str:
    """The field that a header is first of all, but for the word that says whose it is; or ''."""
    bare = said - _WHOSE
    if found := of_meaning(bare):
        return found.field
    return next((fields[0] for word, fields in DEPENDING.items() if bare == {word}), "")
