"""The words written for a lead and a client, and for which pairs words are wanted."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clients.models import Client
from pipeline.models.leads import Lead, LeadStatus
from pipeline.models.prompts import Prompt
from pipeline.models.runs import Run


class ForecastPair(models.Model):
    """A pair that tonight's forecast expects to meet: only such pairs are worth a draft."""

    run = models.ForeignKey(  # found by forecast_pair_once
        Run, on_delete=models.CASCADE, related_name="forecast_pairs", db_index=False
    )
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="forecast_pairs")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="forecast_pairs")
    is_reserve = models.BooleanField(
        default=False, db_default=False, help_text="Expected to get it only should others fall out."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "lead", "client"], name="forecast_pair_once"),
        ]

    def __str__(self) -> str:
        return f"Lead {self.lead_id} for client {self.client_id}"


class DraftSource(models.TextChoices):
    AI = "AI", "AI"
    TEMPLATE = "TEMPLATE", "Template"
    HUMAN = "HUMAN", "Human"


class Review(models.TextChoices):
    NONE = "NONE", "Not asked for"
    PENDING = "PENDING", "Waits for a person"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"


class DraftQuerySet(models.QuerySet["Draft"]):
    def waiting(self) -> Self:
        """Drafts that a person is to look at while that still matters."""
        return self.filter(review=Review.PENDING, lead__status=LeadStatus.READY)


class Draft(models.Model):
    """A cold e-mail and an icebreaker. Where a template stood in, it says so and why (spec P7).

    What the row holds may go out, unless it is PENDING: then its lead waits for a person.
    `body` bears neither signature nor footer; they are put below as the file is made.
    """

    lead = models.ForeignKey(  # found by draft_once_per_pair
        Lead, on_delete=models.CASCADE, related_name="drafts", db_index=False
    )
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="drafts", db_index=False
    )  # draft_of_a_delivery begins with it
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="drafts")
    cache_key = models.CharField(
        max_length=64,
        help_text="Hash of the lead's content, the offer, the prompt and the model; blank: to be"
        " written anew.",
    )

    source = models.CharField(max_length=8, choices=DraftSource.choices)
    reason = models.CharField(max_length=40, blank=True, help_text="Why no AI wrote it.")
    subject = models.TextField()
    body = models.TextField()
    icebreaker = models.TextField()

    prompt = models.ForeignKey(
        Prompt, on_delete=models.PROTECT, null=True, blank=True, related_name="drafts"
    )
    model = models.CharField(max_length=80, blank=True, db_default="")
    spam_score = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="0, like a colleague's mail, to 10. Advice only."
    )

    review = models.CharField(
        max_length=8, choices=Review.choices, default=Review.NONE, db_default=Review.NONE
    )
    reviewed_by = models.CharField(max_length=150, blank=True, db_default="")
    reviewed_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(db_default=Now())

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lead", "client"], name="draft_once_per_pair"),
            models.CheckConstraint(
                condition=Q(review__in=Review.values), name="draft_review_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(review__in=[Review.APPROVED, Review.REJECTED]) | ~Q(reviewed_by=""),
                name="draft_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(source__in=DraftSource.values), name="draft_source_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(source=DraftSource.TEMPLATE) | ~Q(reason=""),
                name="draft_template_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["lead"], condition=Q(review="PENDING"), name="draft_waits"),
            models.Index(fields=["client", "run"], name="draft_of_a_delivery"),
        ]

    def __str__(self) -> str:
        return f"Draft {self.pk} {self.source}"


class TriedDraftQuerySet(models.QuerySet["TriedDraft"]):
    def forget_old(self) -> None:
        """Take out what no run has asked for in TriedDraft.KEPT."""
        self.filter(created_at__lt=Now() - TriedDraft.KEPT).delete()


class TriedDraft(models.Model):
    """What an AI answered when an operator tried a few of tonight's drafts (spec P2).

    Kept by its content, for its lead may still lie in a file: the run that asks for the same
    takes it from here, so that it is paid for once.
    """

    KEPT = dt.timedelta(days=7)  # words about people: not longer than somebody may want them

    cache_key = models.CharField(max_length=64, unique=True, help_text="As a draft's.")
    source = models.CharField(max_length=8, choices=DraftSource.choices)
    reason = models.CharField(max_length=40, blank=True, help_text="Why no AI wrote it.")
    subject = models.TextField()
    body = models.TextField()
    icebreaker = models.TextField()
    prompt = models.ForeignKey(
        Prompt, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    model = models.CharField(max_length=80, blank=True)
    spam_score = models.PositiveSmallIntegerField(default=0)

    micros = models.BigIntegerField(help_text="Millionths of a dollar that its calls cost.")
    objections = models.JSONField(
        default=list, help_text="What was wrong with answers that were refused."
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = TriedDraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=DraftSource.values), name="tried_draft_source_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(source=DraftSource.TEMPLATE) | ~Q(reason=""),
                name="tried_draft_template_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"Tried draft {self.pk} {self.source}"
