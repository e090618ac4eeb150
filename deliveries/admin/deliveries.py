"""Deliveries: what became of each, its file, who fetched it, and what an operator may press."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from deliveries import views
from deliveries.admin.delivery_page import delivery_context, place_in_words
from deliveries.models import Delivery
from pipeline import retrying, runs, tasks
from pipeline.admin.desk import History, button, signed_in
from pipeline.admin.filters import RunFilter
from pipeline.shown import NOTHING, admin_url, label, link_to, moment, number, size, two_lines

LONGEST_ERROR = 80  # signs, in the list
PERMISSION = "deliveries.change_delivery"


@admin.register(Delivery)
class DeliveryAdmin(History[Delivery]):
    when_empty = "Nothing has been delivered yet."
    list_display = (
        "named",
        "client",
        "run_link",
        "count_leads",
        "status_label",
        "count_size",
        "uploaded",
        "count_downloads",
        "download_link",
    )
    list_filter = ("status", "client", RunFilter)
    list_select_related = ("client", "run")
    search_fields = ("client__name",)
    search_help_text = "Client"
    ordering = ("-pk",)
    change_form_template = "desk/delivery.html"
    actions = ("try_again_all",)
    keeps_log = True

    def get_urls(self) -> list[URLPattern]:
        view, of_one = self.admin_site.admin_view, "<int:delivery_id>/{}/".format
        named = "deliveries_delivery_{}".format
        again = view(button(self.try_again_view, PERMISSION))
        redeliver = view(button(self.deliver_again_view, PERMISSION))
        own = [
            path(of_one("download"), view(self.download_view), name=named("download")),
            path(of_one("try-again"), again, name=named("try_again")),
            path(of_one("deliver-again"), redeliver, name=named("deliver_again")),
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).annotate(fetched=Count("downloads"))

    # The list

    @admin.display(description="Delivery", ordering="pk")
    def named(self, delivery: Delivery) -> str:
        return f"Delivery {delivery.pk}"

    @admin.display(description="Run")
    def run_link(self, delivery: Delivery) -> str:
        return link_to(delivery.run, f"Run {delivery.run_id}")

    @admin.display(description="Leads", ordering="rows")
    def count_leads(self, delivery: Delivery) -> str:
        return number(delivery.rows)

    @admin.display(description="Status", ordering="status")
    def status_label(self, delivery: Delivery) -> SafeString | str:
        """The whole sentence stands on the delivery's page."""
        return two_lines(label(delivery.status), Truncator(delivery.error).chars(LONGEST_ERROR))

    @admin.display(description="Size", ordering="size")
    def count_size(self, delivery: Delivery) -> SafeString:
        return format_html('<span class="whitespace-nowrap">{}</span>', size(delivery.size))

    @admin.display(description="File made", ordering="uploaded_at")
    def uploaded(self, delivery: Delivery) -> SafeString | str:
        made = format_html(
            '<span class="whitespace-nowrap">{}</span>', moment(delivery.uploaded_at)
        )
        return two_lines(made, place_in_words(delivery))

    @admin.display(description="Fetched", ordering="fetched")
    def count_downloads(self, delivery: Any) -> str:
        return number(delivery.fetched) if delivery.storage_name else NOTHING

    @admin.display(description="File")
    def download_link(self, delivery: Delivery) -> SafeString | str:
        if not delivery.storage_name:
            return NOTHING
        url = reverse("admin:deliveries_delivery_download", args=[delivery.pk])
        return format_html('<a class="desk-link" href="{}">Download</a>', url)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return signed_in(request).has_perm(PERMISSION)

    @admin.action(description="Try again", permissions=["retry"])
    def try_again_all(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        """What failed or waits goes on at once; says what was left alone, and why."""
        done, left = 0, []
        for delivery in chosen.order_by("pk"):
            try:
                retrying.try_again(delivery.pk)
            except runs.NotPossible as refusal:
                left.append(str(refusal))
            else:
                self.log_change(request, delivery, "Tried again.")
                done += 1
        tasks.publish()
        messages.success(request, f"Tried again: {done} of {done + len(left)}.")
        for words in left:
            messages.warning(request, words)

    # One delivery

    def download_view(self, request: HttpRequest, delivery_id: int) -> HttpResponseBase:
        """The stored bytes, for whoever may see deliveries."""
        delivery = get_object_or_404(Delivery, pk=delivery_id)
        if not self.has_view_permission(request, delivery):
            raise PermissionDenied
        if not delivery.storage_name:
            messages.warning(request, f"Delivery {delivery.pk} has no file yet.")
            return redirect(admin_url(delivery))
        return views.download(request, delivery, by=signed_in(request).get_username())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= delivery_context(kwargs["obj"], now=timezone.now())
        context["may_press"] = signed_in(request).has_perm(PERMISSION)
        return super().render_change_form(request, context, *args, **kwargs)

    # Buttons

    def try_again_view(self, request: HttpRequest, delivery_id: int) -> HttpResponse:
        """Go on with a delivery that failed or waits, at the step where it stands."""
        said = "Tried again.", "Delivery {} is tried again at once."
        return self._press(request, delivery_id, retrying.try_again, said)

    def deliver_again_view(self, request: HttpRequest, delivery_id: int) -> HttpResponse:
        """Show the same file again: where it is missing, and to the client's addresses of today."""
        said = "Delivered again.", "Delivery {} is put right where its client finds it."
        return self._press(request, delivery_id, retrying.deliver_again, said)

    def _press(
        self, request: HttpRequest, delivery_id: int, act: Any, said: tuple[str, str]
    ) -> HttpResponse:
        delivery = get_object_or_404(Delivery, pk=delivery_id)
        try:
            act(delivery.pk)
        except runs.NotPossible as refusal:
            messages.warning(request, f"Not done. {refusal}")
        else:
            tasks.publish()
            self.log_change(request, delivery, said[0])
            messages.success(request, said[1].format(delivery.pk))
        return redirect(admin_url(delivery))
