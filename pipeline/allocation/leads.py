"""From single leads to pairs: the classes' flows, dealt to the leads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipeline.allocation.domains import Had, may_bind, too_many
from pipeline.allocation.flow import Bools, Ints
from pipeline.allocation.pools import Claims, claims, numbered
from pipeline.allocation.portions import sets_of
from pipeline.allocation.problem import Drafted, Problem
from pipeline.allocation.solve import Flows, solve

LAZY_ROUNDS = 2
MANY_PAIRS = 2_000_000  # of class and client; so many take 8 s and 750 MB
MOST_ROUNDS = 6
MANY_LEADS = 100_000  # a million lose two in a thousand after LAZY_ROUNDS; each more takes seconds
_MANY = 2**31  # more than leads


def _none() -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Leads:
    """Leads, oldest first, with the class of each; and pairs of lead and client with a draft.

    `domain`: a number for the company of each lead, -1 for none (blank, free mail).
    """

    lead_id: Ints
    class_of: Ints
    domain: Ints = field(default_factory=_none)
    drafted_lead: Ints = field(default_factory=_none)
    drafted_client: Ints = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.lead_id)

    def company(self) -> Ints:
        return self.domain if len(self.domain) else np.full(len(self), -1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Who gets what: sorted by client, then lead. `kept`: pairs that have a draft.

    `rounds`: how often all was solved; `taken_back`: pairs that a limit by company forbade after
    the last round. Where it is 0, no other allocation places more or fills the clients better.
    """

    lead_id: Ints
    client_id: Ints
    kept: int
    rounds: int
    taken_back: int
    flows: Flows


def allocate(problem: Problem, leads: Leads, *, had: Had | None = None) -> Pairs:
    """Solve for classes that are fine enough for the drafts and the limits by company, and deal.

    A company of which a client got too many becomes a class of its own, in which the limit
    counts, and all is solved again; after LAZY_ROUNDS that is done for every company of which one
    could get too many, and nothing is left to take back. Where that would be more than MANY_PAIRS,
    what is too much after the last round is taken back: a limit always holds; then, and only then,
    fewer leads may be placed than could be.
    """
    had = had or Had()
    seats = claims(problem.seats)
    position, drafter = _drafts(leads, seats)
    drafts = np.sort(_key(position, drafter))
    company = leads.company()
    apart = np.zeros(int(company.max(initial=-1)) + 2, np.bool_)  # the last one is nobody's
    rounds = 0
    while True:
        rounds += 1
        flows, keys = _round(problem, leads, (position, drafter), apart[company], had)
        seat, lead = np.divmod(keys, _MANY)
        has_draft = _among(drafts, keys)
        first = np.argsort(~has_draft, kind="stable")
        beyond = np.zeros(len(keys), np.bool_)
        beyond[first] = too_many(seats, had, seat[first], company[lead[first]])
        if rounds == MOST_ROUNDS or not beyond.any():
            break
        apart[company[lead[beyond]]] = True
        if rounds == LAZY_ROUNDS:
            binding = may_bind(seats, had, company)
            if _pairs_of(problem, leads, binding[company]) <= MANY_PAIRS:
                apart = binding
            elif len(leads) > MANY_LEADS:
                break
    return Pairs(
        lead_id=leads.lead_id[lead[~beyond]],
        client_id=seats.client_id[seat[~beyond]],
        kept=int(has_draft[~beyond].sum()),
        rounds=rounds,
        taken_back=int(beyond.sum()),
        flows=flows,
    )


def _pairs_of(problem: Problem, leads: Leads, apart: Bools) -> int:
    """How many pairs of class and client there are with the leads `apart` by company."""
    first, _ = numbered(leads.class_of[apart], leads.company()[apart])
    clients = np.array([len(group) for group in problem.groups], np.int64)
    return int(clients[problem.group_of[leads.class_of[apart][first]]].sum())


def _round(
    problem: Problem, leads: Leads, drafts: tuple[Ints, Ints], apart: Bools, had: Had
) -> tuple[Flows, Ints]:
    """Solve and deal; the leads `apart` by company. The pairs as keys, sorted by seat and lead."""
    position, drafter = drafts
    sets = sets_of(position, drafter, len(leads))
    special = np.flatnonzero((sets > 0) | apart)
    domain = np.where(apart, leads.company(), -1)
    first, number = numbered(leads.class_of[special], sets[special], domain[special])
    classes = len(problem.group_of)
    fine = leads.class_of.copy()
    fine[special] = classes + number
    example = np.zeros(len(leads), np.bool_)
    example[special[first]] = True
    told = example[position]
    parent = np.concatenate([np.arange(classes), leads.class_of[special[first]]])
    seats = claims(problem.seats)
    flows = solve(
        problem.refined(parent, np.append(np.full(classes, -1), domain[special[first]])),
        np.bincount(fine, minlength=len(parent)),
        drafted=Drafted(class_of=fine[position[told]], client_id=seats.client_id[drafter[told]]),
        had=had,
    )
    return flows, np.sort(_key(*flows.deal(fine)))


def _drafts(leads: Leads, seats: Claims) -> tuple[Ints, Ints]:
    """Positions of leads and the seats they have drafts for, once each, sorted by lead and seat."""
    if not len(leads):
        return _none(), _none()
    by_id = np.argsort(leads.lead_id, kind="stable")
    at = np.searchsorted(leads.lead_id[by_id], leads.drafted_lead).clip(max=len(by_id) - 1)
    position, seat = by_id[at], seats.find(leads.drafted_client)
    known = (leads.lead_id[position] == leads.drafted_lead) & (seat >= 0)
    seat, lead = np.divmod(np.unique(_key(position[known], seat[known])), _MANY)
    order = np.argsort(lead, kind="stable")
    return lead[order], seat[order]


def _key(lead: Ints, seat: Ints) -> Ints:
    return seat * _MANY + lead


def _among(known: Ints, keys: Ints) -> Bools:
    """Which keys are among the known ones; both are sorted."""
    found = np.zeros(len(keys), np.bool_)
    if len(keys):
        at = np.searchsorted(keys, known).clip(max=len(keys) - 1)
        found[at[keys[at] == known]] = True
    return found
