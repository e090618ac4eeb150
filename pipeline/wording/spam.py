"""How much a draft looks like spam to a filter: 0 to 10, with a fix for each flag. Advice only.

Nothing is held back for its score (spec P9); what may not go out is for the gate to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST = 10

_PHRASES = re.compile(
    r"""(?ix)\b(?:act\s+now|act\s+fast|limited\s+(?:time|offer)|100\s?%|guarantee[ds]?|risk[\s-]free|
    no\s+obligation|click\s+here|buy\s+now|order\s+now|special\s+(?:offer|promotion)|free\s+(?:trial|
    gift|quote|consultation)|best\s+price|cash|winner|congratulations|earn\s+money|extra\s+income|
    double\s+your|once\s+in\s+a\s+lifetime|urgent|don't\s+miss|lowest\s+price|save\s+big|
    jetzt\s+(?:zugreifen|kaufen|handeln)|garantiert\w*|kostenlos\w*|gratis|nur\s+heute|unverbindlich|
    sonderangebot|gratuit\w*|offre\s+sp[eé]ciale|cliquez\s+ici|garanti\w*|oferta\s+especial|
    haga\s+clic|sin\s+compromiso|gr[aá]tis|garantizad\w*|offerta\s+speciale|clicca\s+qui|
    senza\s+impegno|garantit\w*|klik\s+hier|vrijblijvend|aanbieding|clique\s+aqui|sem\s+compromisso|
    garantid\w*)(?!\w)"""
)
_SHORTENERS = re.compile(r"(?i)\b(?:bit\.ly|tinyurl\.com|t\.co|goo\.gl|ow\.ly|is\.gd|buff\.ly)\b")
_LINK = re.compile(r"(?i)\bhttps?://|\bwww\.")
_MONEY = re.compile(r"[$€£]\s?\d|\d\s?(?:[$€£]|EUR|USD|Euro)\b")
_REPLY = re.compile(r"(?i)^\s*(?:re|fwd?|aw|wg|tr|rif)\s*:")
_SHOUTED = re.compile(r"\b[^\W\d_]{4,}\b")
_LONGEST_SUBJECT, _LONGEST_BODY, _SHORTEST_BODY = 60, 180, 25  # subject in signs, body in words
_MOST_EXCLAMATIONS = 3


@dataclass(frozen=True, kw_only=True)
class Flag:
    """What a filter may take amiss, how much it weighs, and how to mend it."""

    points: int
    words: str
    fix: str


def flags(subject: str, body: str) -> list[Flag]:
    """All that stands out, the heaviest first."""
    found = [*_of_the_subject(subject), *_of_the_text(f"{subject}\n{body}"), *_of_the_body(body)]
    return sorted(found, key=lambda flag: -flag.points)


def score(subject: str, body: str) -> int:
    """0, like a colleague's mail, to 10."""
    return min(sum(flag.points for flag in flags(subject, body)), MOST)


def _of_the_subject(subject: str) -> list[Flag]:
    letters = [sign for sign in subject if sign.isalpha()]
    return _raised(
        (
            bool(letters) and sum(map(str.isupper, letters)) > len(letters) / 2,
            Flag(points=3, words="The subject is mostly capitals", fix="Write it in small letters"),
        ),
        (
            bool(_REPLY.match(subject)),
            Flag(points=3, words="The subject claims to be a reply", fix="Leave Re: and Fwd: out"),
        ),
        (
            "!" in subject,
            Flag(points=1, words="The subject has an exclamation mark", fix="Take it out"),
        ),
        (
            len(subject) > _LONGEST_SUBJECT,
            Flag(points=1, words="The subject is long", fix="Stay within 60 signs"),
        ),
        (not subject.strip(), Flag(points=3, words="There is no subject", fix="Write one")),
    )


def _of_the_text(text: str) -> list[Flag]:
    phrases = sorted({match.lower() for match in _PHRASES.findall(text)})
    shouted = list(dict.fromkeys(word for word in _SHOUTED.findall(text) if word.isupper()))
    return _raised(
        (
            bool(phrases),
            Flag(
                points=min(2 * len(phrases), 6),
                words=f"Words that filters know: {', '.join(phrases)}",
                fix="Say it as you would to a colleague",
            ),
        ),
        (
            bool(shouted),
            Flag(
                points=min(len(shouted), 3),
                words=f"Words in capitals: {', '.join(shouted[:3])}",
                fix="Write them in small letters",
            ),
        ),
        (
            text.count("!") >= _MOST_EXCLAMATIONS,
            Flag(points=2, words="Many exclamation marks", fix="One is enough, none is better"),
        ),
        (
            bool(_SHORTENERS.search(text)),
            Flag(points=4, words="A shortened link", fix="Give the whole address"),
        ),
        (bool(_MONEY.search(text)), Flag(points=1, words="A price", fix="Leave it for the answer")),
    )


def _of_the_body(body: str) -> list[Flag]:
    words, links = len(body.split()), len(_LINK.findall(body))
    return _raised(
        (links > 1, Flag(points=3, words="More than one link", fix="Keep the one that matters")),
        (links == 1, Flag(points=1, words="A link", fix="A first mail does better without")),
        (
            words > _LONGEST_BODY,
            Flag(points=1, words=f"{words} words", fix="Say it in 140 words or fewer"),
        ),
        (
            words < _SHORTEST_BODY,
            Flag(points=1, words=f"Only {words} words", fix="Say in a sentence why you write"),
        ),
    )


def _raised(*asked: tuple[bool, Flag]) -> list[Flag]:
    return [flag for holds, flag in asked if holds]
