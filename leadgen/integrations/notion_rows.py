"""What a row of ours looks like in Notion: its columns, their types, and values in their form.

Limits: https://developers.notion.com/reference/request-limits
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_TEXT = 2_000
KEY = "Key"
# Our columns, and the type that each has in Notion. The title has whatever name it has there.
COLUMNS = {
    KEY: "rich_text",
    "Client": "rich_text",
    "Date": "date",
    "Leads": "number",
    "AI": "number",
    "Template": "number",
    "Human": "number",
    "Link": "url",
    "Mails": "rich_text",
    "Delivered at": "date",
    "Run": "number",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row; `values` are plain, by the names of COLUMNS. `key` names the row for ever."""

    key: str
    title: str
    values: Mapping[str, str | int | None]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A data source as it is there: the title's name, and each property's type."""

    id: str
    title: str
    types: Mapping[str, str]

    def missing(self) -> list[str]:
        return [name for name in COLUMNS if name not in self.types]

    def difference(self) -> str:
        """What stands between it and our columns, as a person would say it; '' for nothing."""
        other = [
            f"{name} is {self.types[name]}, not {kind}"
            for name, kind in COLUMNS.items()
            if name in self.types and self.types[name] != kind
        ]
        lacks = [f"{name} ({COLUMNS[name]}) is missing" for name in self.missing()]
        return "; ".join([*other, *lacks])


def properties(entry: Entry, source: Source) -> dict[str, Any]:
    """In Notion's own form; what is longer than it takes is cut."""
    written = {name: _property(COLUMNS[name], value) for name, value in entry.values.items()}
    written[KEY] = _property("rich_text", entry.key)
    written[source.title] = {"title": _text(entry.title)}
    return written


def _property(kind: str, value: str | int | None) -> dict[str, Any]:
    if kind == "rich_text":
        return {"rich_text": _text(str(value or ""))}
    if kind == "date":
        return {"date": {"start": value} if value else None}
    return {kind: value if value != "" else None}


def _text(words: str) -> list[dict[str, Any]]:
    return [{"text": {"content": words[:LONGEST_TEXT]}}] if words else []
