"""Which column of a file is which field: the rules, in the order in which they are asked. Pure.

What a name decides alone comes first, then what the other columns decide, then the cells. A
rule that is not sure leaves the column and notes the doubt: asking costs a person a minute, a
wrong column a client.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.headers import cell_kinds
from pipeline.headers.asked_rules import unfilled
from pipeline.headers.column_draft import BY_CONTEXT, PERSON, Draft
from pipeline.headers.header_forms import COMPANIES, LAST, SECOND, doubtful, fits, of_header
from pipeline.headers.header_meaning import UNKNOWN, is_nameless, plain
from pipeline.headers.name_rules import (
    first_and_last,
    in_charge,
    names,
    names_by_cells,
    parted_names,
)
from pipeline.headers.row_rules import (
    address_of_those_named,
    company_in_domains,
    deals_of_companies,
    named_in_addresses,
)
from pipeline.headers.title_rules import levels, no_titles, titles
from pipeline.headers.whose_rules import (
    guests,
    guests_differ,
    leads_with_contacts,
    named_by_others,
    of_those_named,
    same_company_for_all,
    same_for_all,
    whose_address_it_is,
)

BY_SECOND, BY_LAST, BY_CELLS = 0.7, 0.6, 0.7

_ENOUGH = 3  # addresses that show a name right which nobody knows
_LINKS = frozenset({"linkedin_url", "company_linkedin_url"})
_OF_LINKS = frozenset(
    {
        "url",
        "profile",
        "linkedin",
        "social",
        "website",
        "vendor",
        "person",
        "company",
        "name",
        "one",
        "primary",
    }
)
_REMARKED = frozenset({"industry", "employees", "revenue", "city", "state", "country", "department",
                       "seniority", "website", "keywords", "technologies", "notes"})  # fmt: skip
_LATIN = re.compile("[a-z]")
_NOT_ANYBODY = frozenset({"customer", "executive", "person", "who"})


def by_name(draft: Draft) -> None:
    """What a header says alone."""
    for n in list(draft.open()):
        if found := of_header(draft.headers[n], draft.said[n]):
            draft.put(n, *found)
        elif field := doubtful(draft.said[n]) or _remarked(draft, n):
            remarked = field in _REMARKED and of_header(_without_remark(draft.headers[n]))
            if remarked and remarked.field == field:
                draft.put(n, field, BY_CONTEXT)
            else:
                draft.doubt(n, field)


def _remarked(draft: Draft, position: int) -> str:
    """The field of a header but for what it says in brackets, where nobody knows a word of that."""
    found = of_header(_without_remark(draft.headers[position]))
    is_unknown = UNKNOWN in draft.said[position] and "foreign" not in draft.said[position]
    return found.field if found and is_unknown else ""


def _without_remark(header: str) -> str:
    """`Industry` of `Industry (NACE)`: what an unknown word in brackets adds makes no other field."""
    return re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", header)


def second_best(draft: Draft) -> None:
    """What fills a field only where nothing better does: customers' names, personal addresses."""
    # Beside a first name that is nobody's in particular, a `Customer Name` is somebody else's.
    named = any(not draft.said[n] & _NOT_ANYBODY for n in draft.filling("first_name"))
    for field, forms in SECOND.items():
        if field == "full_name" and named:
            continue
        alternative = {"", f"{field}_alt"}
        found = [
            n
            for n, said in enumerate(draft.said)
            if draft.fields[n] in alternative and n not in draft.doubts and fits(forms, said)
        ]
        if not draft.has(field):
            of_names = of_those_named(draft, found) if field == "email" else found
            _put_one(draft, of_names, field, BY_SECOND)


def _put_one(draft: Draft, found: list[int], field: str, confidence: float) -> None:
    """These columns fill the field; an address is asked for where they say different things, or
    where another column may hold it.
    """
    rivals = [n for n in draft.doubted("email") if not draft.is_belied(n, "email")]
    if all(_is_named_too(draft, n) for n in found):
        rivals = []
    several = len({draft.said[n] for n in found}) > 1 or guests_differ(draft, found) or bool(rivals)
    for n in found:
        if several and field == "email":
            draft.doubt(n, field)
        else:
            draft.put(n, field, confidence)


def _is_named_too(draft: Draft, position: int) -> bool:
    """Whether the names are of those whose address it is: of the attendees, say."""
    return "customer" in draft.said[position] and any(
        "customer" in said and field in PERSON
        for said, field in zip(draft.said, draft.fields, strict=True)
    )


def title_of_place(draft: Draft) -> None:
    """A map's export calls the business `title`; its phone and address are the business's."""
    titles = draft.saying("title")
    if not titles or draft.saying("name") or not draft.is_place_list():
        return
    for n in titles:
        draft.put(n, "company", BY_CONTEXT)
    for n, field in enumerate(draft.fields):
        if field in {"phone", "address"}:
            draft.put(n, f"company_{field}", BY_CONTEXT)


