"""From single leads to pairs: the classes' flows, dealt to the leads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipeline.allocation.flow import Bools, Ints
from pipeline.allocation.pools import numbered
from pipeline.allocation.portions import sets_of
from pipeline.allocation.problem import Drafted, Problem
from pipeline.allocation.solve import Flows, solve

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Who gets what: sorted by client, then lead. `kept`: pairs that have a draft."""

    lead_id: Ints
    client_id: Ints
    kept: int
    flows: Flows


def allocate(problem: Problem, leads: Leads) -> Pairs:
    """Solve for classes that are fine enough for the drafts, and deal."""
    position, client = _drafts(leads)
    fine, parent, example = _by_drafts(problem, leads, position, client)
    flows = solve(
        problem.refined(parent, np.full(1, -1)),
        np.bincount(fine, minlength=len(parent)),
        drafted=Drafted(class_of=fine[position[example]], client_id=client[example]),
    )
    lead, to = flows.deal(fine)
    keys = np.sort(_key(lead, to))
    to, lead = np.divmod(keys, _MANY)
    return Pairs(
        lead_id=leads.lead_id[lead],
        client_id=to,
        kept=_common(keys, _key(position, client)),
        flows=flows,
    )


def _by_drafts(
    problem: Problem, leads: Leads, position: Ints, client: Ints
) -> tuple[Ints, Ints, Bools]:
    """Classes whose leads have drafts for the same clients, and the class that each was part of.

    And which of the pairs tell the drafts of such a class: those of its first lead.
    """
    classes = len(problem.group_of)
    sets = sets_of(position, client, len(leads.lead_id))
    drafted = np.flatnonzero(sets)
    first, number = numbered(leads.class_of[drafted], sets[drafted])
    fine = leads.class_of.copy()
    fine[drafted] = classes + number
    example = np.zeros(len(sets), np.bool_)
    example[drafted[first]] = True
    parent = np.concatenate([np.arange(classes), leads.class_of[drafted[first]]])
    return fine, parent, example[position]


def _drafts(leads: Leads) -> tuple[Ints, Ints]:
    """Positions of leads and their clients, once each, sorted by lead, then client."""
    if not len(leads.lead_id):
        return _none(), _none()
    by_id = np.argsort(leads.lead_id, kind="stable")
    at = np.searchsorted(leads.lead_id[by_id], leads.drafted_lead).clip(max=len(by_id) - 1)
    position = by_id[at]
    known = leads.lead_id[position] == leads.drafted_lead
    client, lead = np.divmod(np.unique(_key(position[known], leads.drafted_client[known])), _MANY)
    order = np.argsort(lead, kind="stable")
    return lead[order], client[order]


def _key(lead: Ints, client: Ints) -> Ints:
    return client * _MANY + lead


def _common(keys: Ints, asked: Ints) -> int:
    """How many of the asked keys are among the sorted ones."""
    if not len(keys):
        return 0
    at = np.searchsorted(keys, asked).clip(max=len(keys) - 1)
    return int((keys[at] == asked).sum())
