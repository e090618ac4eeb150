"""The outbox: mails about deliveries to clients, and digests to operators."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from deliveries.models.deliveries import Delivery
from pipeline.models import Run


class MailStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    SENDING = "SENDING", "Sending"
    SENT = "SENT", "Sent"
    FAILED = "FAILED", "Failed"
    UNKNOWN = "UNKNOWN", "Unknown"


class Mail(models.Model):
    """The outbox. A row is written before its mail is sent, and never sent twice by itself.

    UNKNOWN: the process died, or the server's answer was lost, after the text began to go over.
    Only a named person may have such a mail sent again, as a new row that supersedes this one.
    """

    class Kind(models.TextChoices):
        DELIVERY = "DELIVERY", "Delivery"
        DIGEST = "DIGEST", "Digest"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, null=True, related_name="mails"
    )
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="digests")
    night = models.DateField(null=True, help_text="The night that did not run in time.")
    step = models.SmallIntegerField(default=0)
    recipient = models.EmailField()
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    resend_by = models.CharField(max_length=150, blank=True)

    status = models.CharField(max_length=7, choices=MailStatus.choices, default=MailStatus.PENDING)
    message_id = models.CharField(max_length=200, unique=True)
    begins = models.PositiveSmallIntegerField(default=0, help_text="How often sending began.")
    refusals = models.PositiveSmallIntegerField(
        default=0, help_text="How often it had begun and the server did certainly not take it."
    )
    put_off = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often the server told us to come back later."
    )
    next_try_at = models.DateTimeField(null=True)
    address_refused = models.BooleanField(
        default=False, db_default=False, help_text="The server says that there is no such address."
    )
    error = models.TextField(blank=True)

    created_at = models.DateTimeField(db_default=Now())
    begun_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=MailStatus.values), name="mail_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="DELIVERY", delivery__isnull=False, run=None, night=None)
                | Q(kind="DIGEST", delivery=None, run__isnull=False, night=None)
                | Q(kind="DIGEST", delivery=None, run=None, night__isnull=False),
                name="mail_is_about_one_thing",
            ),
            models.UniqueConstraint(
                fields=["kind", "delivery", "run", "night", "step", "recipient"],
                condition=Q(supersedes=None),
                nulls_distinct=False,
                name="mail_once_per_recipient",
            ),
            models.CheckConstraint(
                condition=Q(supersedes=None) | ~Q(resend_by=""), name="mail_resend_is_named"
            ),
            models.CheckConstraint(
                condition=Q(begins__lte=F("refusals") + 1), name="mail_begun_once_between_refusals"
            ),
            models.CheckConstraint(
                condition=~Q(status=MailStatus.SENT) | Q(begins__gte=1, sent_at__isnull=False),
                name="mail_sent_was_begun",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(status__in=[MailStatus.PENDING, MailStatus.SENDING]),
                name="mail_open",
            ),
        ]

    def __str__(self) -> str:
        return f"Mail {self.pk} {self.status}"

    @property
    def about(self) -> Delivery:
        """The delivery that it is about."""
        if self.delivery is None:
            raise ValueError(f"mail {self.pk} is about no delivery")
        return self.delivery
