"""The languages that drafts are offered in, and which of them a text is in."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pt": "Portuguese",
}
SHORTEST_TOLD = 80  # letters; of less, nobody can tell the language for sure
SURE = 0.85

_lock = threading.Lock()


def foreign(text: str, language: str) -> str:
    """The name of the language that a text is surely in, where it is not this one; else ''."""
    if sum(map(str.isalpha, text)) < SHORTEST_TOLD:
        return ""
    found, confidence = _identifier().classify(text)
    return LANGUAGES[found] if found != language and confidence >= SURE else ""


def get_ready() -> None:
    """Load the model: it takes a second, and 70 MB for a moment."""
    _identifier()


def _identifier() -> Any:
    with _lock:  # its model takes a second to load
        return _loaded()


@cache
def _loaded() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  (numpy)

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
