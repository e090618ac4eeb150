"""Cells that only say that there is nothing: `N/A`, `null`, `-`. Pure."""

from __future__ import annotations

from pipeline.arrow import TEXT, Column, pa, pc

# What programs and people write where they know nothing; `Null` alone is a name, too.
_NOTHING = frozenset((
    "n/a", "#n/a", "n.a.", "n. a.", "k.a.", "k. a.", "null", "(null)", "none", "undefined", "unknown",
    "not available", "no name", "unbekannt", "inconnu", "desconocido", "desconhecido", "sconosciuto",
    "onbekend", "nvt", "n.v.t.", "tbd", "[blank]", "(blank)", "-", "--", "---", "?", "??", ".", "#ref!", "#value!",
))  # fmt: skip
_NAME = "Null"
_WORDS = pa.array(sorted(_NOTHING), TEXT)


def says_nothing(text: str) -> bool:
    """Whether a cell only says that there is nothing."""
    bare = text.strip()
    return bare.casefold() in _NOTHING and bare != _NAME


def blanked(column: Column) -> Column:
    """The trimmed cells, without those that only say that there is nothing."""
    found = pc.is_in(pc.ascii_lower(column), value_set=_WORDS)
    return pc.if_else(pc.and_(found, pc.not_equal(column, _NAME)), "", column)
