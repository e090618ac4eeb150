"""Mails: what was sent to whom, and what became of it."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from deliveries.models import Mail
from pipeline.admin.desk import History
from pipeline.shown import day, label, link_to, moment, two_lines


@admin.register(Mail)
class MailAdmin(History[Mail]):
    list_display = ("named", "about_link", "status_label", "sent", "error")
    fields = (
        "recipient",
        "about_link",
        "status_label",
        "error",
        "message_id",
        "written",
        "begun",
        "sent",
        "begins",
        "refusals",
        "supersedes",
        "resend_by",
    )
    readonly_fields = fields
    list_filter = ("status",)
    list_select_related = ("delivery__client", "run")
    search_fields = ("recipient", "message_id", "delivery__client__name")
    search_help_text = "Recipient, client or Message-ID"
    ordering = ("-pk",)

    @admin.display(description="Recipient, client")
    def named(self, mail: Mail) -> str:
        return two_lines(mail.recipient, mail.delivery.client if mail.delivery else "operator")

    @admin.display(description="About")
    def about_link(self, mail: Mail) -> str:
        if mail.delivery is not None:
            return link_to(mail.delivery, f"Delivery {mail.delivery_id}")
        if mail.run is not None:
            return link_to(mail.run, f"Run {mail.run_id}")
        return f"The night of {day(mail.night)}" if mail.night else ""

    @admin.display(description="Status", ordering="status")
    def status_label(self, mail: Mail) -> SafeString:
        return label(mail.status)

    @admin.display(description="Written")
    def written(self, mail: Mail) -> str:
        return moment(mail.created_at)

    @admin.display(description="Sending began")
    def begun(self, mail: Mail) -> str:
        return moment(mail.begun_at)

    @admin.display(description="Sent", ordering="sent_at")
    def sent(self, mail: Mail) -> str:
        return moment(mail.sent_at)
