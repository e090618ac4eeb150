"""What went out, and to whom: deliveries, the leads in them, where their files are."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Now

from clients.models import Client
from pipeline.models import Lead, Run


class DeliveryStatus(models.TextChoices):
    ALLOCATED = "ALLOCATED", "Allocated"
    UPLOADED = "UPLOADED", "Uploaded"
    NOTIFIED = "NOTIFIED", "Notified"
    LOGGED = "LOGGED", "Logged"
    WAITING = "WAITING", "Waiting"
    FAILED = "FAILED", "Failed"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


WITH_FILE = (DeliveryStatus.UPLOADED, DeliveryStatus.NOTIFIED, DeliveryStatus.LOGGED)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def open(self) -> Self:
        """Deliveries that have not reached their end (contract: `open_deliveries`)."""
        return self.exclude(status__in=[DeliveryStatus.LOGGED, DeliveryStatus.WITHDRAWN])


class Delivery(models.Model):
    """One client's leads of one run: a fixed list, one file, never changed once uploaded."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="deliveries")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="deliveries")
    status = models.CharField(
        max_length=9, choices=DeliveryStatus.choices, default=DeliveryStatus.ALLOCATED
    )
    error = models.TextField(blank=True)

    rows = models.PositiveIntegerField("leads")
    storage_name = models.CharField(max_length=255, blank=True)
    size = models.PositiveBigIntegerField("bytes", null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    link = models.TextField(blank=True)
    drive_file_id = models.CharField(
        max_length=100,
        blank=True,
        db_default="",
        help_text="The file's id on Google Drive: made and kept before the file is.",
    )
    note = models.TextField(
        blank=True, db_default="", help_text="What was done otherwise than the client's terms say."
    )

    notion_key = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Names its row in Notion; written before the row is made.",
    )
    notion_page_id = models.CharField(max_length=60, blank=True, default="", db_default="")

    created_at = models.DateTimeField(db_default=Now())
    uploaded_at = models.DateTimeField(null=True)
    notified_at = models.DateTimeField(null=True)
    logged_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["run", "client"], name="delivery_once_per_run_client"),
            models.UniqueConstraint(  # what a DeliveredLead refers to
                fields=["id", "run", "client"], name="delivery_with_run_and_client"
            ),
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="delivery_status_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=WITH_FILE)
                | (~Q(storage_name="") & ~Q(sha256="") & Q(size__isnull=False)),
                name="delivery_uploaded_has_a_file",
            ),
            models.UniqueConstraint(
                fields=["storage_name"], condition=~Q(storage_name=""), name="delivery_own_file"
            ),
            models.UniqueConstraint(
                fields=["notion_key"], condition=~Q(notion_key=""), name="delivery_own_notion_key"
            ),
            models.CheckConstraint(
                condition=Q(notion_page_id="") | ~Q(notion_key=""),
                name="delivery_in_notion_has_a_key",
            ),
            models.UniqueConstraint(
                fields=["drive_file_id"],
                condition=~Q(drive_file_id=""),
                name="delivery_own_file_on_drive",
            ),
        ]

    def __str__(self) -> str:
        return f"Delivery {self.pk} {self.status}"


class DriveFolder(models.Model):
    """A client's folder on Google Drive: its id is kept first, then the folder is made under it.

    So two workers that need it at once make one. A folder that a person moves or renames there
    is still found.
    """

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="drive_folders")
    path = models.CharField(
        max_length=20, blank=True, help_text="Below the client's own: '', 2026, 2026/2026-11."
    )
    drive_id = models.CharField(max_length=100, unique=True)
    made_at = models.DateTimeField(null=True, help_text="Since when it is known to be there.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "path"], name="drive_folder_once"),
            models.CheckConstraint(condition=~Q(drive_id=""), name="drive_folder_has_an_id"),
        ]

    def __str__(self) -> str:
        return f"Folder {self.path or 'of the client'} {self.drive_id}"


