"""Signs and phrases that no draft may hold, whatever was given. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pipeline.wording.known import Known
from pipeline.wording.suspects import UNSEEN

CANARY = "heron-quartz-lantern"  # stands in our instructions: who says it repeats them

_PLACEHOLDER = re.compile(
    r"""(?imx) \[ | \] | \{ | \} | <[a-z_ ]{1,40}> | \bx{3,}\b | \b(?:tbd|lorem|ipsum|undefined)\b |
    (?-i:\b(?:Your|Sender|Recipient|Company|First|Last)\s(?:Name|Company|Title|Position|Signature)\b) |
    \binsert\s+(?:\w+\s+)?(?:name|company|link|here)\b | \b(?:no_signal|needs-human)\b |
    \b[a-z]+_[a-z_]+\b | ^[^\S\n]*(?:your|ihr|mein|votre|su|il\s+tuo|uw|seu)\s+(?:name|nom|nombre|nome|naam)\W*$"""
)
_MARKUP = re.compile(
    r"(?i)<|&(?:[a-z]{2,8}|\#x?\d+);|\]\s*\(|\*\*|__|`|^[^\S\n]*\#+\s|^[^\S\n]*\|.*\|[^\S\n]*$",
    re.MULTILINE,
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOISE = re.compile(r"[^\s/]{41,}|([^\w\s])\1{3,}")
_MACHINE = re.compile(
    r"""(?ix)\b(?:as\s+an?\s+(?:ai|language|assistant|large)\b | (?:large\s+)?language\s+model | openai |
    chatgpt | gemini | als\s+ki\b | ki-?\s?(?:modell|assistent) | sprachmodell |
    en\s+tant\s+qu['’]ia | mod[eè]le\s+de\s+langage | como\s+(?:una\s+)?ia\b | modelo\s+de\s+l\w+ |
    modello\s+linguistico | taalmodel)"""  # noqa: RUF001  (both apostrophes are typed)
)
_REFUSAL = re.compile(
    r"""(?ix)\b(?:i\s*(?:cannot|can\s?not|can['’]?t|am\s+(?:unable|not\s+able)\s+to|['’]m\s+(?:unable|not\s+
    able)\s+to|won['’]?t)\s+(?:help|assist|comply|write|create|generate|provide|fulfil+|do|produce|
    continue) | i['’]?m\s+sorry,?\s+but | i\s+apologi[sz]e | ich\s+kann\s+(?:\w+\s+){0,3}nicht\s+(?:
    helfen|schreiben|erstellen|erfüllen|verfassen|antworten) | je\s+ne\s+peux\s+pas\s+(?:\w+\s+)?(?:aider|
    r[eé]diger|[eé]crire|r[eé]pondre|g[eé]n[eé]rer) | no\s+puedo\s+(?:ayudar|escribir|generar|crear|
    cumplir) | non\s+posso\s+(?:aiutar|scrivere|generare|creare) | ik\s+kan\s+(?:\w+\s+){0,3}niet\s+(?:
    helpen|schrijven|maken) | n[ãa]o\s+posso\s+(?:ajudar|escrever|gerar|criar))"""  # noqa: RUF001
)
_OBEYED = re.compile(
    r"""(?ix)\b(?:hacked|pwned|0wned|owned\s+by|injected|jail\W?broken?)\b
    | \b(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}(?:instructions?|prompts?|rules?|previous|above)
    | \b(?:system|developer)\s+(?:prompt|message|instructions?)\b
    | \b(?:my|our|the|these|following|previous|meine|mes|mis)\s+(?:instructions|instruktionen|anweisungen|instrucciones)\b
    | \bfacts_used\b | \bjson\b | \blead\s+data\b"""
)
_HYPE = re.compile(
    r"""(?ix)\b(?:guarantee[ds]?|risk[\s-]free|act\s+(?:now|fast)|once\s+in\s+a\s+lifetime|game[\s-]?changers?|
    game[\s-]changing|revolutionary|revolutioni[sz]e|cutting[\s-]edge|world[\s-]class|best[\s-]in[\s-]class|
    skyrocket\w*|synerg\w+|i\s+hope\s+this\s+(?:e-?mail|message)\s+finds\s+you|garantiert\w*|revolution[äa]r\w*|
    einmalig\w*\s+chance|garanti[ée]?e?s?|r[ée]volutionnaire\w*|garantizad\w*|revolucionari\w*|garantit\w*|
    rivoluzionari\w*|gegarandeerd\w*|revolutionair\w*|garantid\w*|revolucion[áa]ri\w*)\b"""
)
_CASUAL = re.compile(
    r"(?i)^\s*(?:hey|hi|yo|salut|ciao|hola|moin|hoi)\b|\b(?:gonna|wanna|cool|awesome|super\s+excited|btw|lol)\b"
)
_SIGNED = re.compile(
    r"(?im)^[^\S\n]*(?:(?:kind|best|warm)\s+regards|regards|sincerely|cheers|(?:freundliche|viele|beste|liebe)\s+"
    r"gr[üu](?:ß|ss)e|mit\s+freundlichen\s+gr[üu](?:ß|ss)en|cordialement|(?:un\s+)?(?:cordial\s+)?saludos?"
    r"(?:\s+cordial(?:es)?)?|cordiali\s+saluti|met\s+vriendelijke\s+groet(?:en)?|(?:com\s+os\s+melhores\s+)?"
    r"cumprimentos|atenciosamente)\s*[,.!]?\s*$"
)
_MOST_EXCLAMATIONS = {"FORMAL": 0, "PLAIN": 0, "FRIENDLY": 1}
_MOST_STRANGE = 3  # letters of another script that a name may bring along


def found(text: str, known: Known) -> Iterator[str]:
    """What may not stand there, in phrases that follow the part's name."""
    trusted = known.client.casefold()
    for phrase, pattern in _PATTERNS.items():
        match = pattern.search(text)
        if match and not _is_given(match.group(), phrase, trusted, known):
            yield phrase
    if CANARY in text.casefold():
        yield "repeats our instructions"
    yield from _tone(text, known)
    yield from _signs(text, known)


def _is_given(matched: str, phrase: str, trusted: str, known: Known) -> bool:
    """Whether the client says so itself, or somebody is called so: Gemini Pipes."""
    bare = matched.strip().casefold()  # of some control characters nothing is left, which all say
    named = phrase in _MAY_BE_A_NAME and bare in known.words
    return bool(bare) and (bare in trusted or named)


_MAY_BE_A_NAME = ("speaks of AI", "promises too much; say it plainly")
_PATTERNS = {
    "holds a placeholder": _PLACEHOLDER,
    "holds markup; write plain text": _MARKUP,
    "holds a control character": _CONTROL,
    "holds invisible characters": UNSEEN,
    "holds a run of signs that is no word": _NOISE,
    "speaks of AI": _MACHINE,
    "refuses the task": _REFUSAL,
    "follows orders that stand in the data, or speaks of our own": _OBEYED,
    "promises too much; say it plainly": _HYPE,
    "is signed; the signature is added later": _SIGNED,
}


def _tone(text: str, known: Known) -> Iterator[str]:
    if text.count("!") > _MOST_EXCLAMATIONS.get(known.tone, 0):
        yield "has exclamation marks that its tone does not allow"
    if known.tone == "FORMAL" and _CASUAL.search(text):
        yield "is too casual for a formal tone"


def _signs(text: str, known: Known) -> Iterator[str]:
    """Emojis, and letters of a script that neither the language nor the lead uses."""
    if text.isascii():
        return
    strange = 0
    for sign in text:
        if sign.isascii():
            continue
        category = unicodedata.category(sign)
        if category in {"So", "Cn", "Co", "Cs"} and sign not in "®™©°":
            yield "holds an emoji or a sign that mail programs may not show"
            return
        strange += sign.isalpha() and not unicodedata.name(sign, "").startswith("LATIN")
    if strange > _MOST_STRANGE and not _gave_other_letters(known):
        yield "is in another script"


def _gave_other_letters(known: Known) -> bool:
    return any(
        sign.isalpha() and not unicodedata.name(sign, "LATIN").startswith("LATIN")
        for word in known.words
        if not word.isascii()
        for sign in word
    )
