r"""What a program wrote otherwise: `&amp;` and `<br>` as web pages do, `\u00e9` as JSON does, `O\'Neil`
as databases do. Pure.
"""

from __future__ import annotations

import html
import json
import re
from html.entities import html5

# Quick: for each row.
MAYBE = r"""&[#A-Za-z][0-9A-Za-z]+;|</?[A-Za-z]+[\s/>]|\\u[0-9A-Fa-f]{4}|\\["'/]"""
# `&amp;amp;` and `&amp;#39;` were written so twice, as was `\\u00e9`.
_ENTITY = re.compile(r"&(?:amp;)*(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_BREAK = re.compile(r"(?i)(?:</?(?:br|p|div|li|ul|ol|tr)(?:\s[^<>]*)?/?>\s*)+")
_STYLE = re.compile(r"(?i)</?(?:b|i|u|em|strong|small|span|font)(?:\s[^<>]*)?/?>")
_SLASHES = re.compile(r"\\+u")
_OF_JSON = re.compile(r"(?:\\{1,4}u[0-9A-Fa-f]{4})+")  # as many as three programs write
_ESCAPED = re.compile(r"""\\{1,4}(["'/])""")
_OBJECTS = ("{", "[")  # JSON itself, which would be none any more


def unescaped(text: str) -> str:
    """The text with the signs themselves; as it is where nothing stands for another sign.

    What makes text bold goes, and what begins a new line does so.
    """
    text = _STYLE.sub("", _BREAK.sub("\n", _ENTITY.sub(_of_entity, text)))
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
