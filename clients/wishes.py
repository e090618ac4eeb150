"""What a client wants of its drafts: whose words, in which language, and who looks at them first."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Language(models.TextChoices):
    ENGLISH = "en", "English"
    GERMAN = "de", "German"
    FRENCH = "fr", "French"
    SPANISH = "es", "Spanish"
    ITALIAN = "it", "Italian"
    DUTCH = "nl", "Dutch"
    PORTUGUESE = "pt", "Portuguese"


class Tone(models.TextChoices):
    PLAIN = "PLAIN", "Plain: as one colleague to another"
    FRIENDLY = "FRIENDLY", "Friendly: warm and light"
    FORMAL = "FORMAL", "Formal: courteous, no jokes"


class Review(models.TextChoices):
    NONE = "NONE", "No draft"
    SAMPLE = "SAMPLE", "A sample"
    ALL = "ALL", "Every draft"


class Unreviewed(models.TextChoices):
    HOLD = "HOLD", "The lead waits for the review"
    TEMPLATE = "TEMPLATE", "The lead goes out with the template"


class Wishes(models.Model):
    """The part of a client that its drafts are written by."""

    offer = models.TextField(
        help_text="What this client sells, to whom, in one or two sentences, in the language of the"
        " drafts. AI may say nothing that does not stand here, or in the lead's row."
    )
    call_to_action = models.TextField(
        blank=True,
        help_text="How a draft ends, in the language of the drafts, such as: Would a 15-minute"
        " call next week suit you? A link that drafts may hold must stand here or in the offer.",
    )
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.ENGLISH)
    tone = models.CharField(max_length=8, choices=Tone.choices, default=Tone.PLAIN)

    sender_name = models.CharField(max_length=120, help_text="Who signs the drafts.")
    footer = models.TextField(
        blank=True,
        help_text="Who writes, with an address, and how to hear no more. Put below every draft,"
        " whoever wrote it. Blank: sender, client and a sentence in the language of the drafts.",
    )

    review = models.CharField(
        "a person looks at",
        max_length=6,
        choices=Review.choices,
        default=Review.NONE,
        help_text="Before anything that AI wrote goes out. Templates are not reviewed.",
    )
    review_percent = models.PositiveSmallIntegerField(
        "of a sample, %", default=10, help_text="How many of 100 drafts, where it is a sample."
    )
    unreviewed = models.CharField(
        "not reviewed by the next run",
        max_length=8,
        choices=Unreviewed.choices,
        default=Unreviewed.HOLD,
        help_text="Until then the lead is kept for this client and counts against no cap.",
    )

    class Meta:
        abstract = True


CONSTRAINTS = (
    models.CheckConstraint(
        condition=Q(language__in=Language.values), name="client_language_is_offered"
    ),
    models.CheckConstraint(condition=Q(tone__in=Tone.values), name="client_tone_is_known"),
    models.CheckConstraint(condition=Q(review__in=Review.values), name="client_review_is_known"),
    models.CheckConstraint(
        condition=Q(review_percent__gte=1, review_percent__lte=100),
        name="client_review_percent_is_1_to_100",
        violation_error_message="From 1 to 100.",
    ),
    models.CheckConstraint(
        condition=Q(unreviewed__in=Unreviewed.values), name="client_unreviewed_is_known"
    ),
)
