"""What of a lead's text may be told to a writer: short, visible, and no orders (spec P10).

A field that reads like an instruction, or smuggles a link or markup, is not told at all. That
is no proof against a clever text: the checks of the answer are the second line.
"""

from __future__ import annotations

import re

LONGEST_FIELD = 200
LONGEST_PROSE = 800
OVERLAP = 200  # signs looked at behind what is told: an order may be cut in two
PROSE = frozenset(("notes", "keywords", "company_description", "technologies"))
WITH_LINK = frozenset(("website", "linkedin_url", "company_linkedin_url", "company_domain"))
WITH_ADDRESS = frozenset(("email", "email_alt"))

# Unseen by people, obeyed by machines: controls, joiners, direction signs, fillers, tags.
UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_LINK = re.compile(r"(?i)\b(?:https?|hxxps?|ftp|javascript|data):|\bwww\.")
DOMAIN = re.compile(
    r"(?i)(?<![@\w.])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:com|net|org|io|co|ai|app|dev|info|biz"
    r"|eu|de|at|ch|fr|es|it|nl|be|pt|uk|us|ru|cn|in|xyz|top|online|site|shop|link|click|ly|gl|me"
    r"|example|test|invalid)(?![\w-])(?:/\S*)?"
)
PHONE = re.compile(r"\+?\d(?:[\s()./-]{0,2}\d){6,}")
_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]+\.[A-Za-z]{2,}")
_MARKUP = re.compile(
    r"""(?ix) [{}<>`\\] | \]\s*\( | \[/?\s*inst | "\s*[:,\]] | [:,]\s*" | <\| | \#{2,} | \*{2,} | ={3,} | -{3,}"""
)
_ENCODED = re.compile(
    r"[A-Za-z0-9+/=]{40,}|(?:%[0-9A-Fa-f]{2}){4,}|(?:\\?[ux][0-9A-Fa-f]{2,4}){4,}"
)
_ORDERS = re.compile(
    r"""(?ix)
    \b(?:ignor\w*|disregard\w*|forget|override|bypass|overlook|skip|vergiss|vergessen|missacht\w*|
       ignorier\w*|oubli\w*|olvid\w*|dimentic\w*|negeer\w*|vergeet|esque[cç]\w*)\b .{0,60}?
    \b(?:instru\w*|istruz\w*|prompt\w*|rules?|regel\w*|r[eè]gles?|reglas?|regole|regras|above|
       previous|prior|earlier|everything|anweisung\w*|vorgaben|bisherig\w*|vorherig\w*|
       consignes?|pr[eé]c[eé]dent\w*|anterior\w*|opdracht\w*|alles|tout|todo|tutto)\b
    | \b(?:system|developer|assistant|admin\w*|user)\s*(?:prompt|message|note|override|mode|:)
    | \b(?:you\s+are\s+(?:now|no\s+longer)|act\s+as|pretend|roleplay|jail\W?break|prompt\s*injection|
       do\s+anything\s+now|new\s+(?:instructions?|task|rules?|role)|end\s+of\s+(?:data|prompt|input))\b
    | \b(?:write|say|print|output|repeat|reply|respond|reveal|show|include|add|insert|append|
       mention|translate|begin|start|end|schreib\w*|antworte\w*|f[uü]ge|[eé]cri[vs]\w*|r[eé]pond\w*|
       escrib\w*|respond\w*|scriv\w*|schrijf|escrev\w*|greet|address|tell)\b .{0,40}?
    \b(?:hacked|pwned|instructions?|prompt|only|exactly|nur|instead|following|link|url|word|phrase|
       verbatim|stattdessen|solo|seulement|uniquement|with\s+the|them\s+to|lead|e-?mail\s+to|to\s+them)\b
    | \b(?:hacked|pwned|0wned)\b
    """
)


def told(name: str, text: str) -> str:
    """The text of a field as a writer may see it; '' where it had better not be seen."""
    seen = " ".join(UNSEEN.sub("", text).split())
    longest = LONGEST_PROSE if name in PROSE else LONGEST_FIELD
    return "" if gives_orders(name, seen[: longest + OVERLAP]) else shortened(seen, longest)


def gives_orders(name: str, text: str) -> bool:
    """Whether the field reads like an instruction, or carries what belongs in another field."""
    return bool(
        _ORDERS.search(text)
        or _MARKUP.search(text)
        or (name not in WITH_LINK and (_LINK.search(text) or _ENCODED.search(text)))
        or (name not in WITH_ADDRESS and _ADDRESS.search(text))
        or (name not in WITH_LINK | WITH_ADDRESS and _leads_away(name, text))
    )


def _leads_away(name: str, text: str) -> bool:
    """Whether it names a host or a phone; a company may be called by its own: booking.com."""
    named_so = name == "company" and " " not in text
    return bool(PHONE.search(text)) or (not named_so and bool(DOMAIN.search(text)))


def shortened(text: str, longest: int) -> str:
    """Cut at a word's end."""
    if len(text) <= longest:
        return text
    return text[:longest].rpartition(" ")[0] or text[:longest]
