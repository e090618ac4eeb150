"""The log of deliveries in Notion: one row each, made once, compared with our columns.

API version 2025-09-03, with data sources (https://developers.notion.com/reference). It has no
idempotency key, so each row has a key of ours, which is asked for before a create is repeated.
The library's own retries are off. Its exceptions, and httpx's, end here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings

from leadgen.integrations import notion_answers as answers
from leadgen.integrations.errors import ConfigError, PermanentError
from leadgen.integrations.notion_answers import SERVICE, Ambiguous
from leadgen.integrations.notion_rows import COLUMNS, KEY, Entry, Source, properties

__all__ = ["COLUMNS", "SERVICE", "Ambiguous", "Entry", "Notion", "is_configured", "notion", "probe"]

VERSION = "2025-09-03"
TIMEOUT_MS = 30_000
CONFLICT_PAUSES = (1, 2, 4)  # seconds; a conflict is over soon


def is_configured() -> bool:
    return bool(settings.NOTION_INTEGRATION_SECRET and settings.NOTION_DATABASE_ID)


class Notion:
    """Talks to one database; made once per process and pace.

    `pace` waits until one more request is due: it is shared by all workers.
    """

    def __init__(
        self,
        *,
        secret: str,
        database_id: str,
        data_source_id: str = "",
        base_url: str,
        pace: Callable[[], None] = lambda: None,
    ) -> None:
        from notion_client import Client  # noqa: PLC0415  (only who logs pays for it)

        self.database_id = database_id
        self.data_source_id = data_source_id
        self.pace = pace
        self._source: Source | None = None
        self._client = Client(
            auth=secret,
            notion_version=VERSION,
            timeout_ms=TIMEOUT_MS,
            retry=False,
            base_url=base_url.rstrip("/").removesuffix("/v1"),
            logger=_quiet(),
        )

    @classmethod
    def from_settings(cls, *, pace: Callable[[], None] = lambda: None) -> Notion:
        return cls(
            secret=settings.NOTION_INTEGRATION_SECRET,
            database_id=settings.NOTION_DATABASE_ID,
            data_source_id=settings.NOTION_DATA_SOURCE_ID,
            base_url=settings.NOTION_BASE_URL,
            pace=pace,
        )

    def close(self) -> None:
        self._client.close()

    # Rows

    def create(self, entry: Entry) -> str:
        """Make the row; returns its page's id. Raises Ambiguous where it may have been made."""
        source = self.source()
        page = self._ask(
            "create",
            lambda: self._client.pages.create(
                parent={"type": "data_source_id", "data_source_id": source.id},
                properties=properties(entry, source),
            ),
        )
        return str(page["id"])

    def update(self, page_id: str, entry: Entry) -> None:
        """Write the row's values anew."""
        written = properties(entry, self.source())
        self._ask("update", lambda: self._client.pages.update(page_id, properties=written))

    def find(self, key: str) -> str:
        """The page with that key, or ''. Of two, which only a race can make, the later one goes."""
        source = self.source()
        found = self._ask(
            "query",
            lambda: self._client.data_sources.query(
                source.id,
                filter={"property": KEY, "rich_text": {"equals": key}},
                sorts=[{"timestamp": "created_time", "direction": "ascending"}],
                page_size=10,
            ),
        )["results"]
        for double in found[1:]:
            self._throw_away(double["id"])
        return str(found[0]["id"]) if found else ""

    def _throw_away(self, page_id: str) -> None:
        self._ask("update", lambda: self._client.pages.update(page_id, archived=True))

    # The data source

    def source(self) -> Source:
        """Looked up once. Raises ConfigError where it is not ours to use, or another's shape."""
        if self._source is None:
            found = self.look()
            if difference := found.difference():
                raise ConfigError(_other_shape(difference), service=SERVICE)
            self._source = found
        return self._source

    def look(self) -> Source:
        """The data source as it is, whatever its shape."""
        source_id = self.data_source_id or self._only_source()
        found = self._ask("look", lambda: self._client.data_sources.retrieve(source_id))
        types = {name: str(each["type"]) for name, each in found["properties"].items()}
        title = next((name for name, kind in types.items() if kind == "title"), "Name")
        return Source(id=source_id, title=title, types=types)

    def _only_source(self) -> str:
        from notion_client.helpers import extract_notion_id  # noqa: PLC0415

        database_id = extract_notion_id(self.database_id) or self.database_id
        try:
            database = self._ask("look", lambda: self._client.databases.retrieve(database_id))
        except answers.NotThere:
            return self._is_a_source(database_id)
        sources = database["data_sources"]
        if len(sources) == 1:
            return str(sources[0]["id"])
        named = ", ".join(f"{each['name']} ({each['id']})" for each in sources)
        raise ConfigError(
            f"The Notion database has {len(sources)} data sources: set NOTION_DATA_SOURCE_ID to"
            f" one of {named or 'them'}.",
            service=SERVICE,
        )

    def _is_a_source(self, maybe: str) -> str:
        """Somebody may have given the id of the data source itself. Raises NotThere."""
        found = self._ask("look", lambda: self._client.data_sources.retrieve(maybe))
        return str(found["id"])

    def add_missing(self) -> list[str]:
        """Make the columns that are missing; returns their names. Others are left alone."""
        found = self.look()
        missing = found.missing()
        if missing:
            made: dict[str, Any] = {name: {COLUMNS[name]: {}} for name in missing}
            self._ask("update", lambda: self._client.data_sources.update(found.id, properties=made))
            self._source = None
        return missing

    # One request

    def _ask(self, kind: answers.Kind, request: Callable[[], Any]) -> Any:
        """Make a request at its turn; a conflict is tried again at once."""
        for pause in (*CONFLICT_PAUSES, None):
            self.pace()
            try:
                return request()
            except Exception as error:
                failure = answers.meaning(error, kind)
                if failure is None:
                    raise
                self._forget_shape(failure)
                if pause is None or not isinstance(failure, answers.Conflict):
                    raise failure from None
                time.sleep(pause)
        raise AssertionError  # the last round returns or raises

    def _forget_shape(self, failure: Exception) -> None:
        """After a refusal the data source is looked at again: its columns may have changed."""
        if isinstance(failure, PermanentError):
            self._source = None


