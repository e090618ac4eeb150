"""Cells that only say that there is nothing: `N/A`, `null`, `-`. Pure."""

from __future__ import annotations

# What programs and people write where they know nothing; `Null` alone is a name, too.
NOTHING = frozenset((
    "n/a", "#n/a", "n.a.", "n. a.", "k.a.", "k. a.", "null", "(null)", "none", "undefined", "unknown",
    "not available", "no name", "unbekannt", "inconnu", "desconocido", "desconhecido", "sconosciuto",
    "onbekend", "nvt", "n.v.t.", "tbd", "[blank]", "(blank)", "-", "--", "---", "?", "??", ".", "#ref!", "#value!",
))  # fmt: skip
A_NAME = "Null"


def says_nothing(text: str) -> bool:
    """Whether a cell only says that there is nothing."""
    bare = text.strip()
    return bare.casefold() in NOTHING and bare != A_NAME
