r"""Signs that a program wrote otherwise: `&amp;` as web pages do, `\u00e9` as JSON does, `O\'Neil` as
databases do. Pure.
"""

from __future__ import annotations

import html
import json
import re
from html.entities import html5

MAYBE = r"""&[#A-Za-z][0-9A-Za-z]+;|\\u[0-9A-Fa-f]{4}|\\["'/]"""  # quick: for each row
# `&amp;amp;` and `&amp;#39;` were written so twice, as was `\\u00e9`.
_ENTITY = re.compile(r"&(?:amp;)*(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_SLASHES = re.compile(r"\\+u")
_OF_JSON = re.compile(r"(?:\\+u[0-9A-Fa-f]{4})+")
_ESCAPED = re.compile(r"""\\+(["'/])""")
_OBJECTS = ("{", "[")  # JSON itself, which would be none any more


def unescaped(text: str) -> str:
    """The text with the signs themselves; as it is where nothing stands for another sign."""
    text = _ENTITY.sub(_of_entity, text)
    if "\\" not in text or text.startswith(_OBJECTS):
        return text
    return _ESCAPED.sub(r"\1", _OF_JSON.sub(_of_json, text))


def _of_entity(found: re.Match[str]) -> str:
    name = f"{found[1]};"
    # By the table: html.unescape takes the beginning of a longer name for one, `&notit;`.
    return html.unescape(f"&{name}") if name[0] == "#" else html5.get(name, f"&{name}")


def _of_json(found: re.Match[str]) -> str:
    escapes = _SLASHES.sub(r"\\u", found[0])
    signs: str = json.loads(f'"{escapes}"')
    # Half of a sign stands where a program cut a cell in two.
    return found[0] if any("\ud800" <= sign <= "\udfff" for sign in signs) else signs
