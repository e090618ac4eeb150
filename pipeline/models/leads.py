"""Leads, and what a file changed in one that was known."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from pipeline.models.lead_files import LeadFile
from pipeline.models.runs import Run

# The fields of a lead that have a column of their own: those that are searched, targeted or
# delivered. Every other field and column of a file is kept in `extras` under its name.
COLUMNS = (
    "email",
    "email_status",
    "first_name",
    "last_name",
    "full_name",
    "title",
    "seniority",
    "department",
    "company",
    "company_domain",
    "website",
    "industry",
    "employees",
    "city",
    "state",
    "country",
    "linkedin_url",
    "phone",
)

# Where NEW leads lie (see Lead), each in the table for the first hex digit of its key.
NEW_TABLES = {
    f"pipeline_lead_new_{digits[0]}": digits for digits in ("0123", "4567", "89ab", "cdef")
}


class LeadStatus(models.TextChoices):
    NEW = "NEW", "New"
    READY = "READY", "Ready"
    DUPLICATE = "DUPLICATE", "Duplicate"
    SUPPRESSED = "SUPPRESSED", "Suppressed"
    ALLOCATED = "ALLOCATED", "Allocated"
    DELIVERED = "DELIVERED", "Delivered"
    EXPIRED = "EXPIRED", "Expired"
    ERASED = "ERASED", "Erased"


LIVE = (LeadStatus.READY, LeadStatus.ALLOCATED, LeadStatus.DELIVERED, LeadStatus.EXPIRED)


class LeadQuerySet(models.QuerySet["Lead"]):
    def ready(self) -> Self:
        return self.filter(status=LeadStatus.READY)

    def live(self) -> Self:
        return self.filter(status__in=LIVE)


class Lead(models.Model):
    """A person who might buy. The life of its status is drawn in docs/architecture.md.

    What validate brings lies in NEW_TABLES, children of this table (INHERITS) that hold NEW leads
    only and have no index; dedupe moves them here with their status. So a lead meets the indexes
    once, when it is judged, and what is done by keys reads no other's.
    Every query of this table sees all; no other code changes the status of a NEW lead (ADR 0014).
    In the tables a lead's columns lie in the order of migration 0015: long texts last.
    """

    # Four foreign keys without an index of their own, for each index is one more write for each of
    # a million leads, and without a constraint, which took a third of every import's time: those
    # of `Meta` serve instead of the former, audit A31 instead of the latter.
    file = models.ForeignKey(
        LeadFile,
        on_delete=models.PROTECT,
        related_name="leads",
        db_index=False,
        db_constraint=False,
    )
    record = models.PositiveIntegerField()
    line = models.PositiveIntegerField()
    key = models.UUIDField(
        null=True, help_text="HMAC of the normalised address: what makes two rows one person."
    )
    run = models.ForeignKey(
        Run,
        on_delete=models.PROTECT,
        related_name="leads",
        db_index=False,
        db_constraint=False,
        help_text="The run that imported it.",
    )

    status = models.CharField(max_length=10, choices=LeadStatus.choices)
    reason = models.CharField(max_length=40, blank=True, db_default="")
    twin = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="duplicates",
        db_index=False,
        db_constraint=False,
    )
    max_clients = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="How many clients may get it; 1 is exclusive."
    )

    email = models.TextField()
    email_status = models.TextField(blank=True, db_default="")
    first_name = models.TextField(blank=True, db_default="")
    last_name = models.TextField(blank=True, db_default="")
    full_name = models.TextField(blank=True, db_default="")
    title = models.TextField(blank=True, db_default="")
    seniority = models.TextField(blank=True, db_default="")
    department = models.TextField(blank=True, db_default="")
    company = models.TextField(blank=True, db_default="")
    company_domain = models.TextField(blank=True, db_default="")
    website = models.TextField(blank=True, db_default="")
    industry = models.TextField(blank=True, db_default="")
    employees = models.TextField(blank=True, db_default="")
    city = models.TextField(blank=True, db_default="")
    state = models.TextField(blank=True, db_default="")
    country = models.TextField(blank=True, db_default="")
    linkedin_url = models.TextField(blank=True, db_default="")
    phone = models.TextField(blank=True, db_default="")
    extras = models.JSONField(default=dict)

    country_code = models.CharField(max_length=2, blank=True, db_default="")
    domain_keys = ArrayField(
        models.UUIDField(),
        default=list,
        db_default=[],
        help_text="HMACs of the address's domain and its parents.",
    )
    phone_key = models.UUIDField(null=True, blank=True, help_text="HMAC of the phone's digits.")
    linkedin_key = models.TextField(blank=True, db_default="", help_text="in/name, lower case.")
    lookalike = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="lookalikes",
        db_index=False,
        db_constraint=False,
        help_text="Another live lead with the same second key; a person decides.",
    )
    lookalike_by = models.CharField(
        max_length=8,
        blank=True,
        db_default="",
        choices=[("linkedin", "Same LinkedIn page"), ("phone", "Same phone")],
    )

    created_at = models.DateTimeField(db_default=Now())

    objects = LeadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "record"], name="lead_once_per_record"),
            models.UniqueConstraint(
                fields=["key"], condition=Q(status__in=LIVE), name="lead_one_live_per_key"
            ),
            models.CheckConstraint(
                condition=Q(status__in=LeadStatus.values), name="lead_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(key__isnull=False) | Q(status=LeadStatus.ERASED), name="lead_has_a_key"
            ),
            models.CheckConstraint(
                condition=Q(max_clients__gte=1), name="lead_is_for_one_client_or_more"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[LeadStatus.DUPLICATE, LeadStatus.SUPPRESSED])
                | ~Q(reason=""),
                name="lead_dropped_says_why",
            ),
        ]
        indexes = [
            BrinIndex(fields=["run"], name="lead_of_run_by_range"),
            models.Index(
                fields=["run"], condition=Q(status=LeadStatus.NEW), name="lead_new_of_run"
            ),
            models.Index(fields=["twin"], condition=Q(twin__isnull=False), name="lead_has_a_twin"),
            models.Index(
                fields=["lookalike"],
                condition=Q(lookalike__isnull=False),
                name="lead_has_a_lookalike",
            ),
        ]

    def __str__(self) -> str:
        return f"Lead {self.pk} {self.status}"

    @property
    def match_key(self) -> UUID:
        """The key of a lead that is not erased."""
        if self.key is None:
            raise ValueError(f"lead {self.pk} is erased")
        return self.key

    def value(self, name: str) -> str:
        """The text under a field's or an unmapped column's name; '' where there is none."""
        found = getattr(self, name) if name in COLUMNS else self.extras.get(name, "")
        return str(found)


class LeadChange(models.Model):
    """What a file changed in a lead that was known: the image before, so that it can be undone."""

    file = models.ForeignKey(  # found by lead_change_once_per_file
        LeadFile, on_delete=models.PROTECT, related_name="changes", db_index=False
    )
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="changes")
    before = models.JSONField(help_text="Field → text before.")
    after = models.JSONField(help_text="Field → text after.")

    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "lead"], name="lead_change_once_per_file"),
        ]

    def __str__(self) -> str:
        return f"Change {self.pk} of lead {self.lead_id}"
