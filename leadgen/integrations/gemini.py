"""Asking Gemini for words (https://ai.google.dev/api/generate-content).

One client per process. A call is one request: the library's own retries are off, for whoever
calls counts the money of each. What goes wrong comes out as one of `leadgen.integrations.errors`;
no message, trace or log of ours holds the key.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from django.conf import settings

from leadgen.integrations import loops
from leadgen.integrations.errors import (
    ConfigError,
    Dropped,
    PermanentError,
    ServiceError,
    TransientError,
)
from leadgen.integrations.gemini_answers import Answer, answer_of
from leadgen.integrations.gemini_errors import SERVICE, refusal

T = TypeVar("T")

HOST = "https://generativelanguage.googleapis.com"
TIMEOUT_SECONDS = 60
PROBE_SECONDS = 15
CLOSED_SECONDS = 5  # at most, when a process ends
PROBE_TOKENS = 16  # of an answer that nobody reads
STANDARD, FLEX = "standard", "flex"

_NOT_SERVED = {404, 405, 501}


class NotListed(PermanentError):
    """What models there are is not told here, or this one is not among them."""


class Gemini:
    """One account and model. Made once per process: see `connected`."""

    def __init__(
        self,
        *,
        key: str,
        model: str,
        base_url: str = "",
        api_version: str = "v1beta",
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        from google.genai import types

        self.model = model
        self._key = key
        self._timeout = timeout_seconds
        self._options: dict[str, Any] = {
            "base_url": base_url or None,
            "api_version": api_version,
            "timeout": int(timeout_seconds * 1000),
            "retry_options": types.HttpRetryOptions(attempts=1),
        }
        self._types = types
        self._session: Any = None
        self._client: Any = None

    def _connected(self) -> Any:
        """The library's client, made by the first call in the loop that its connections belong to.

        The session is ours, for the library's own one reads ~/.netrc and the environment anew at
        each call, in threads: three tenths of what a call cost the processor.
        """
        import aiohttp
        from google import genai

        if self._client is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                proxy=_proxy_to(self._options["base_url"] or HOST),
            )
            self._client = genai.Client(
                enterprise=False,
                api_key=self._key,
                http_options=self._types.HttpOptions(**self._options, aiohttp_client=self._session),
            ).aio
        return self._client

    async def generate(
        self,
        *,
        system: str,
        data: str,
        schema: Mapping[str, Any],
        max_output_tokens: int,
        tier: str = STANDARD,
    ) -> Answer:
        """One request, one answer. Raises ServiceError, and nothing else."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout + 5):  # should the library's not work
                reply = await self._connected().models.generate_content(
                    model=self.model,
                    contents=data,
                    config=self._config(system, schema, max_output_tokens, tier),
                )
        except Exception as error:  # noqa: BLE001  (four libraries raise here: see `translated`)
            raise translated(error) from None
        return answer_of(reply, ms=int((time.monotonic() - began) * 1000))

    def _config(
        self, system: str, schema: Mapping[str, Any], max_output_tokens: int, tier: str
    ) -> Any:
        types = self._types
        return types.GenerateContentConfig(
            system_instruction=system,
            response_mime_type="application/json",
            response_json_schema=schema,
            max_output_tokens=max_output_tokens,
            automatic_continuation=False,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            service_tier=types.ServiceTier.FLEX if tier == FLEX else None,
        )

    async def look(self) -> str:
        """The model's full name, asked of Google; costs nothing. Raises ServiceError.

        NotListed where no answer to that came from something that may still write drafts.
        """
        try:
            async with asyncio.timeout(self._timeout):
                found = await self._connected().models.get(model=self.model)
        except Exception as error:  # noqa: BLE001  (as above)
            refused = translated(error)
            if getattr(error, "code", None) in _NOT_SERVED or isinstance(error, ValueError):
                raise NotListed(str(refused), service=SERVICE) from None
            raise refused from None
        return str(found.name or self.model)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            await self._session.close()


def _proxy_to(url: str) -> str | None:
    """What HTTPS_PROXY and NO_PROXY, or the system's settings, say of it."""
    to = urlsplit(url)
    return None if proxy_bypass(to.hostname or "") else getproxies().get(to.scheme)


_lock = threading.Lock()
_connected: dict[tuple[object, ...], Gemini] = {}


def is_set_up() -> bool:
    return bool(settings.GEMINI_API_KEY)


def model() -> str:
    """Who is asked; blank where there is no account."""
    return settings.GEMINI_MODEL if is_set_up() else ""


def connected() -> Gemini:
    """The client for the account in the settings, one per process: a forked child makes its own."""
    key, model = settings.GEMINI_API_KEY, settings.GEMINI_MODEL
    base_url, api_version = settings.GEMINI_BASE_URL, settings.GEMINI_API_VERSION
    made_for = (os.getpid(), key, model, base_url, api_version)
    with _lock:
        if made_for not in _connected:
            account = Gemini(key=key, model=model, base_url=base_url, api_version=api_version)
            atexit.register(_close_at_exit, account, os.getpid())
            _connected[made_for] = account
        return _connected[made_for]


def _close_at_exit(account: Gemini, pid: int) -> None:
    """Connections that nobody closes end in a trace on the terminal; a forked child has none."""
    if os.getpid() == pid:
        with contextlib.suppress(Exception):
            loops.submit(account.close()).result(timeout=CLOSED_SECONDS)


def probe() -> str:
    """Whether the key is taken and the model known, in words; nothing is written or paid for.

    Raises TransientError, ConfigError or PermanentError; NotListed: `ask` may know more.
    """
    name = asyncio.run(_at_probe(lambda account: account.look()))
    return f"The key is taken, and {name.removeprefix('models/')} is there to write drafts."


def ask() -> Answer:
    """The smallest question there is, which costs a fraction of a cent. Raises ServiceError."""
    return asyncio.run(
        _at_probe(
            lambda account: account.generate(
                system="Answer with the word yes.",
                data="Are you there?",
                schema={"type": "string"},
                max_output_tokens=PROBE_TOKENS,
            )
        )
    )


async def _at_probe(act: Callable[[Gemini], Awaitable[T]]) -> T:
    """With a client of its own: the process's belongs to another loop, and waits longer."""
    account = Gemini(
        key=settings.GEMINI_API_KEY,
        model=settings.GEMINI_MODEL,
        base_url=settings.GEMINI_BASE_URL,
        api_version=settings.GEMINI_API_VERSION,
        timeout_seconds=PROBE_SECONDS,
    )
    try:
        return await act(account)
    finally:
        await account.close()


def forget() -> None:
    """The next question makes a new client."""
    with _lock:
        _connected.clear()


def translated(error: Exception) -> ServiceError:
    """Our error for theirs; the sentence is ours, for theirs may hold anything."""
    import aiohttp
    from google.genai import errors

    if isinstance(error, errors.APIError):
        headers = getattr(error.response, "headers", None) or {}
        return refusal(error.code, error.details, retry_after=str(headers.get("Retry-After", "")))
    if isinstance(error, aiohttp.InvalidURL):
        return ConfigError(
            "GEMINI_BASE_URL is no address; it begins with https://.", service=SERVICE
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return TransientError("Gemini cannot be reached.", service=SERVICE)
    sentence = f"Gemini's answer cannot be read ({type(error).__name__})."  # HTML, cut JSON …
    if isinstance(error, (aiohttp.ClientError, OSError)):
        sentence = "The connection to Gemini broke off."
    if isinstance(error, TimeoutError):
        sentence = "Gemini did not answer in time."
    return Dropped(sentence, service=SERVICE)
