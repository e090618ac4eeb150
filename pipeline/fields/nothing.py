"""Cells that only say that there is nothing: `N/A`, `null`, `-`. Pure."""

from __future__ import annotations

# What programs and people write where they know nothing.
NOTHING = frozenset((
    "n/a", "n.a.", "n. a.", "k.a.", "k. a.", "n.n.", "none", "undefined", "unknown", "not available",
    "not applicable", "not found", "not provided", "not specified", "no data", "no name", "unbekannt",
    "keine angabe", "inconnu", "desconocido", "desconhecido", "sconosciuto", "onbekend", "nvt", "n.v.t.",
    "tbd", "[blank]", "(blank)", "-", "--", "---", "?", "??", ".",
    # Databases, and programs that work on tables.
    "null", "(null)", "[null]", "<null>", "\\n", "nan", "<na>", "<nil>", "[]", "{}", "''",
    # Spreadsheets, in the language of whoever wrote the formula.
    "#n/a", "#n/d", "#n/d!", "#n/b", "#nv", "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!",
    "#error!", "#spill!", "#calc!", "#bezug!", "#wert!", "#zahl!", "#valeur!", "#nom?", "#nombre!",
    "#¡ref!", "#¡valor!", "#¿nombre?", "#valore!", "#nome?", "#rif!", "#valor!", "#waarde!", "#verw!",
    "#naam?", "#arg!", "#adr!", "#nazwa?", "loading...",
))  # fmt: skip
NAMES = frozenset({"Null", "Nan", "NAN"})  # as people write them


def says_nothing(text: str) -> bool:
    """Whether a cell only says that there is nothing."""
    bare = text.strip()
    return bare.casefold() in NOTHING and bare not in NAMES
