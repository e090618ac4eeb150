"""Which country a text names: ISO's code for names, codes, and what people type. Pure.

Names come from `country-converter`'s table, read straight: its converter needs pandas and 0.4 ms
a name.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

_LONGEST_NAME = 80  # characters; what is longer is no country's name
_CODE = 3  # letters of the longest code

# What the table lacks: names in the country's own language, and parts of the United Kingdom.
_ALIASES = {
    "AE": "uae|emirates|dubai|abu dhabi",
    "AT": "österreich|oesterreich|autriche",
    "BE": "belgique|belgië|belgien",
    "BR": "brasil|brasilien|brésil",
    "CH": "schweiz|suisse|svizzera|suiza|schweiz/suisse",
    "CZ": "česko|cesko|česká republika|ceska republika|tschechien|czech",
    "DE": "deutschland|allemagne|alemania|germania|niemcy|duitsland|brd",
    "DK": "danmark|dänemark",
    "DZ": "algérie",
    "ES": "españa|espana|spanien|espagne|spagna",
    "FI": "suomi|finnland",
    "FR": "frankreich|francia",
    "GB": "uk|great britain|england|scotland|wales|northern ireland|großbritannien"
    "|vereinigtes königreich|royaume-uni|reino unido",
    "GR": "el|ελλάδα|griechenland",
    "HR": "hrvatska",
    "HU": "magyarország|magyarorszag|ungarn",
    "IE": "éire|eire|irland|irlande",
    "IT": "italien|italie",
    "JP": "日本",
    "CN": "中国",
    "KR": "대한민국",
    "LU": "luxemburg",
    "MX": "méxico|mexiko",
    "NL": "holland|nederland|niederlande|pays-bas|países bajos",
    "NO": "norge|norwegen",
    "PE": "perú",
    "PL": "polska|polen|pologne",
    "RO": "românia|rumänien",
    "RU": "россия|russland",
    "SE": "sverige|schweden",
    "SI": "slovenija",
    "SK": "slovensko",
    "TR": "türkei",
    "UA": "україна|украина",
    "US": "us of a|america|the states|estados unidos|vereinigte staaten|états-unis|stati uniti"
    "|united state|u s a|u s",
}


@lru_cache(maxsize=10_000)
def country_code(text: str) -> str:
    """ISO 3166 alpha-2 of a country, or of a place that ends in one; '' where there is none.

    A state of the USA is no country, so `Athens, Georgia` has none; `Georgia` alone is one.
    """
    name = _folded(text)
    if len(name) > _LONGEST_NAME:
        return ""
    return _names().get(name) or _code_in(name)


def _code_in(name: str) -> str:
    """The one country that a longer text speaks of."""
    *before, last = (part.strip() for part in name.split(","))
    if not name or (before and (len(last) < _CODE or last == "georgia")):
        return ""
    found = {code for pattern, code in _patterns() if pattern.search(name)}
    if before and not found and len(last) > _CODE:
        return _names().get(last, "")
    return found.pop() if len(found) == 1 else ""


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().replace(".", "")
    return " ".join(plain.split())


@cache
def _table() -> tuple[dict[str, Any], ...]:
    from country_converter.country_converter import COUNTRY_DATA_FILE  # noqa: PLC0415  (slow)

    with open(COUNTRY_DATA_FILE, encoding="utf-8", newline="") as stream:  # noqa: PTH123
        rows = csv.DictReader(stream, delimiter="\t")
        return tuple(row for row in rows if row["ISO2"] and not row["obsolete"])


def _codes(row: dict[str, Any]) -> list[str]:
    """`^GB$|^UK$`: the first is ISO's, the others are in use."""
    return [code.strip("^$") for code in row["ISO2"].split("|")]


@cache
def _names() -> dict[str, str]:
    names = {
        _folded(name): _codes(row)[0]
        for row in _table()
        for name in (row["name_short"], row["name_official"], row["ISO3"], *_codes(row))
    }
    aliases = {_folded(name): code for code, every in _ALIASES.items() for name in every.split("|")}
    return names | aliases


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["regex"], re.IGNORECASE), _codes(row)[0]) for row in _table())
