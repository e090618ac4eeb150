"""Which columns are a person's names: the first, the last or both. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.headers import cell_kinds
from pipeline.headers.column_draft import BUSINESS, BY_CONTEXT, CONTACT, PERSON, Draft
from pipeline.headers.header_forms import SECOND, fits
from pipeline.headers.header_meaning import plain

_PAIRS = (
    ({"firstalone"}, {"lastalone"}),
    ({"firstalone"}, {"lastname"}),
    ({"firstname"}, {"lastalone"}),
    ({"name", "firstname"}, {"name", "lastname"}),
    ({"person", "name", "firstname"}, {"person", "name", "lastname"}),
)
# First names in languages where a bare `Name` beside them is the last name.
_BESIDE_LAST = ("vorname", "rufname", "prenom", "voornaam", "prenume")
# A bare `Nombre` beside a last name is the first; so is `Name`, where nobody has another.
_BESIDE_FIRST = frozenset({"name", "nome", "nombre", "nombres", "meno", "adi", "имя", "имени", "ім", "імені", "име", "ονομα",
                           "名字", "名前", "お名前", "이름", "اسم", "الاسم", "שם"})  # fmt: skip
_ENOUGH, _MOST = 2, 0.6  # cells to tell by; their share


def names(draft: Draft) -> None:
    """`Name`, `nom`, `nome`: a person's or a company's, the first, the last or both."""
    # Beside a `Full Name` and a company a bare one is neither, unless a first name lacks its last.
    known = draft.has("full_name") and draft.has("company") and not draft.saying_whom()
    known &= draft.has("first_name") == draft.has("last_name")
    known |= bool(draft.doubted("first_name"))  # somebody's, and nobody knows whose
    for n in draft.saying("name"):
        if not known and (field := _name(draft, n)):
            draft.put(n, field, BY_CONTEXT)
        else:
            are_firms = cell_kinds.are_companies(draft.cells[n])
            draft.doubt(n, "company" if are_firms else "full_name")
    if not draft.has(*PERSON):  # `Founder`, `Contact`: a name, several, or something else
        for n in draft.saying("executive") + draft.saying("person"):
            draft.doubt(n, "full_name")


def _name(draft: Draft, position: int) -> str:
    first, last = draft.has("first_name"), draft.has("last_name")
    if first != last:
        return _other_name(draft, plain(draft.headers[position]), first=first)
    if first:
        return "" if _are_of_contacts(draft) else "full_name"
    at_business, beside_contact = draft.speaks_of(*BUSINESS), _names_contact(draft)
    beside_whom = draft.saying_whom() or (beside_contact and at_business)
    are_firms = cell_kinds.are_companies(draft.cells[position])
    if ((beside_whom or are_firms) and not draft.has("company")) or draft.is_place_list():
        return "company"
    at_work = draft.has("company", "title") or draft.speaks_of("title", "position")
    return "full_name" if (at_work or not at_business) and not beside_contact else ""


def _names_contact(draft: Draft) -> bool:
    """Whether a `Contact Name` says who is to be talked to at a place of another name."""
    return not draft.has("company") and any(
        CONTACT.search(plain(draft.headers[n])) for n in draft.filling("full_name")
    )


def _are_of_contacts(draft: Draft) -> bool:
    """Whether the first names say whose they are: then a bare one is another's."""
    return all(
        said & {"person", "who", "customer"}
        for said, field in zip(draft.said, draft.fields, strict=True)
        if field == "first_name"
    )


def _other_name(draft: Draft, word: str, *, first: bool) -> str:
    """What a bare name is where only a first or only a last name stands beside it."""
    if not first:
        is_catalan = word == "nom" and any("cognom" in plain(header) for header in draft.headers)
        return "first_name" if is_catalan or _BESIDE_FIRST & set(word.split("_")) else ""
    beside = plain(draft.headers[draft.fields.index("first_name")])
    return "last_name" if any(name in beside for name in _BESIDE_LAST) else ""


def first_and_last(draft: Draft) -> None:
    """`First` and `Last`, `name.given` and `name.family`: names only where both are there."""
    for first_said, last_said in _PAIRS:
        first = [n for n, said in enumerate(draft.said) if said == first_said]
        last = [n for n, said in enumerate(draft.said) if said == last_said]
        for field, found, other in (("first_name", first, last), ("last_name", last, first)):
            for n in found if other else []:
                if draft.fields[n] != field:
                    draft.put(n, field, BY_CONTEXT)
    if not draft.has("last_name"):  # the father's name to Bulgarians, the family's to Serbs
        for n in draft.saying("lastorfather"):
            draft.put(n, "last_name", BY_CONTEXT)


def in_charge(draft: Draft) -> None:
    """`担当者`, `담당자`: who is to be talked to, beside a job or a department; or a colleague of ours,
    as wherever somebody else has a name.
    """
    whose = draft.has("company") and draft.has("title", "department") and not draft.has(*PERSON)
    for n in [] if whose else list(draft.open()):
        for field in ("full_name", "email", "phone"):
            if "incharge" in draft.said[n] and fits(SECOND[field], draft.said[n]):
                draft.doubt(n, field)


def parted_names(draft: Draft) -> None:
    """`Nom participant` beside `Prénom participant` is the last name, `Nombre contacto` beside
    `Apellidos contacto` the first.
    """
    for n, said in enumerate(draft.said):
        if draft.fields[n] != "full_name" or "name" not in said:
            continue
        if "lastname" in said and draft.has("first_name") and not draft.has("last_name"):
            draft.put(n, "last_name", BY_CONTEXT)  # `Last Name / Nom`
            continue
        whose, word = said - {"name"}, plain(draft.headers[n])
        firsts = [m for m, one in enumerate(draft.said) if one == whose | {"firstname"}]
        lasts = [m for m, one in enumerate(draft.said) if one == whose | {"lastname"}]
        if lasts and not firsts and _BESIDE_FIRST & set(word.split("_")) - {"name"}:
            draft.put(n, "first_name", BY_CONTEXT)
        beside = [plain(draft.headers[m]) for m in firsts]
        if not lasts and any(name in header for name in _BESIDE_LAST for header in beside):
            draft.put(n, "last_name", BY_CONTEXT)


def names_by_cells(draft: Draft) -> None:
    """A full name shares a word with the first and the last names, or it is another's; `Contact`
    is one where its cells look so, and the company and the job are told.
    """
    if draft.has("first_name") and draft.has("last_name"):
        parts = _words(draft, draft.filling("first_name") + draft.filling("last_name"))
        for n in draft.filling("full_name"):
            others = [cell for cell in draft.cells[n] if parts.isdisjoint(cell.split())]
            if parts and len(others) >= max(_ENOUGH, _MOST * len(draft.cells[n])):
                draft.doubt(n, "full_name")
    elif draft.has("company", "title") and not draft.has("full_name"):
        found = [n for n in draft.doubted("full_name") if draft.said[n] == {"person"}]
        for n in found if len(found) == 1 else []:
            if len(draft.cells[n]) >= _ENOUGH and cell_kinds.are_names(draft.cells[n]):
                draft.put(n, "full_name", BY_CONTEXT)


def _words(draft: Draft, positions: Sequence[int]) -> set[str]:
    return {word for n in positions for cell in draft.cells[n] for word in cell.split()}