class Download(models.Model):
    """Somebody fetched a delivered file from us: by its link, or at the desk."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="downloads")
    by = models.CharField(max_length=150, blank=True, help_text="The operator; blank: the link.")
    address = models.GenericIPAddressField(null=True, help_text="Where the request came from.")
    bytes = models.PositiveBigIntegerField(default=0, help_text="How many were sent.")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Download {self.pk} of delivery {self.delivery_id}"


class DeliveredLeadStatus(models.TextChoices):
    ALLOCATED = "ALLOCATED", "Allocated"
    DELIVERED = "DELIVERED", "Delivered"
    RETURNED = "RETURNED", "Returned"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


ACTIVE = (DeliveredLeadStatus.ALLOCATED, DeliveredLeadStatus.DELIVERED)
RELEASED = "released"  # the reason of a row whose client was paused or ended before its file
# The client never got it, nor does anything speak against its getting it: it counts as never given.
_RELEASED = Q(status=DeliveredLeadStatus.WITHDRAWN, reason=RELEASED)


class DeliveredLeadQuerySet(models.QuerySet["DeliveredLead"]):
    def active(self) -> Self:
        """Rows that count against caps; a returned or withdrawn one has freed its slot."""
        return self.filter(status__in=ACTIVE)

    def released(self) -> Self:
        return self.filter(_RELEASED)

    def barring(self) -> Self:
        """Rows that keep their client from the person for ever; they have an index of their own."""
        return self.filter(~_RELEASED)


class DeliveredLead(models.Model):
    """A lead that a client was given. The row outlives the lead: never twice to one client."""

    # One foreign key of the database's holds all three: they are those of one delivery. Each is
    # asked for every row, and three took a fifth of an allocation's time.
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="delivered_leads", db_constraint=False
    )
    run = models.ForeignKey(
        Run,
        on_delete=models.PROTECT,
        related_name="delivered_leads",
        db_constraint=False,
        db_index=False,  # ask by the run's deliveries
    )
    client = models.ForeignKey(
        Client,
        on_delete=models.PROTECT,
        related_name="delivered_leads",
        db_constraint=False,
        db_index=False,  # those of `Meta` begin with it; of all its rows, ask by its deliveries
    )
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, null=True, related_name="delivered_leads"
    )
    key = models.UUIDField(help_text="The lead's match key, kept when the lead is erased.")

    status = models.CharField(
        max_length=9, choices=DeliveredLeadStatus.choices, default=DeliveredLeadStatus.ALLOCATED
    )
    reason = models.CharField(max_length=40, blank=True)
    exclusive = models.BooleanField()

    allocated_at = models.DateTimeField(help_text="The run's as_of: the moment caps count.")
    delivered_at = models.DateTimeField(null=True)

    objects = DeliveredLeadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=DeliveredLeadStatus.values),
                name="delivered_lead_status_is_known",
            ),
            models.UniqueConstraint(
                fields=["client", "key"], condition=~_RELEASED, name="lead_once_per_client"
            ),
            models.UniqueConstraint(
                fields=["lead"],
                condition=Q(status__in=ACTIVE, exclusive=True),
                name="lead_one_exclusive_client",
            ),
            ExclusionConstraint(
                name="lead_exclusive_or_shared",
                expressions=[
                    (F("lead"), RangeOperators.EQUAL),
                    (Cast("exclusive", models.IntegerField()), RangeOperators.NOT_EQUAL),
                ],
                condition=Q(status__in=ACTIVE),
            ),
        ]
        indexes = [
            # All that a count within caps reads, so that it reads no row: what a client was ever
            # given is counted each night, and for each look at the desk.
            models.Index(
                fields=["client", "allocated_at"],
                condition=Q(status__in=ACTIVE),
                name="delivered_lead_windows",
            ),
        ]

    def __str__(self) -> str:
        return f"Lead {self.lead_id} to client {self.client_id} {self.status}"
