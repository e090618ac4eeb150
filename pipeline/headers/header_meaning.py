"""What a header says: its words, in any order, as the few things that headers speak of. Pure.

`Company E-mail Address`, `companyEmailAddress` and `Firmen-E-Mailadresse` all say company,
email, address. A word nobody knows is told as `?`, so that doubt stays visible.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

from pipeline.headers.header_words import NOUNS, QUALIFIERS
from pipeline.headers.more_words import MORE
from pipeline.headers.script_words import SCRIPTS, WHOLE_SCRIPTS
from pipeline.headers.side_words import FOREIGN, NOISE, SIGNS, WHOLE

Meaning = frozenset[str]

UNKNOWN = "?"
_LONGEST = 80  # characters; what is longer is a cell, not a header
_KNOWN_COST, _CUT_COST, _UNKNOWN_COST = 4, 1, 40
_SHORTEST_GLUED = 3  # letters of a word that is glued to another; and these:
_GLUED = frozenset({"id", "no", "nr", *"おご御様の的号號您의"})
_NAMELESS = re.compile(
    r"(?:column|col|field|spalte|feld|colonne|columna|coluna|colonna|kolom|unnamed|var|v|f|c"
    r"|столбец|колонка|поле|стовпець|колона|στηλη|列|欄|カラム|열|عمود|עמודה)?_?\d+"
    r"|[a-z]"
)
_STEP = re.compile(r"([A-Za-z]\w*)\.(?=\w)")
_PREFIX = re.compile(r"([A-Za-z]+)_(?=\w)")
_QUESTION = re.compile(r"\s*[Qq]?(\d{1,3})(?:\s*[._:)-]\s*|\s+)(?=\D)")
_FEWEST_QUESTIONS = 3
_CUT_SHORT = re.compile(r"([^\W\d_]{3,})\.(?!\w)")  # Empr. Móv. Kontaktpers.
_SURE = 4  # letters of a word cut short, if it says what must not be wrong: `Nac.` is no Nachname
_WEIGHTY = frozenset({"email", "name", "firstname", "lastname", "fullname", "title", "job",
                      "position", "company"})  # fmt: skip
_LOOKED_UP = re.compile(r"^(.+) \(from (.+)\)$")  # in Airtable: `Website (from Companies)`
_VCARD_TYPE = re.compile(r";type=(?:(?:internet|voice|pref)\b)?", re.IGNORECASE)
# Letters that no normal form takes apart.
_UNPARTED = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "\u0131": "i",
                           "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE",
                           "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": None})  # fmt: skip
# Chinese, Japanese and Korean run words together; in the others an owner follows what is his.
_EASTERN = "\u3005\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff\uac00-\ud7a3"
_OWNER_LAST = "\u0370-\u03ff\u0400-\u04ff\u05d0-\u05ea\u0621-\u063a\u0641-\u064a"
_RUN_TOGETHER = re.compile(f"[{_EASTERN}]+")
_HAS_OWNER_LAST = re.compile(f"[{_OWNER_LAST}]")
_WORD = re.compile(f"[a-z]+|[0-9]+|[{_EASTERN}{_OWNER_LAST}]+")
_NO_LETTERS = re.compile(f"[^a-z0-9{_EASTERN}{_OWNER_LAST}]+")
_VOICED = frozenset("\u3099\u309a")  # marks that make か a が, which is no accent
_ARTICLES = ("ال", "ה")
_FEW, _NEARLY_ALL = 2, 0.8  # headers with a path; share of them
_OF_PERSON = frozenset({"email", "name", "firstname", "lastname", "fullname"})
_MOST = 20  # a number up to this counts columns; beyond, it is a year or a size


def plain(header: str) -> str:
    """`E-mail Address`, `emailAddress`, `Prénom` → `e_mail_address`, `email_address`, `prenom`.

    Other scripts keep their letters, without accents: `Όνομα (*)` → `ονομα`.
    """
    text = unicodedata.normalize("NFKC", _repaired(header)).removesuffix("__c")  # Salesforce's own
    text = unicodedata.normalize("NFKD", _VCARD_TYPE.sub(" ", text)).translate(_UNPARTED)
    text = "".join(sign for sign in text if not unicodedata.combining(sign) or sign in _VOICED)
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text).casefold()
    return _NO_LETTERS.sub("_", text).strip("_")


def _repaired(header: str) -> str:
    """UTF-8 that somebody once read as cp1252 (`PrÃ©nom`), read as it was meant."""
    try:
        return header.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return header


def _lexicon() -> dict[str, tuple[str, ...]]:
    groups = chain(
        (NOUNS | QUALIFIERS | SIGNS).items(), MORE.items(), [("foreign", FOREIGN), ("", NOISE)]
    )
    found_by = {f"from{vendor}": ("vendor",) for vendor in QUALIFIERS["vendor"].split()}
    latin = found_by | {
        word: tuple(says.split()) for says, words in groups for word in words.split()
    }
    return latin | {
        word: tuple(says.split()) for says, words in SCRIPTS.items() for word in in_one(words)
    }


def in_one(words: str) -> Iterator[str]:
    """The words of a list, each in plain form and in one piece."""
    return (plain(word).replace("_", "") for word in words.split(","))


_LEXICON = _lexicon()
_WHOLE = WHOLE | {word: says for says, words in WHOLE_SCRIPTS.items() for word in in_one(words)}
_LONGEST_WORD = max(map(len, _LEXICON))


@lru_cache(maxsize=4096)
def meaning(header: str) -> Meaning:
    """What a header speaks of; empty for one without a word."""
    if len(header) > _LONGEST:
        return frozenset({UNKNOWN})
    header = _LOOKED_UP.sub(r"\2 \1", header)
    bare = plain(_CUT_SHORT.sub(_written_out, header))
    words = _WORD.findall(bare)
    if not words:  # a script that nobody here can read is not silence
        return frozenset({UNKNOWN} if any(map(str.isalnum, header)) else ())
    if "".join(words) in _WHOLE:
        return frozenset(_WHOLE["".join(words)].split())
    said = [one for word in _parted(words) for one in _says(word)]
    if _HAS_OWNER_LAST.search(bare):
        said.reverse()
    if "company" in said and {"person", "who"} & set(said[said.index("company") :]):
        # The company's contact is nobody's name or address; a contact's company is a company.
        said = [one for one in said if one not in {"company", "person", "who"}]
        said.append("companycontact")
    return frozenset(said)


def _written_out(cut: re.Match[str]) -> str:
    """The word that a dot cut short, where all that begin so mean the same; else as it stands."""
    word = plain(cut[1]).replace("_", "")
    if any(UNKNOWN not in _says(part) for part in _parted([word])):
        return cut[0]
    found = {says: whole for whole, says in _LEXICON.items() if whole.startswith(word)}
    if len(found) != 1 or (len(word) < _SURE and not _WEIGHTY.isdisjoint(*found)):
        return cut[0]
    return f"{next(iter(found.values()))} "


def without_wrapper(headers: Sequence[str]) -> tuple[str, ...]:
    """The headers without what nearly all share and what says nothing: the first step of their
    paths (`props.email`), a prefix (`C_Email`), the numbers of a form's questions (`3. Email`).
    """
    headers = _without_numbers(headers)
    for wrapper in (_STEP, _PREFIX):
        headers = _without_first(wrapper, headers)
    return tuple(headers)


def _without_numbers(headers: Sequence[str]) -> Sequence[str]:
    """The headers without 1, 2, 3 … in front, where these count different questions."""
    found = {n: one for n, one in enumerate(map(_QUESTION.match, headers)) if one}
    numbers = [int(one[1]) for one in found.values()]
    bare = [header[found[n].end() :] if n in found else header for n, header in enumerate(headers)]
    if (
        len(numbers) < _FEWEST_QUESTIONS
        or numbers != list(range(1, len(numbers) + 1))
        or len({bare[n] for n in found}) < len(found)
    ):
        return headers
    return bare


def _without_first(wrapper: re.Pattern[str], headers: Sequence[str]) -> Sequence[str]:
    """The headers without that first part, where nearly all share one that says nothing, and none
    outside it is an address or a name.
    """
    parts = [found[1] if (found := wrapper.match(header)) else "" for header in headers]
    common, times = Counter(filter(None, parts)).most_common(1)[0] if any(parts) else ("", 0)
    outside = (
        meaning(header) for header, part in zip(headers, parts, strict=True) if part != common
    )
    if (
        times < max(_FEW, _NEARLY_ALL * sum(map(bool, parts)))
        or UNKNOWN not in meaning(common)
        or any(said & _OF_PERSON for said in outside)
    ):
        return headers
    return [
        header[len(common) + 1 :] if part == common else header
        for header, part in zip(headers, parts, strict=True)
    ]


def is_nameless(header: str) -> bool:
    """Whether a header only counts: empty, `column 5`, `Unnamed: 3`, `C`."""
    bare = plain(header)
    return bool(_NAMELESS.fullmatch(bare)) if bare else not any(map(str.isalnum, header))


def words_saying(header: str, *meant: str) -> frozenset[str]:
    """The words of a header that mean one of these; of what nobody knows with `UNKNOWN`."""
    words = _parted(_WORD.findall(plain(header)))
    return frozenset(word for word in words if not {*meant}.isdisjoint(_says(word)))


def _says(word: str) -> tuple[str, ...]:
    if (known := _known(word)) is not None:
        return known
    if word.isdecimal():
        number = int(word)
        if number <= _MOST:
            return (("zero", "one")[number] if number < 2 else "more",)  # noqa: PLR2004
        return ("foreign",)
    return (UNKNOWN,)


def _known(word: str) -> tuple[str, ...] | None:
    found = _LEXICON.get(word)
    if found is None and word.endswith("s"):  # a plural
        found = _LEXICON.get(word[:-1])
    if found is None and word.endswith("sses"):
        found = _LEXICON.get(word[:-2])
    for article in _ARTICLES:
        if found is None and word.startswith(article):
            found = _LEXICON.get(word.removeprefix(article))
    return found


def _parted(words: list[str]) -> list[str]:
    """The words anew: run together (`e mail`) or parted (`mailadresse`) where that is known.

    The cheapest way through all the letters: few words, few cuts within what was one word.
    """
    text = "".join(words)
    edges = [0]
    for word in words:
        edges.append(edges[-1] + len(word))
    best: list[tuple[int, list[str]] | None] = [None] * (len(text) + 1)
    best[0] = (0, [])
    for start in range(len(text)):
        if (so_far := best[start]) is None:
            continue
        for end, cost in _pieces(text, start, edges):
            reached = best[end]
            if reached is None or so_far[0] + cost < reached[0]:
                best[end] = (so_far[0] + cost, [*so_far[1], text[start:end]])
    found = best[len(text)]
    return found[1] if found else words


def _pieces(text: str, start: int, edges: list[int]) -> list[tuple[int, int]]:
    """(end, cost) of what may be the next word."""
    pieces = []
    if start in edges and start < len(text):
        pieces.append((edges[edges.index(start) + 1], _UNKNOWN_COST))
    for end in range(start + 1, min(len(text), start + _LONGEST_WORD + 1) + 1):
        word, cuts = text[start:end], (start not in edges) + (end not in edges)
        known = _known(word)
        if known is not None and (not cuts or _may_be_glued(word, known)):
            pieces.append((end, _KNOWN_COST + _CUT_COST * cuts))
    return pieces


def _may_be_glued(word: str, known: tuple[str, ...]) -> bool:
    if _RUN_TOGETHER.fullmatch(word):
        return len(word) > 1 or word in _GLUED
    return bool(known) and (len(word) >= _SHORTEST_GLUED or word in _GLUED)
