"""Which columns are a person's job: `Title` and `Position` may be something else. Pure."""

from __future__ import annotations

from pipeline.headers import cell_kinds
from pipeline.headers.column_draft import BY_CONTEXT, PERSON, Draft
from pipeline.headers.header_meaning import plain

_WITHIN = (("company", "title"), ("company", "one", "title"), ("company", "position"))
_OF_CUSTOMERS = (("customer", "position"), ("customer", "title"), ("customer", "person", "title"))
_SALUTATIONS = frozenset({"anrede", "aanhef", "aanspreking"})


def titles(draft: Draft) -> None:
    """`Title`, `Position`: a job beside a person or a company; `Title` may be Mr and Mrs too."""
    if draft.speaks_of("ad") and not draft.has(*PERSON):  # of the job that is advertised
        for n in draft.filling("title"):
            draft.doubt(n, "title")
    of_others = draft.speaks_of("ad", "ranking", "goods") or any(
        "system" in said and "foreign" not in said for said in draft.said
    )
    at_work = draft.has(*PERSON, "company") and not of_others
    if not draft.has("title"):  # beside a job title a role is what somebody may do or decide
        for n in _positions(draft):
            may_be_job = draft.is_at_work(n) and not (_is_record(draft, n) or _is_no_job(draft, n))
            _put_or_doubt(draft, n, sure=at_work and may_be_job)
    known = draft.has("title")
    for n in draft.saying("title"):
        may_be_job = not known and not any(
            denies(draft, n) for denies in (_leads_to_name, _may_be_degree, _is_no_job)
        )
        _put_or_doubt(draft, n, sure=at_work and may_be_job and not draft.speaks_of("meeting"))
    if not draft.has("title"):
        for n in _lesser_titles(draft):
            _put_or_doubt(draft, n, sure=draft.has(*PERSON))


def _is_record(draft: Draft, position: int) -> bool:
    """Whether a `Job` is what somebody orders: it has a name, a number or a type of its own."""
    headers = [plain(header) for header in draft.headers]
    return headers[position] == "job" and any(one.startswith("job_") for one in headers)


def _is_no_job(draft: Draft, position: int) -> bool:
    """Whether a `Title`, `Role` or `Job`, which may be a talk's, a deal's or a project's, holds
    cells without a word of any job.
    """
    header = draft.headers[position]
    is_bare = draft.said[position] == {"title"} or plain(header) == "job" or _is_role(header)
    return is_bare and cell_kinds.hold_jobs(draft.cells[position]) is False


def no_titles(draft: Draft) -> None:
    """Beside a job title the role of a contact is what he may do or decide; an executive's title
    that stands before his first name may be Mr or Mrs.
    """
    found = draft.filling("title")
    roles = [n for n in found if _is_role(draft.headers[n])]
    of_executives = [
        n for n in found if draft.said[n] == {"executive", "title"} and _leads_to_name(draft, n)
    ]
    for n in of_executives + (roles if len(roles) < len(found) else []):
        draft.doubt(n, "title")


def _is_role(header: str) -> bool:
    words = plain(header).split("_")
    return "job" not in words and any(word.startswith("rol") for word in words)


def _positions(draft: Draft) -> list[int]:
    """Columns of a position; beside a `Position` a `Role` is one in the file's own system."""
    found = draft.saying("position") or draft.saying("position", "work")
    of_jobs = [n for n in found if not _is_role(draft.headers[n])]
    return of_jobs or found


def levels(draft: Draft) -> None:
    """`Level`, of a job."""
    if draft.has("title") and not draft.has("seniority"):
        for n in draft.saying("level"):
            draft.put(n, "seniority", BY_CONTEXT)


def _lesser_titles(draft: Draft) -> list[int]:
    """Titles within an organization, or else what people do for a living."""
    within = [n for words in _WITHIN for n in draft.saying(*words)]
    of_customers = [
        n for words in _OF_CUSTOMERS for n in draft.saying(*words) if not _leads_to_name(draft, n)
    ]
    found = (within if draft.has("company") else []) or of_customers or draft.saying("occupation")
    return [n for n in found if draft.cells[n] or not draft.is_sampled]


def _put_or_doubt(draft: Draft, position: int, *, sure: bool) -> None:
    if sure:
        draft.put(position, "title", BY_CONTEXT)
    else:
        draft.doubt(position, "title")


def _leads_to_name(draft: Draft, position: int) -> bool:
    """Whether the column stands before the first name, as Mr and Mrs do, and no cell denies it."""
    following = draft.fields[position + 1 : position + 2]
    return following == ["first_name"] and not draft.cells[position]


def _may_be_degree(draft: Draft, position: int) -> bool:
    """Whether a German `Titel` beside `Anrede` may be Dr. and Prof., for no cell denies it."""
    salutes = any(plain(header) in _SALUTATIONS for header in draft.headers)
    is_titel = plain(draft.headers[position]) == "titel"
    return salutes and is_titel and not draft.cells[position]
