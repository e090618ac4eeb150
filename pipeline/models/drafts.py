"""The words written for a lead and a client, and for which pairs words are wanted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clients.models import Client
from pipeline.models.leads import Lead
from pipeline.models.runs import Run


class ForecastPair(models.Model):
    """A pair that tonight's forecast expects to meet: only such pairs are worth a draft."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="forecast_pairs")
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


class Draft(models.Model):
    """A cold e-mail and an icebreaker. Where a template stood in, it says so and why (spec P7)."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="drafts")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="drafts")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="drafts")
    cache_key = models.CharField(
        max_length=64, help_text="Hash of the lead's content, the offer and the template."
    )

    source = models.CharField(max_length=8, choices=DraftSource.choices)
    reason = models.CharField(max_length=40, blank=True, help_text="Why no AI wrote it.")
    subject = models.TextField()
    body = models.TextField()
    icebreaker = models.TextField()

    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lead", "client"], name="draft_once_per_pair"),
            models.CheckConstraint(
                condition=Q(source__in=DraftSource.values), name="draft_source_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(source=DraftSource.TEMPLATE) | ~Q(reason=""),
                name="draft_template_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"Draft {self.pk} {self.source}"
