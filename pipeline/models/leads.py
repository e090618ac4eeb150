"""Lead files, the leads in them, and the rows that were refused."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

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


class LeadFileStatus(models.TextChoices):
    CHECKED = "CHECKED", "Checked"
    QUEUED = "QUEUED", "Queued"
    IMPORTING = "IMPORTING", "Importing"
    IMPORTED = "IMPORTED", "Imported"
    REFUSED = "REFUSED", "Refused"
    UNDONE = "UNDONE", "Undone"


class KnownLeads(models.TextChoices):
    """What a file may do to a lead that is known already (spec U11)."""

    FILL = "FILL", "Fill what is blank"
    OVERWRITE = "OVERWRITE", "Overwrite with what the file says"
    SKIP = "SKIP", "Leave as it is"


class SourceProfile(models.Model):
    """How the files of one source are to be read, as a person once said (spec U3)."""

    source = models.CharField(max_length=120, unique=True)
    fields = models.JSONField(
        default=dict, help_text="Each header and the lead's field it fills; '' leaves it unmapped."
    )
    needs_review = models.BooleanField(
        default=False, help_text="Files of this source wait for a person before they are imported."
    )
    updated_by = models.CharField(max_length=150)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(source=""), name="profile_has_a_source"),
        ]

    def __str__(self) -> str:
        return self.source


class LeadFile(models.Model):
    """A file as it was uploaded: checked at once, imported by the next run (design, 15)."""

    name = models.CharField(max_length=255)
    source = models.CharField(max_length=120, blank=True, help_text="Where the file comes from.")
    storage_name = models.CharField(max_length=255, unique=True)
    size = models.PositiveBigIntegerField("bytes")
    sha256 = models.CharField(max_length=64)
    insisted = models.BooleanField(
        default=False, help_text="The same bytes were here before; somebody wanted them again."
    )

    status = models.CharField(
        max_length=9, choices=LeadFileStatus.choices, default=LeadFileStatus.CHECKED
    )
    error = models.TextField(blank=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="lead_files")

    encoding = models.CharField(max_length=20)
    delimiter = models.CharField(max_length=1)
    header_row = models.PositiveIntegerField()
    headers = models.JSONField(help_text="The header row, cell by cell.")
    fields = models.JSONField(
        default=list, help_text="By column: the lead's field it fills, or ''."
    )
    confidence = models.JSONField(default=list, help_text="By column: how sure that is, 0 to 1.")
    known_leads = models.CharField(
        max_length=9, choices=KnownLeads.choices, default=KnownLeads.FILL
    )

    rows = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField()
    duplicate_in_file = models.PositiveIntegerField()
    invalid = models.PositiveIntegerField()
    blank = models.PositiveIntegerField()
    reasons = models.JSONField(default=dict)
    cut_cells = models.PositiveIntegerField(default=0, help_text="Cells longer than allowed.")
    records_done = models.PositiveIntegerField(default=0, help_text="Imported so far.")
    records_counted = models.PositiveIntegerField(
        default=0, help_text="Of these, counted by runs that have closed the stage."
    )
    preview = models.JSONField(
        default=dict,
        help_text="What the check shows before the import: see pipeline/previews.py.",
    )
    progress_at = models.DateTimeField(null=True, help_text="When records_done last grew.")
    stop_by = models.CharField(max_length=150, blank=True, help_text="Who asked it to stop.")
    undo_by = models.CharField(max_length=150, blank=True, help_text="Who asked to undo it.")
    undo_result = models.JSONField(default=dict, help_text="What the undo took out and left.")

    uploaded_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=LeadFileStatus.values), name="file_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    rows=F("accepted") + F("duplicate_in_file") + F("invalid") + F("blank")
                ),
                name="file_rows_add_up",
            ),
            models.CheckConstraint(
                condition=Q(records_done__lte=F("rows")), name="file_done_within_rows"
            ),
            models.CheckConstraint(
                condition=Q(records_counted__lte=F("records_done")), name="file_counted_within_done"
            ),
            models.CheckConstraint(
                condition=Q(known_leads__in=KnownLeads.values), name="file_known_leads_is_known"
            ),
            models.UniqueConstraint(
                fields=["sha256"],
                condition=Q(insisted=False)
                & ~Q(status__in=[LeadFileStatus.REFUSED, LeadFileStatus.UNDONE]),
                name="file_same_bytes_once",
                violation_error_message="These very bytes were uploaded before.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def mapping(self) -> dict[str, str]:
        """Header → field, for the columns that fill one (contract.md)."""
        return {
            header: name for header, name in zip(self.headers, self.fields, strict=True) if name
        }


class Rejection(models.Model):
    """A row that became no lead, and why."""

    file = models.ForeignKey(LeadFile, on_delete=models.CASCADE, related_name="rejections")
    record = models.PositiveIntegerField(help_text="The row's number among the file's records.")
    line = models.PositiveIntegerField(help_text="The line of the file on which it begins.")
    field = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=24)
    raw = models.JSONField(help_text="The row as it came: header → cell.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "record"], name="rejection_once_per_record"),
            models.CheckConstraint(condition=~Q(code=""), name="rejection_says_why"),
        ]

    def __str__(self) -> str:
        return f"Rejection {self.pk} {self.code}"


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

    What validate brings lies in `pipeline_lead_new`, a child of this table (INHERITS) that holds
    NEW leads only and has one index; dedupe moves them here with their status. So no lead is
    written twice, nor into six indexes before it is judged. Every query of this table sees both;
    no other code changes the status of a NEW lead (ADR 0014).
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
            models.Index(fields=["run", "status"], name="lead_run_status"),
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

    file = models.ForeignKey(LeadFile, on_delete=models.PROTECT, related_name="changes")
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
