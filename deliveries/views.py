"""A delivered file by its signed link, and who fetched it."""

from __future__ import annotations

from typing import IO, Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from deliveries import links
from deliveries.models import Delivery, Download
from leadgen.integrations import storage
from leadgen.integrations.errors import ServiceError

_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# Beside what Django's own middleware says: nosniff, and no referrer to others.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Robots-Tag": "noindex, nofollow",
}


@never_cache
@require_safe
def delivered_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file for whoever has the link; 410 once it has expired, 404 where it was never given."""
    try:
        delivery_id = links.delivery_id_of(token)
    except links.LinkExpired:
        return HttpResponse("This link has expired. Ask your agency for a new one.", status=410)
    except links.LinkInvalid:
        return HttpResponse("This link is not valid.", status=404)
    delivery = get_object_or_404(Delivery.objects.exclude(storage_name=""), pk=delivery_id)
    return download(request, delivery)


@never_cache
def download(request: HttpRequest, delivery: Delivery, *, by: str = "") -> HttpResponseBase:
    """The stored bytes as an attachment; a sentence where storage lost them, or is away."""
    try:
        content = storage.opened(delivery.storage_name)
    except FileNotFoundError:
        return HttpResponse("The file is no longer in storage. Tell your agency.", status=404)
    except ServiceError:
        return HttpResponse("The file cannot be read just now. Try again later.", status=503)
    watched: Any = content
    if request.method == "GET":
        watched = _Watched(content, _log(request, delivery, by))
    name = delivery.storage_name.rpartition("/")[2]
    kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    response = FileResponse(watched, as_attachment=True, filename=name, content_type=kind)
    response.headers["Content-Length"] = str(delivery.size)
    for header, value in _HEADERS.items():
        response.headers[header] = value
    return response


def _log(request: HttpRequest, delivery: Delivery, by: str) -> Download:
    return Download.objects.create(
        delivery=delivery, by=by, address=request.META.get("REMOTE_ADDR") or None
    )


class _Watched:
    """A file that knows how much of it was read, and notes it in the end."""

    def __init__(self, content: IO[bytes], download: Download) -> None:
        self._content, self._download, self._sent = content, download, 0

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(size)
        self._sent += len(block)
        return block

    def close(self) -> None:
        """Called by the server once the answer is out, or its reader has gone."""
        self._content.close()
        Download.objects.filter(pk=self._download.pk).update(bytes=self._sent)
