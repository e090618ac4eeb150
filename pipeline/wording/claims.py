"""Names, numbers, links and addresses in a draft that nobody gave it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.wording.known import ADDRESS, NUMBER, WORD, Known, digits, plain
from pipeline.wording.suspects import DOMAIN, PHONE

_LINK = re.compile(
    r"(?i)\b(?:https?|ftp|hxxps?)\s?:\s?/\s?/\s?\S+|\bwww\.\S+|\b(?:javascript|data):\S+"
)
_DISGUISED = re.compile(r"(?i)\bdot\s+(?:com|net|org|io)\b|\(dot\)|\(at\)|\bat\s+\w+\s+dot\b")
_QUANTITY = re.compile(
    r"(?i)\b(?:per\s?cent|prozent|pour\s?cent|por\s?cent[o]?|per\s?cento|procent|doubled?|tripled?|"
    r"tenfold|twofold|verdoppel\w*|verdreifach\w*|thousands|millions|tausende|millionen|milliers)\b|%"
)
_IDIOMS = re.compile(r"(?i)\b(?:24/7|[23]d|1:1|9-to-5)\b")  # numbers that count nothing
_STARTS = re.compile(r"(?:^|[.!?:;…\n(\"“”„«»¿¡•–—-]|^[-*])\s*[\"“„«'(¿¡]*\s*$")  # noqa: RUF001
_SHOUTED = 4  # letters in capitals that no short form explains
_QUOTED = 30

# Capitals that claim nothing: forms of address, days, months, short forms, places and tongues.
_FREE = frozenset(
    ["i", "i'm", "i'd", "i've", "i'll", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "mr", "mrs", "ms", "dr", "sir", "madam", "sie", "ihr", "ihre", "ihren", "ihrem", "ihrer", "ihres", "ihnen", "du", "dein", "deine", "herr", "frau", "herrn", "damen", "herren", "u", "uw", "usted", "ustedes", "ud", "uds", "lei", "le", "la", "loro", "voi", "ella", "vostra", "sua", "vous", "votre", "vos", "monsieur", "madame", "senhor", "senhora", "señor", "señora", "signor", "signora", "ceo", "cto", "cfo", "coo", "cmo", "cio", "vp", "hr", "it", "pr", "qa", "rd", "ai", "api", "b2b", "b2c", "crm", "erp", "esg", "eu", "faq", "gdpr", "dsgvo", "iot", "kpi", "kpis", "ok", "pdf", "pos", "ppc", "ps", "roi", "saas", "seo", "sla", "sme", "smes", "sms", "uk", "us", "usa", "ux", "pr", "tv", "url", "vat", "ebit", "english", "german", "french", "spanish", "italian", "dutch", "portuguese", "european", "europe", "germany", "austria", "france", "switzerland", "spain", "italy", "netherlands", "belgium", "portugal", "britain", "british", "america", "american", "canada", "canadian", "asia", "asian", "africa", "african", "australia", "australian", "internet", "web", "linkedin", "excel"]
)  # fmt: skip
_GREETING = re.compile(
    r"(?i)^\s*(?:hello|hi|hey|dear|good\s+(?:morning|day|afternoon)|hallo|guten\s+(?:tag|morgen)|moin|"
    r"sehr\s+geehrte[rs]?|liebe[rs]?|bonjour|salut|ch[eè]re?|hola|buenos\s+d[ií]as|estimad[oa]|"
    r"buongiorno|ciao|gentile|egregi[oa]|goedendag|goedemorgen|beste|geachte|bom\s+dia|ol[aá]|"
    r"car[oa]|prezad[oa])\b,?[^\S\n]*(?P<whom>(?:(?:mr|mrs|ms|dr|prof|hr|fr|sra?|dott|sig|dhr|mevr)\.\s*)*[^,:!.\n]*)"
)
_ANYBODY = frozenset(
    ["there", "all", "team", "everyone", "folks", "sir", "madam", "or", "and", "und", "et", "y", "e", "en", "à", "the", "mr", "mrs", "ms", "dr", "prof", "herr", "frau", "herrn", "damen", "herren", "zusammen", "monsieur", "madame", "mesdames", "messieurs", "señor", "señora", "equipo", "todos", "tutti", "signor", "signora", "dottor", "dottoressa", "team", "heer", "mevrouw", "van", "senhor", "senhora", "equipa", "colleagues", "at", "of", "from", "hello", "hi", "leute", "kollegen", "dear", "mx"]
)  # fmt: skip


def quoted(word: str) -> str:
    """A word of an answer, fit to be told to somebody: short, without signs."""
    return '"' + re.sub(r"[^\w .,'%+-]", "", word)[:_QUOTED] + '"'


def links(text: str) -> list[str]:
    """What in a text would be a link in a mail program."""
    bare = ADDRESS.sub(" ", text)
    return _LINK.findall(bare) + DOMAIN.findall(_LINK.sub(" ", bare))


def unknown(text: str, known: Known) -> Iterator[str]:
    """What the text claims and nobody gave, in phrases that follow the part's name."""
    yield from _unknown_links(text, known)
    yield from _unknown_numbers(text, known)
    for word in _unknown_names(text, known):
        yield f"names {quoted(word)}, which was not given"


