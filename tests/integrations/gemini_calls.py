"""Calls of the Gemini client as its tests make them: without a loop that lives on."""

from __future__ import annotations

import asyncio

from leadgen.integrations.errors import ServiceError
from leadgen.integrations.gemini import Gemini

KEY = "AIza-an-invented-key-that-must-not-be-seen"
SCHEMA = {"type": "object", "properties": {"subject": {"type": "string"}}}


def ask(url, *, times=1, timeout_seconds=5.0, **options):
    """Answers or errors of calls at once, from a client that is closed again."""

    async def all_of_them():
        account = Gemini(
            key=KEY, model="gemini-test", base_url=url, timeout_seconds=timeout_seconds
        )
        given = {"system": "Be kind.", "data": "{}", "schema": SCHEMA, "max_output_tokens": 99}
        try:
            return await asyncio.gather(
                *(account.generate(**{**given, **options}) for _ in range(times)),
                return_exceptions=True,
            )
        finally:
            await account.close()

    return asyncio.run(all_of_them())


def refusal(url, **options) -> ServiceError:
    (found,) = ask(url, **options)
    assert isinstance(found, ServiceError), repr(found)
    return found
