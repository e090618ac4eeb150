"""Mails: what was sent to whom, what became of it, and the buttons to send one again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from deliveries import outbox
from deliveries.models import Mail, MailStatus
from pipeline import clock, retrying, runs, tasks
from pipeline.admin.desk import History, button, signed_in
from pipeline.shown import admin_url, day, label, link_to, moment, two_lines

CHANGE = "deliveries.change_mail"


@admin.register(Mail)
class MailAdmin(History[Mail]):
    when_empty = "No mail yet: a run writes to each client whose file is there."
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
        "next_try",
        "begins",
        "refusals",
        "put_off",
        "before_link",
        "resend_by",
    )
    readonly_fields = fields
    list_filter = ("status", "kind")
    list_select_related = ("delivery__client", "run")
    search_fields = ("recipient", "message_id", "delivery__client__name")
    search_help_text = "Recipient, client or Message-ID"
    ordering = ("-pk",)
    change_form_template = "desk/mail.html"
    keeps_log = True

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path(
                f"<int:mail_id>/{name}/",
                view(button(found, CHANGE)),
                name=f"deliveries_mail_{name}",
            )
            for name, found in (("again", self.again_view), ("now", self.now_view))
        ]
        return own + super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        mail: Mail = kwargs["obj"]
        context |= {
            "mail": mail,
            "again": Mail.objects.filter(supersedes=mail).first(),
            "may_change": signed_in(request).has_perm(CHANGE),
            "resendable": mail.status in {MailStatus.FAILED, MailStatus.UNKNOWN},
            "put_off_until": mail.status == MailStatus.PENDING and mail.next_try_at,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    # Buttons

    def again_view(self, request: HttpRequest, mail_id: int) -> HttpResponse:
        """A new mail in place of this one; the person who pressed stands on it."""
        mail = get_object_or_404(Mail, pk=mail_id)
        try:
            again = retrying.send_again(
                mail, by=signed_in(request).get_username(), now=clock.database_now()
            )
        except (outbox.NotPossible, runs.NotPossible) as refusal:
            messages.warning(request, f"Not sent again. {refusal}")
            return redirect(admin_url(mail))
        self.log_change(request, mail, f"Sent again to {mail.recipient} as mail {again.pk}.")
        tasks.wake()
        messages.success(request, f"It is sent to {mail.recipient} again.")
        return redirect(admin_url(again))

    def now_view(self, request: HttpRequest, mail_id: int) -> HttpResponse:
        """Do not wait for the moment that the server was to be asked again."""
        mail = get_object_or_404(Mail, pk=mail_id)
        if outbox.try_now(mail):
            self.log_change(request, mail, "Tried before its time.")
            tasks.wake()
            messages.success(request, f"The server is asked about {mail.recipient} now.")
        else:
            messages.warning(request, "It does not wait any longer.")
        return redirect(admin_url(mail))

    # Columns

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

    @admin.display(description="Tried again")
    def next_try(self, mail: Mail) -> str:
        return moment(mail.next_try_at)

    @admin.display(description="In place of")
    def before_link(self, mail: Mail) -> str:
        return link_to(mail.supersedes)