def probe() -> str:
    """Look at the database and compare its columns with ours; what was found, in words.

    Raises ConfigError, PermanentError or TransientError.
    """
    found = Notion.from_settings()
    try:
        source = found.source()
    finally:
        found.close()
    return f"Deliveries are logged in data source {source.id}; it has all our columns."


def add_missing() -> list[str]:
    """Make the columns that are missing; returns their names."""
    found = Notion.from_settings()
    try:
        return found.add_missing()
    finally:
        found.close()


_lock = threading.Lock()
_made: dict[tuple[str, ...], Notion] = {}


def notion(*, pace: Callable[[], None]) -> Notion:
    """The process's client for what is configured; it keeps its connections."""
    key = (
        settings.NOTION_INTEGRATION_SECRET,
        settings.NOTION_DATABASE_ID,
        settings.NOTION_DATA_SOURCE_ID,
        settings.NOTION_BASE_URL,
    )
    with _lock:
        if key not in _made:
            _made[key] = Notion.from_settings(pace=pace)
        return _made[key]


def hang_up() -> None:
    """Close the connections that are kept."""
    with _lock:
        while _made:
            _made.popitem()[1].close()


def _quiet() -> logging.Logger:
    """Ours: the library adds a handler to its own logger with every client."""
    return logging.getLogger("leadgen.notion")


def _other_shape(difference: str) -> str:
    return (
        f"The Notion database has other columns than ours: {difference}."
        " `manage.py doctor --fix-notion` adds missing ones; change the type of others by hand."
    )
