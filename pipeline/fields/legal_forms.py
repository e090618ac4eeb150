"""The legal form that a company's name ends in: GmbH, & Co., Pte. Ltd. Pure.

Apart from `polish`, which loads the numbering plans of all countries.
"""

from __future__ import annotations

from cleanco import basename

_LOOSE = " ,;-&"  # what is left at the end of a name without its legal form


def without_legal_form(name: str) -> str:
    """The name without its last legal form; '' where it is no more than one."""
    return str(basename(name).strip(_LOOSE))


def has_legal_form(name: str) -> bool:
    """Whether a name ends in a legal form (`Quay GmbH`, `Quay & Co.`), and is more than that."""
    said = " ".join(name.split()).strip(_LOOSE)
    return without_legal_form(said) not in {"", said}
