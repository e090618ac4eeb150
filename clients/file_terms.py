"""How a client gets its leads: which columns, in which kind of file, where, and who may open it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class FileKind(models.TextChoices):
    EXCEL = "EXCEL", "CSV that Excel opens (BOM, CRLF)"
    PLAIN = "PLAIN", "Plain CSV (no BOM, LF)"
    XLSX = "XLSX", "Excel workbook (.xlsx)"


class Place(models.TextChoices):
    DRIVE = "DRIVE", "Google Drive, where it is set up"
    LINK = "LINK", "Our own link"


class Access(models.TextChoices):
    ADDRESSES = "ADDRESSES", "The client's addresses only"
    ANYONE = "ANYONE", "Anyone with the link"


class FileTerms(models.Model):
    file_kind = models.CharField(max_length=5, choices=FileKind.choices, default=FileKind.EXCEL)
    columns = ArrayField(
        models.CharField(max_length=120),
        default=list,
        blank=True,
        help_text="Comma-separated, in the order of the file; header=field names a column anew,"
        " such as personalization=icebreaker. Blank: the usual ones.",
    )
    extra_columns = ArrayField(
        models.CharField(max_length=120),
        default=list,
        blank=True,
        help_text="Further columns for this client's file: field or column names, comma-separated;"
        " spam_score for how much a draft looks like spam, 0 to 10.",
    )
    place = models.CharField(
        "where its files go", max_length=5, choices=Place.choices, default=Place.DRIVE
    )
    access = models.CharField(
        "who may open them on Drive",
        max_length=9,
        choices=Access.choices,
        default=Access.ADDRESSES,
        help_text="Addresses without a Google account need the link, or our own link instead.",
    )
    access_days = models.PositiveSmallIntegerField(
        "for how many days on Drive",
        null=True,
        blank=True,
        help_text="After that the addresses can no longer open a file. Blank: for ever.",
    )

    class Meta:
        abstract = True


# Not in FileTerms.Meta: a class with a Meta of its own would not inherit them.
CONSTRAINTS = [
    models.CheckConstraint(
        condition=Q(file_kind__in=FileKind.values), name="client_file_kind_is_known"
    ),
    models.CheckConstraint(condition=Q(place__in=Place.values), name="client_place_is_known"),
    models.CheckConstraint(condition=Q(access__in=Access.values), name="client_access_is_known"),
    models.CheckConstraint(
        condition=Q(access_days=None) | Q(access_days__gte=1, access_days__lte=365),
        name="client_access_days_are_1_to_365",
        violation_error_message="Google lets access end within a year: give 1 to 365 days.",
    ),
]
