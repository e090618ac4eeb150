"""What a lead's further columns say of people: nothing that is suppressed reaches a client (D5).

A lead is judged by its own address, domain and phone. A second address or number, and whatever a
column of the file's own holds, is looked at when a client's file is made: it is little then.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.conf import settings

from pipeline import suppressing
from pipeline.addresses import domain_keys_of, match_key, normalise
from pipeline.fields.address_cells import taken_apart
from pipeline.fields.second_keys import numbers_in, phone_key

Keys = frozenset[tuple[str, UUID]]

_ABROAD = "011"  # how a North American dials another country
_LONGEST_AT_HOME = 12  # digits; in other countries 011 is a town


def allowed(columns: Mapping[str, Sequence[str]], client_id: int) -> dict[str, Sequence[str]]:
    """The columns, name → cells, without the addresses and phones that this client may not have."""
    parts = {name: list(map(parts_of, cells)) for name, cells in columns.items()}
    keys = {part: _keys(part) for rows in parts.values() for row in rows for part in row}
    barred = suppressing.barred_keys(frozenset().union(*keys.values()), client_id=client_id)
    return {
        name: [
            _without(cell, row, {part for part in row if keys[part] & barred})
            for cell, row in zip(cells, parts[name], strict=True)
        ]
        for name, cells in columns.items()
    }


def parts_of(cell: str) -> list[str]:
    """The addresses and the phones in a cell, as they stand there."""
    found = taken_apart(cell) if "@" in cell else []
    rest = functools.reduce(lambda text, address: text.replace(address, " "), found, cell)
    return found + numbers_in(rest)


def _keys(part: str) -> Keys:
    """All that it could be listed by."""
    secret = settings.SUPPRESSION_KEY.encode()
    if "@" not in part:
        return frozenset(("PHONE", match_key(digits, secret)) for digits in _dialled(part))
    normal = normalise(part)
    domains = {("DOMAIN", key) for key in domain_keys_of(normal, secret)}
    return frozenset({("ADDRESS", match_key(normal, secret)), *domains})


def _dialled(number: str) -> set[str]:
    """Its digits, and those behind the sign for abroad, which a lead's own key keeps."""
    digits = phone_key(number)
    abroad = digits.startswith(_ABROAD) and len(digits) > _LONGEST_AT_HOME
    return {digits, digits.removeprefix(_ABROAD)} if abroad else {digits} - {""}


def _without(cell: str, parts: Sequence[str], barred: set[str]) -> str:
    return ", ".join(part for part in parts if part not in barred) if barred else cell
