"""Names and numbers as people write them, for drafts and delivered files. Pure.

What is stored stays as it came (spec V3). Mixed case is left alone: who typed McKenna or eBay
meant it. What a value becomes is remembered: a million rows have some thousand first names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import phonenumbers
from nameparser import HumanName

from pipeline.fields.legal_forms import without_legal_form
from pipeline.fields.nothing import says_nothing

_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_TITLE = re.compile(r"(?i)^(?:(?:dr|mr|mrs|ms|mx|prof|herr|frau|dipl[.]?-?ing)[.]?(?:\s+|$))+")
_CREDENTIAL = re.compile(
    r"(?:\s+(?:Ph\.?D\.?|M\.?B\.?A\.?|M\.?Sc\.?|B\.?Sc\.?|C\.?P\.?A\.?|C\.?F\.?A\.?|PMP|CISSP|MPH"
    r"|LL\.?M\.?|Pharm\.?D\.?|Ed\.?D\.?|DBA|DDS|DVM|Esq\.?))+$"
)
_PARTICLES = frozenset((
    "af", "al", "av", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "dos", "du",
    "el", "ibn", "la", "las", "le", "les", "los", "ten", "ter", "van", "vom", "von", "zu",
    "zum", "zur", "y",
))  # fmt: skip
# Mac makes a second capital in these only: Machado, Maciej and Mack are not Scottish.
_MAC = re.compile(
    "(?i)^mac(?=(?:allister|arthur|aulay|donald|dougall|farlane|gregor|intosh|intyre|kay|kenzie"
    "|kinnon|laren|lean|leod|millan|neil|pherson)$)"
)
_MC = re.compile(r"(?i)^mc(?=\w{2})")
_BETWEEN = re.compile(r"([\s\-'’/.]+)")  # noqa: RUF001  (the apostrophe that word processors type)
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_UNSEEN = "\u200d\ufe0f\u20e3"  # what glues emojis together

# Legal forms in the case they have, and small words: for names that are shouted.
_FORMS = (
    "GmbH", "mbH", "AG", "KG", "KGaA", "OHG", "UG", "SE", "LLC", "LLP", "PLC", "AB", "ApS",
    "BV", "NV", "NA", "SA", "SAS", "SARL", "SpA", "Srl", "Oy", "Inc", "Ltd", "Co", "Corp",
    "Pty", "and", "of", "the", "for", "de", "der", "des", "und", "et", "y", "e", "für",
)  # fmt: skip
_CASED = {form.upper(): form for form in _FORMS}
_REMEMBERED = 20_000  # values, some MB
_SHORTEST_SHOUTED = 5  # letters; IBM, SAP and BMW are names, not shouting


def person_name(first: str, last: str, full: str) -> tuple[str, str]:
    """First and last name to greet by; the full name fills what is missing of them."""
    first, last = _given(first), _family(last)
    if not (first and last) and (whole := "" if says_nothing(full) else _seen(full)):
        found = HumanName(whole)
        family = _recased(found.last, family=True)
        first = first or _recased(found.first)
        return first, last or ("" if family == first else family)
    return first, last


def person_names(
    first: Sequence[str], last: Sequence[str], full: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The same for the columns of many rows: nearly all of them need no full name."""
    given, family = list(map(_given, first)), list(map(_family, last))
    if not (all(given) and all(family)):
        for n, (shown, name) in enumerate(zip(given, family, strict=True)):
            if not (shown and name):
                given[n], family[n] = person_name(first[n], last[n], full[n])
    return given, family


@lru_cache(maxsize=_REMEMBERED)
def _given(name: str) -> str:
    return _recased(_person(name))


@lru_cache(maxsize=_REMEMBERED)
def _family(name: str) -> str:
    return _recased(_person(name), family=True)


def _person(name: str) -> str:
    """Without emojis, remarks, titles and what follows a comma; '' where that has no letter."""
    if says_nothing(name) or not any(map(str.isalpha, name)):
        return ""
    return _CREDENTIAL.sub("", _TITLE.sub("", _seen(name).partition(",")[0].strip()))


def _seen(text: str) -> str:
    """Without bracketed remarks and emojis, on single spaces."""
    letters = (sign for sign in _REMARK.sub(" ", text) if not _is_emoji(sign))
    return " ".join("".join(letters).split())


def _is_emoji(sign: str) -> bool:
    return (
        unicodedata.category(sign) in {"So", "Cn", "Co", "Cs"}
        or ord(sign) in _SKIN_TONES
        or sign in _UNSEEN
    )


def _recased(name: str, *, family: bool = False) -> str:
    """Title case for a name all in capitals or all in small letters."""
    if len(name) < 2 or not (name.isupper() or name.islower()):  # noqa: PLR2004
        return name
    parts = _BETWEEN.split(name)
    words = [n for n, part in enumerate(parts) if part and not _BETWEEN.fullmatch(part)]
    for n in words:
        is_particle = family and n != words[-1] and parts[n].lower() in _PARTICLES
        parts[n] = parts[n].lower() if is_particle else _capitalised(parts[n])
    return "".join(parts)


def _capitalised(word: str) -> str:
    for prefix, shown in ((_MC, "Mc"), (_MAC, "Mac")):
        if match := prefix.match(word):
            return shown + word[match.end() :].capitalize()
    return word.capitalize()


@lru_cache(maxsize=_REMEMBERED)
def company(name: str) -> str:
    """The name with its legal form, but not shouted."""
    if says_nothing(name):
        return ""
    shown = " ".join(name.split())
    is_shouted = shown.isupper() and len(_letters(without_legal_form(shown))) >= _SHORTEST_SHOUTED
    is_whispered = shown.islower() and "." not in shown  # acme.com is how it calls itself
    return _company_recased(shown) if is_shouted or is_whispered else shown


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))


def _company_recased(name: str) -> str:
    first, *others = (_company_word(word) for word in name.split())
    return " ".join([first[:1].upper() + first[1:], *others])


def _company_word(word: str) -> str:
    bare = word.strip(".,()&")
    if form := _CASED.get(bare.upper().replace(".", "")):
        return word.replace(bare, form)
    if word.isupper() and not re.search("[AEIOUYÄÖÜÉÈÁÍÓÚÅØÆ]", word):  # BMW, or 3M
        return word
    return "".join(part.capitalize() for part in re.split(r"([\-&/(.]+)", word))


def company_in_prose(name: str) -> str:
    """The name as a person would say it: no legal form, no shouting; empty only for no name."""
    if says_nothing(name):
        return ""
    whole = " ".join(name.split())
    said = _REMARK.sub(" ", whole.translate({ord(sign): None for sign in "®™©"}))
    said = " ".join(said.split()).strip(" ,;-")
    while (shorter := without_legal_form(said)) != said and shorter:
        said = shorter
    return company(said or whole)


def phone_e164(text: str, country_code: str) -> str | None:
    """+49301234567; None where it is no number of that country or of the one it names itself."""
    try:
        number = phonenumbers.parse(text, country_code or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
