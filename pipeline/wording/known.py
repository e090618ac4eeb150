"""What a draft may speak of: the words, numbers and addresses that were given. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.wording.request import VARIABLE, Request

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")  # noqa: RUF001  (both apostrophes are typed)
NUMBER = re.compile(r"(?<![^\W\d_])\d+(?:[.,  '’]\d+)*")  # noqa: RUF001
ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True, kw_only=True)
class Known:
    """`client` holds what the operator typed, and is trusted; `words` and `numbers` are all's."""

    words: frozenset[str]
    numbers: frozenset[str]
    addresses: frozenset[str]
    names: frozenset[str]
    client: str
    language: str
    tone: str
    own_domain: str

    @classmethod
    def of(cls, request: Request) -> Known:
        trusted = [*request.clients_words.values(), *request.fallbacks.values()]
        asked = VARIABLE.sub(" ", request.prompt.text)
        texts = [*request.lead.values(), *trusted, asked]
        lead = request.lead
        whom = [lead.get(name, "") for name in ("first_name", "last_name", "full_name", "company")]
        client = "\n".join(trusted)
        return cls(
            words=frozenset(_words(texts)),
            numbers=frozenset(digits(n) for text in texts for n in NUMBER.findall(text)),
            addresses=frozenset(each.lower() for each in ADDRESS.findall(client))
            | {lead.get("email", "").lower()},
            names=frozenset(_words(whom)),
            client=client,
            language=request.language,
            tone=request.tone,
            own_domain=lead.get("email", "").lower().rpartition("@")[2],
        )


def _words(texts: Iterable[str]) -> set[str]:
    return {plain(word) for text in texts for word in WORD.findall(text)}


def plain(word: str) -> str:
    """A word as it is compared: in small letters, without a possessive s."""
    return word.replace("’", "'").casefold().removesuffix("'s").removesuffix("'")  # noqa: RUF001


def digits(number: str) -> str:
    """A number as it is compared: 1,200 and 1 200 are one."""
    return re.sub(r"\D", "", number).lstrip("0") or "0"
