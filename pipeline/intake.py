"""What becomes of each record of a slice: a lead, a rejection with its reason, or a blank. Pure.

One code path for the check at the upload and for the import by validate (design, 15). Whole
columns are changed at once; one by one are only the records that are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline import addresses, rejections
from pipeline.addresses import Keys
from pipeline.arrow import TEXT, Column, of_pandas, pa, pc, sizes
from pipeline.fields import address_cells, mail_providers
from pipeline.fields.address_cells import Cells
from pipeline.fields.cleaning import clean
from pipeline.lead_table import Emails, Kept, first_address, leads_of
from pipeline.leadfile import Limits, Slice
from pipeline.mapping import Columns
from pipeline.rejections import Codes, Rejections

NoMail = Callable[[Collection[str]], Collection[str]]  # of domains, those that take no mail


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Each record of a slice once: in `leads` or in `rejected` (blank ones too, code `blank`).

    `leads` has the columns record, line, the mapped fields, company_domain, extras (a JSON
    object) and key (32 hex digits); with `second_keys` phone_key (the same, or ''), domain_keys
    (`{key,…}`), linkedin_key and country_code as well. `cut` cells were longer than allowed.
    """

    leads: pd.DataFrame
    rejected: Rejections
    cut: int = 0


def judge(
    part: Slice,
    columns: Columns,
    *,
    keys: Keys,
    own_columns: Sequence[str],
    limits: Limits,
    drop_disposable: bool = True,
    drop_role: bool = True,
    second_keys: bool = False,
    no_mail: NoMail | None = None,
) -> Judged:
    """Sort a slice's records. Fields outside `own_columns` go to extras under their names.

    `no_mail` is asked only of the domains of records that are good so far.
    """
    raw = [of_pandas(part.frame[position]) for position in range(len(columns.headers))]
    cells = first_address([clean(raw[position]) for position in columns.sources("email")])
    read = address_cells.read(cells)
    emails = _emails(read)
    codes = _codes(part, raw, cells, emails)
    if drop_disposable:
        _drop(
            codes,
            mail_providers.are_disposable(emails.hosts).to_numpy(zero_copy_only=False),
            "disposable",
        )
    if drop_role:
        _drop(codes, addresses.are_roles(emails.first), "role")
    if no_mail:
        _drop(codes, _without_mail(emails.hosts, codes == "", no_mail), "no_mx")
    good = codes == ""
    kept = Kept(raw, columns, pa.array(good), limits.cell)
    leads = leads_of(
        kept,
        columns,
        emails.only(pa.array(good)),
        keys=keys,
        own_columns=own_columns,
        more_keys=second_keys,
    )
    numbers = np.flatnonzero(good)
    leads.insert(0, "line", np.asarray(part.lines, np.int64)[numbers])
    leads.insert(0, "record", numbers + part.first_record)
    rejected = rejections.collect(
        part, raw, columns, codes, lambda position: read.refusals[cells[position].as_py()]
    )
    return Judged(leads=leads, rejected=rejected, cut=kept.cut)


def _emails(read: Cells) -> Emails:
    normal = addresses.normalised(read.first)
    return Emails(
        first=read.first, others=read.others, normal=normal, hosts=addresses.domains(normal)
    )


def _codes(part: Slice, raw: Sequence[Column], cells: Column, emails: Emails) -> Codes:
    """Why each record is no lead for what stands in its cells; '' for those that may be."""
    codes: Codes = np.full(len(cells), "", object)
    codes[sizes(emails.first) == 0] = "bad_email"
    without = np.flatnonzero(sizes(cells) == 0)
    rest = [clean(column.take(pa.array(without))) for column in raw]
    codes[without] = np.where(_filled(rest), "missing_field", "blank")
    for position, bad in part.broken.items():
        codes[position] = bad.code
    return codes


def _filled(columns: Sequence[Column]) -> npt.NDArray[np.bool_]:
    """Per row whether any of the cells holds something."""
    found: npt.NDArray[np.bool_] = sum(map(sizes, columns)) > 0
    return found


def _without_mail(
    hosts: Column, good: npt.NDArray[np.bool_], no_mail: NoMail
) -> npt.NDArray[np.bool_]:
    dead = no_mail(pc.unique(hosts.filter(pa.array(good))).to_pylist())
    found = pc.is_in(hosts, value_set=pa.array(sorted(dead), TEXT))
    flags: npt.NDArray[np.bool_] = found.to_numpy(zero_copy_only=False)
    return flags


def _drop(codes: Codes, flags: npt.NDArray[np.bool_], code: str) -> None:
    """Give the flagged records this code, unless they have one."""
    positions = np.flatnonzero(flags)
    codes[positions] = np.where(codes[positions] == "", code, codes[positions])