def companies(draft: Draft) -> None:
    """Words that are a company's only where no other column is."""
    if draft.has("company"):
        return
    of_customers = [n for n in draft.open() if fits(COMPANIES, draft.said[n])]
    # A check of mailboxes calls what stands before the @ an account.
    at_work = draft.has(*PERSON) and not draft.speaks_of("mailbox")
    alone = draft.saying("accountalone") if at_work else []
    for n in of_customers or alone:
        draft.put(n, "company", BY_SECOND)


def industries(draft: Draft) -> None:
    """`Category`, `Type` of a company; of people they may be anything."""
    if draft.has("industry", *PERSON, "title") or not draft.has("company"):
        return
    for n in draft.saying("category") or draft.saying("category", "name") or draft.saying("type"):
        draft.put(n, "industry", BY_CONTEXT)


def of_companies(draft: Draft) -> None:
    """Where only companies are listed, what is told is theirs."""
    of_people = draft.has(*PERSON, "title")
    if of_people or draft.has("company"):
        for n in draft.saying("description"):
            draft.put(n, "notes" if of_people else "company_description", BY_CONTEXT)
    if draft.has("company") and not of_people:
        for n in draft.filling("linkedin_url"):
            draft.put(n, "company_linkedin_url", BY_CONTEXT)


def linkedin_pages(draft: Draft) -> None:
    """In what was read off LinkedIn, links are LinkedIn's."""
    if draft.speaks_of("connected"):
        for n in draft.saying("url"):
            draft.put(n, "linkedin_url", BY_CONTEXT)
    if draft.speaks_of("scrape"):
        for n in draft.filling("website"):
            if "url" in draft.said[n] and "company" in draft.said[n]:
                draft.put(n, "company_linkedin_url", BY_CONTEXT)


def profiles(draft: Draft) -> None:
    """Profiles of people at work are LinkedIn's, where no cell says what they are."""
    of_people = draft.has(*PERSON) and draft.has("company", "title")
    if of_people and not draft.has("linkedin_url"):
        for n in draft.saying("profile", "url"):
            if not draft.cells[n] and not plain(draft.headers[n]).startswith("page"):
                draft.put(n, "linkedin_url", BY_CONTEXT)


def by_cells(draft: Draft) -> None:
    """What cells show where names say nothing, or nothing that speaks against it."""
    # Beside a phone, even an empty one, a phone of unknown name may be anybody's.
    phones = [] if draft.has("phone") else draft.doubted("phone")
    for n, kind in enumerate(draft.kinds):
        if draft.fields[n]:
            continue
        if (kind in _LINKS and _may_link(draft, n)) or (kind == "phone" and phones == [n]):
            draft.put(n, kind, BY_CELLS)
    nameless = [
        n for n in draft.open() if is_nameless(draft.headers[n]) or draft.said[n] == {"url"}
    ]
    for field in ("website", "phone"):
        found = [n for n in nameless if draft.kinds[n] == field]
        if len(found) == 1 and not draft.has(field):
            draft.put(found[0], field, BY_CELLS)


def _may_link(draft: Draft, position: int) -> bool:
    """Whether a header says no more than that there are links, or nothing."""
    return is_nameless(draft.headers[position]) or draft.said[position] - {UNKNOWN} <= _OF_LINKS


def address_by_cells(draft: Draft) -> None:
    """The one column whose cells are addresses, where no name says which holds them."""
    if draft.has("email"):
        return
    found = [
        n
        for n in (*draft.open(), *draft.doubts)
        if draft.kinds[n] == "address"
        and "foreign" not in draft.said[n]
        and not fits(LAST, draft.said[n])
    ]
    if len(found) == 1 and _is_whose(draft, found[0]):
        draft.put(found[0], "email", BY_CELLS)
    else:
        for n in found:
            draft.doubt(n, "email")


def _is_whose(draft: Draft, position: int) -> bool:
    """Whether the addresses in a column are the leads', not a few colleagues' over and over."""
    said, cells = draft.said[position], draft.cells[position]
    if draft.doubts.get(position) == "email":
        return len(cells) >= _ENOUGH and cell_kinds.differ(cells)
    header = draft.headers[position]
    if UNKNOWN in said and not _LATIN.search(plain(header)):  # in a language that nobody here knows
        return len(cells) >= _ENOUGH and cell_kinds.differ(cells)
    silent = is_nameless(header) or said <= {"person", "who", "one"}
    return silent and cell_kinds.differ(cells)


def last_resort(draft: Draft) -> None:
    """A company's mailbox, where nothing else may be an address."""
    if draft.has("email"):
        return
    found = [n for n in draft.open() if fits(LAST, draft.said[n])]
    _put_one(draft, found, "email", BY_LAST)


RULES: tuple[Callable[[Draft], None], ...] = (
    by_name, first_and_last, title_of_place, names, industries, in_charge, second_best, guests, named_by_others, parted_names, leads_with_contacts, companies, titles, no_titles,
    levels, of_companies, linkedin_pages, profiles, names_by_cells, by_cells, address_by_cells, whose_address_it_is, last_resort,
    same_for_all, same_company_for_all, unfilled, address_of_those_named, named_in_addresses, company_in_domains, deals_of_companies,
)  # fmt: skip
