"""Signed, expiring links to delivered files (contract: `/files/<token>/`)."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.core import signing
from django.urls import reverse

from deliveries.models import Delivery

_SALT = "deliveries.file"


class LinkExpired(Exception):
    pass


class LinkInvalid(Exception):
    pass


def link_for(delivery_id: int) -> str:
    """A link that anybody who has it may follow for LINK_DAYS."""
    token = signing.dumps(delivery_id, salt=_SALT)
    return settings.PUBLIC_URL + reverse("delivered-file", args=[token])


def expires_at(link: str) -> dt.datetime | None:
    """When a link of ours stops working; None for one of somebody else's."""
    token = link.rstrip("/").rpartition("/")[2]
    try:
        signed_at = signing.b62_decode(token.split(":")[-2])
    except (IndexError, ValueError):
        return None
    if not link.startswith(settings.PUBLIC_URL):
        return None
    life = dt.timedelta(days=settings.LINK_DAYS)
    return dt.datetime.fromtimestamp(signed_at, tz=dt.UTC) + life


def is_on_drive(delivery: Delivery) -> bool:
    """Whether the client was sent to Google Drive."""
    return bool(delivery.drive_file_id and delivery.link) and not expires_at(delivery.link)


def delivery_id_of(token: str) -> int:
    """The delivery that a token names. Raises LinkExpired or LinkInvalid."""
    try:
        delivery_id: int = signing.loads(
            token, salt=_SALT, max_age=dt.timedelta(days=settings.LINK_DAYS)
        )
    except signing.SignatureExpired:
        raise LinkExpired from None
    except signing.BadSignature:
        raise LinkInvalid from None
    return delivery_id
