"""The good records of a slice as a table of leads, made of whole columns. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from pipeline import addresses
from pipeline.addresses import Keys
from pipeline.arrow import TEXT, Column, Mask, escaped, joined, pa, pc, sizes, text, to_pandas
from pipeline.fields import address_cells, places, second_keys
from pipeline.fields.cleaning import blanked, clean
from pipeline.fields.json_objects import json_objects
from pipeline.fields.nothing import says_nothing
from pipeline.headers import cell_kinds
from pipeline.mapping import Columns

# Elsewhere a line break in a cell becomes a space: a name, a title, an address is one line.
_SEVERAL_LINES = frozenset({"notes", "icebreaker", "company_description", "keywords"})
_PHONES = frozenset({"phone", "phone_alt", "company_phone"})
_NONE = "geen"  # in Dutch; elsewhere a name
_VERDICTS = frozenset({"email_status"})  # `unknown` is one


@dataclass(frozen=True, kw_only=True)
class Emails:
    """Per record: its address, further ones of the same cell, the normal form, the domain."""

    first: Column
    others: Column
    normal: Column
    hosts: Column

    def only(self, good: Mask) -> Emails:
        return Emails(
            first=self.first.filter(good),
            others=self.others.filter(good),
            normal=self.normal.filter(good),
            hosts=self.hosts.filter(good),
        )


class Kept:
    """The cells of the good records, made one column at a time: memory holds no second copy."""

    def __init__(self, raw: Sequence[Column], columns: Columns, good: Mask, longest: int) -> None:
        self._raw, self._columns, self._good, self._longest = raw, columns, good, longest
        self.cut = 0  # cells that were longer

    def __getitem__(self, position: int) -> Column:
        column = self._raw[position].filter(self._good)
        if sizes(column).max(initial=0) > self._longest:
            self.cut += pc.sum(pc.greater(pc.utf8_length(column), self._longest)).as_py()
            column = pc.utf8_slice_codeunits(column, 0, self._longest)
        field = self._columns.field_of(position)
        return clean(column, several_lines=not field or field in _SEVERAL_LINES | _PHONES)


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """What the leads hold: columns by field, and what goes to extras by name."""

    fields: dict[str, Column]
    others: dict[str, Column]
    rows: int

    def named(self, name: str) -> Column:
        """The column of a field wherever it is kept; an empty one where the file has none."""
        found = self.fields.get(name, self.others.get(name))
        return pa.repeat(text(""), self.rows) if found is None else found


def leads_of(
    kept: Kept,
    columns: Columns,
    emails: Emails,
    *,
    keys: Keys,
    own_columns: Collection[str],
    more_keys: bool,
) -> pd.DataFrame:
    """The mapped fields, extras and key of each record; `more_keys` adds what `judge` promises."""
    cells = _sorted(kept, columns, emails, own_columns)
    leads = pd.DataFrame({name: to_pandas(column) for name, column in cells.fields.items()})
    leads["extras"] = to_pandas(json_objects(cells.others, cells.rows))
    leads["key"] = to_pandas(keys(emails.normal))
    if more_keys:
        phones = second_keys.phone_keys(cells.named("phone"))
        leads["phone_key"] = to_pandas(_keys_where_filled(phones, keys))
        leads["domain_keys"] = to_pandas(addresses.domain_keys(emails.hosts, keys))
        leads["linkedin_key"] = to_pandas(second_keys.linkedin_keys(cells.named("linkedin_url")))
        leads["country_code"] = to_pandas(places.country_codes(cells.named("country")))
    return leads


def _keys_where_filled(column: Column, keys: Keys) -> Column:
    filled = pc.not_equal(column, "")
    return pc.replace_with_mask(
        pa.repeat(text(""), len(column)), filled, keys(column.filter(filled))
    )


def _sorted(kept: Kept, columns: Columns, emails: Emails, own_columns: Collection[str]) -> _Cells:
    cells = _Cells(fields={}, others={}, rows=len(emails.first))
    for name in columns.by_field:
        chosen = cells.fields if name in own_columns else cells.others
        chosen[name], left_over = _field(kept, columns, name, emails)
        cells.others.update(left_over)
    cells.others.update({columns.extra_names[n]: kept[n] for n in columns.unmapped})
    _add_prefixes(columns, cells)
    if sizes(emails.others).any():
        chosen = cells.fields if "email_alt" in own_columns else cells.others
        chosen["email_alt"] = _listed(cells.named("email_alt"), emails.others)
    if "company_domain" in own_columns:
        _add_company_domain(cells, columns, emails)
    return cells


def _add_prefixes(columns: Columns, cells: _Cells) -> None:
    """Dutch files keep the `van den` of a last name apart; in a mail it belongs to the name."""
    chosen = cells.fields if "last_name" in cells.fields else cells.others
    if not columns.name_prefixes or "last_name" not in chosen:
        return
    last = chosen["last_name"]
    prefixes = cells.others[columns.extra_names[columns.name_prefixes[0]]]
    filled = pc.and_(pc.not_equal(last, ""), pc.not_equal(prefixes, ""))
    pairs = zip(prefixes.filter(filled).to_pylist(), last.filter(filled).to_pylist(), strict=True)
    whole = pa.array([_with_prefix(prefix, name) for prefix, name in pairs], TEXT)
    chosen["last_name"] = pc.replace_with_mask(last, filled, whole)


def _with_prefix(prefix: str, name: str) -> str:
    is_none = (
        says_nothing(prefix) or prefix.casefold() == _NONE or not any(map(str.isalpha, prefix))
    )
    is_name = not cell_kinds.contradicts("last_name", cell_kinds.kind_of([prefix.casefold()]))
    if is_none or not is_name or f"{name} ".casefold().startswith(f"{prefix} ".casefold()):
        return name  # `Dhr.` is no part of it, and it may be whole already
    prefix = " ".join(prefix.split())  # extras may have several lines
    return prefix + ("" if prefix.endswith(("'", "\u2019")) else " ") + name


def _field(
    kept: Kept, columns: Columns, name: str, emails: Emails
) -> tuple[Column, dict[str, Column]]:
    """What fills a field, and what its further columns say besides, under their own headers."""
    positions = columns.sources(name)
    if name == "email":
        found, further = emails.first, [kept[position] for position in positions[1:]]
    else:
        cells = [kept[position] for position in positions]
        if name in _PHONES:
            cells = [_on_one_line(second_keys.bare_numbers(column)) for column in cells]
        if name not in _VERDICTS:  # `N/A` would stand where another column or file knows better
            cells = list(map(blanked, cells))
        found, further = first_filled(cells), cells[1:]
    return found, {
        columns.extra_names[position]: pc.if_else(pc.equal(column, found), "", column)
        for position, column in zip(positions[1:], further, strict=True)
    }


def _on_one_line(phones: Column) -> Column:
    """A comma for each line break, which divides two numbers."""
    return escaped(phones, {"\n": ", "})


def first_filled(columns: Sequence[Column]) -> Column:
    """Per row the first of these cells that is not empty."""
    found = columns[0]
    for column in columns[1:]:
        found = pc.if_else(pc.equal(found, ""), column, found)
    return found


def first_address(columns: Sequence[Column]) -> Column:
    """As `first_filled`, but `N/A` or `-` gives way to a further cell of its row with an address."""
    found = first_filled(columns)
    if len(columns) == 1:
        return found
    bare = pc.and_not(pc.not_equal(found, ""), address_cells.has_at(found))
    others = [column.filter(bare) for column in columns]
    better = first_filled(
        [pc.if_else(address_cells.has_at(other), other, text("")) for other in others]
    )
    return pc.replace_with_mask(
        found, bare, pc.if_else(pc.equal(better, ""), found.filter(bare), better)
    )


def _listed(given: Column, added: Column) -> Column:
    """Both, with a comma between them where both are filled."""
    both = joined(given, pc.if_else(pc.equal(added, ""), text(""), text(", ")), added)
    return pc.if_else(pc.equal(given, ""), added, both)


def _add_company_domain(cells: _Cells, columns: Columns, emails: Emails) -> None:
    """The registered domain: of the column for it, else of the website, else of the address.

    What stands in that column and is no company's domain goes to extras under its header.
    """
    found = pa.repeat(text(""), cells.rows)
    for position in columns.by_field.get("company_domain", ())[:1]:
        given = cells.fields["company_domain"]
        found = places.company_domains(given)
        cells.others[columns.extra_names[position]] = pc.if_else(pc.equal(found, ""), given, "")
    for source in (cells.named("website"), emails.hosts):
        blank = pc.equal(found, "")
        found = pc.replace_with_mask(found, blank, places.company_domains(source.filter(blank)))
    cells.fields["company_domain"] = found
