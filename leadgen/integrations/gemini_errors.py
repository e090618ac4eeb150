"""What Gemini's refusals mean (https://ai.google.dev/gemini-api/docs/troubleshooting).

Google answers with {"error": {"code", "message", "status", "details": [{"@type": …}, …]}}. What
stands in it decides, not the status alone: a 429 for the day says "retry in 59s", too, and a bad
key is a 400. Nothing here trusts the shape of what came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from leadgen.integrations.errors import (
    AccountError,
    PermanentError,
    ServiceError,
    Throttled,
    TransientError,
    Unusable,
)

SERVICE = "gemini"

AUTH, QUOTA, MODEL, LOCATION = "ai_auth", "ai_quota", "ai_model", "ai_location"
LIMITED, REQUEST, BLOCKED = "ai_limit", "ai_request", "ai_blocked"
CUT, EMPTY = "ai_cut", "ai_empty"

# Status → reason and sentence, where the account is at fault; the body may say it more exactly.
_ACCOUNT = {
    401: (AUTH, "Gemini does not accept GEMINI_API_KEY."),
    402: (QUOTA, "Gemini asks for a payment; look at the billing of the account."),
    403: (AUTH, "Gemini does not let GEMINI_API_KEY use this model."),
    404: (MODEL, "Gemini does not know GEMINI_MODEL: retired, or misspelt."),
}
_FAIR = re.compile(r"spend|prepa(?:y|id)|credits", re.IGNORECASE)  # "billing" is in every 429
_BILLING = re.compile(r"billing|spend|prepa(?:y|id)|credits", re.IGNORECASE)
_BAD_KEY = re.compile(r"API_KEY_(?:INVALID|EXPIRED)|key (?:not valid|expired)", re.IGNORECASE)
_PLACE = re.compile(r"location|country|region", re.IGNORECASE)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")
_ASK_AGAIN = frozenset({408, 409, 425, 499})


def refusal(status: int, body: object, *, retry_after: str = "") -> ServiceError:
    """The error for a status that is none of success."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(body, retry_after)
    if status == HTTPStatus.BAD_REQUEST:
        return _bad_request(body)
    if status in _ACCOUNT:
        return _of_the_account(status, body)
    if status in _ASK_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        found: ServiceError = TransientError(
            f"Gemini is not well (HTTP {status}).", service=SERVICE
        )
    else:
        found = _request(f"Gemini refused a request (HTTP {status}).")
    return found


def _of_the_account(status: int, body: object) -> ServiceError:
    reason, sentence = _ACCOUNT[status]
    if status == HTTPStatus.FORBIDDEN and _BILLING.search(_message(body)):
        return _account(*_ACCOUNT[HTTPStatus.PAYMENT_REQUIRED])
    return _account(reason, sentence)


def _throttled(body: object, retry_after: str) -> ServiceError:
    quotas = [str(each.get("quotaId", "")) for each in _violations(body)]
    if any("PerDay" in quota for quota in quotas):
        return AccountError(
            "Gemini's quota of the day is used up.", service=SERVICE, reason=QUOTA, daily=True
        )
    if any("Spend" in quota for quota in quotas) or (
        not quotas and _FAIR.search(_message(body)) is not None
    ):
        return _account(QUOTA, "Gemini's spend limit of the account is reached.")
    return Throttled(
        "Gemini asks us to slow down.",
        service=SERVICE,
        retry_after=_seconds(_retry_delay(body)) or _seconds(retry_after),
    )


def _bad_request(body: object) -> ServiceError:
    message = _message(body)
    if _BAD_KEY.search(f"{message} {_reasons(body)}"):
        return _account(AUTH, "Gemini does not accept GEMINI_API_KEY.")
    if _error(body).get("status") == "FAILED_PRECONDITION":
        if _PLACE.search(message):
            return _account(LOCATION, "Gemini may not be used from where this server stands.")
        return _account(QUOTA, "Gemini asks for billing to be set up.")
    return _request("Gemini refused a request as invalid (HTTP 400).")


def _account(reason: str, sentence: str) -> AccountError:
    return AccountError(sentence, service=SERVICE, reason=reason)


def _request(sentence: str) -> PermanentError:
    return Unusable(sentence, service=SERVICE, reason=REQUEST)


def _error(body: object) -> Mapping[str, Any]:
    body = body[0] if isinstance(body, list) and body else body
    found = body.get("error", body) if isinstance(body, dict) else {}
    return found if isinstance(found, dict) else {}


def _message(body: object) -> str:
    return str(_error(body).get("message", ""))


def _details(body: object, kind: str) -> list[Mapping[str, Any]]:
    details = _error(body).get("details")
    return [
        each
        for each in (details if isinstance(details, list) else [])
        if isinstance(each, dict) and str(each.get("@type", "")).endswith(kind)
    ]


def _violations(body: object) -> list[Mapping[str, Any]]:
    found = [each.get("violations") for each in _details(body, "QuotaFailure")]
    lists = [each for each in found if isinstance(each, list)]
    return [each for part in lists for each in part if isinstance(each, dict)]


def _retry_delay(body: object) -> str:
    return next((str(each.get("retryDelay", "")) for each in _details(body, "RetryInfo")), "")


def _reasons(body: object) -> str:
    return " ".join(str(each.get("reason", "")) for each in _details(body, "ErrorInfo"))


def _seconds(text: str) -> float | None:
    """Of "53s" and "3.5" alike; None for anything else."""
    found = _SECONDS.fullmatch(text.strip())
    return float(found[1]) if found else None
