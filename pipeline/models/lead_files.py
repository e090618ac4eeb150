"""Lead files, how those of a source are read, and the rows that were refused."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from pipeline.models.runs import Run


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
        verbose_name = "source"
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

    file = models.ForeignKey(  # found by rejection_once_per_record
        LeadFile, on_delete=models.CASCADE, related_name="rejections", db_index=False
    )
    record = models.PositiveIntegerField(help_text="The row's number among the file's records.")
    line = models.PositiveIntegerField(help_text="The line of the file on which it begins.")
    field = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=24)
    raw = models.JSONField(help_text="The row as it came: header → cell.")

    class Meta:
        verbose_name = "rejected row"
        constraints = [
            models.UniqueConstraint(fields=["file", "record"], name="rejection_once_per_record"),
            models.CheckConstraint(condition=~Q(code=""), name="rejection_says_why"),
        ]

    def __str__(self) -> str:
        return f"Rejection {self.pk} {self.code}"