def _unknown_links(text: str, known: Known) -> Iterator[str]:
    for link in links(text):
        bare = link.rstrip(".,;:!?)>»”\"'").lower()
        if bare != known.own_domain and bare not in known.client.lower():
            yield "holds a link that is not the client's"
    if _DISGUISED.search(text):
        yield "holds a disguised link"
    for address in ADDRESS.findall(text):
        if address.lower().rstrip(".") not in known.addresses:
            yield "holds an e-mail address that was not given"


def _unknown_numbers(text: str, known: Known) -> Iterator[str]:
    ours = digits(known.client)
    for phone in PHONE.findall(text):
        if digits(phone) not in ours:
            yield "holds a phone number that is not the client's"
    for number in NUMBER.findall(_IDIOMS.sub(" ", text)):
        if digits(number) not in known.numbers:
            yield f"holds the number {quoted(number)}, which was not given"
    for match in _QUANTITY.finditer(text):
        if match.group().casefold() not in known.words and match.group() not in known.client:
            yield f"claims a quantity ({quoted(match.group())}) that was not given"


def _unknown_names(text: str, known: Known) -> list[str]:
    """Words with a capital that no sentence, no rule of the language and no input explains."""
    words = list(WORD.finditer(text))
    strange = [_is_strange(match.group(), known) for match in words]
    found = []
    for n, match in enumerate(words):
        word = match.group()
        if not strange[n]:
            continue
        if _is_loud(word) or (known.language != "de" and not _opens(text, match.start())):
            found.append(word)
        elif known.language == "de" and n and strange[n - 1] and _adjoin(text, words[n - 1], match):
            found.append(f"{words[n - 1].group()} {word}")
    return found


def _is_strange(word: str, known: Known) -> bool:
    """Whether it has a capital that nobody gave it a reason for."""
    if word == word.lower() or len(word) == 1:
        return False
    bare = plain(word)
    parts = {bare, bare.rpartition("'")[2]}  # l'Acme
    return not (parts & (known.words | _FREE)) and not _is_form_of_known(bare, known)


def _is_form_of_known(bare: str, known: Known) -> bool:
    """Acmes, for Acme: a known word with an ending."""
    return any(bare[:-cut] in known.words for cut in (1, 2) if len(bare) - cut > 2)  # noqa: PLR2004


def _is_loud(word: str) -> bool:
    """HACKED, or eBay: capitals where no language asks for them."""
    inner = word[1:]
    return (word.isupper() and len(word) >= _SHOUTED) or (
        inner != inner.lower() and not word.isupper()
    )


def _opens(text: str, start: int) -> bool:
    """Whether a sentence begins here, so that a capital means nothing."""
    return bool(_STARTS.search(text[max(start - 40, 0) : start]))


def _adjoin(text: str, first: re.Match[str], second: re.Match[str]) -> bool:
    return text[first.end() : second.start()] == " " and not _opens(text, first.start())


def greets_another(body: str, known: Known) -> Iterator[str]:
    """Whether the first line greets somebody who is not the lead."""
    match = _GREETING.match(body)
    if not match:
        return
    whom = [plain(word) for word in WORD.findall(match["whom"])]
    if any(word not in known.names | _ANYBODY for word in whom):
        yield "greets somebody who is not this lead"
