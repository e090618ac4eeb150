"""A delivered file by its signed link."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from deliveries import links
from deliveries.models import Delivery


@never_cache
@require_safe
def delivered_file(_request: HttpRequest, token: str) -> HttpResponseBase:
    """The file for whoever has the link; 410 once it has expired, 404 where it was never given."""
    try:
        delivery_id = links.delivery_id_of(token)
    except links.LinkExpired:
        return HttpResponse("This link has expired. Ask your agency for a new one.", status=410)
    except links.LinkInvalid:
        return HttpResponse("This link is not valid.", status=404)
    delivery = get_object_or_404(Delivery.objects.exclude(storage_name=""), pk=delivery_id)
    return download(delivery)


def download(delivery: Delivery) -> HttpResponseBase:
    """The stored bytes as an attachment; 404 with a sentence where storage lost them."""
    try:
        content = default_storage.open(delivery.storage_name)
    except FileNotFoundError:
        return HttpResponse("The file is no longer in storage. Tell your agency.", status=404)
    name = delivery.storage_name.rsplit("/", 1)[-1]
    return FileResponse(content, as_attachment=True, filename=name, content_type="text/csv")
