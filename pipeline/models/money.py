"""What the AI may cost, and what it did: `pipeline.budget` alone writes these."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from clients.models import Client
from pipeline.models.leads import Lead
from pipeline.models.runs import Chunk, Run


class BudgetScope(models.TextChoices):
    RUN = "RUN", "Run"
    DAY = "DAY", "Day"


class AiBudget(models.Model):
    """The cap of one run or one day. Money is reserved here before a call, so no cap is passed."""

    scope = models.CharField(max_length=3, choices=BudgetScope.choices)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, related_name="ai_budgets")
    day = models.DateField(null=True, help_text="In TIME_ZONE.")

    cap_micros = models.BigIntegerField(help_text="Millionths of a dollar.")
    reserved_micros = models.BigIntegerField(default=0, help_text="For calls under way.")
    spent_micros = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(scope=BudgetScope.RUN, run__isnull=False, day=None)
                | Q(scope=BudgetScope.DAY, run=None, day__isnull=False),
                name="ai_budget_is_of_a_run_or_a_day",
            ),
            models.UniqueConstraint(fields=["run"], name="ai_budget_once_per_run"),
            models.UniqueConstraint(fields=["day"], name="ai_budget_once_per_day"),
            models.CheckConstraint(
                condition=Q(reserved_micros__gte=0, spent_micros__gte=0)
                & Q(cap_micros__gte=F("reserved_micros") + F("spent_micros")),
                name="ai_budget_is_never_passed",
            ),
        ]

    def __str__(self) -> str:
        return f"Budget of {self.scope.lower()} {self.run_id or self.day}"


class CallOutcome(models.TextChoices):
    RESERVED = "RESERVED", "Under way"
    PAID = "PAID", "Paid"
    REFUSED = "REFUSED", "Not charged"
    LOST = "LOST", "No answer came; counts as paid"


class AiCallQuerySet(models.QuerySet["AiCall"]):
    def under_way(self) -> AiCallQuerySet:
        return self.filter(outcome=CallOutcome.RESERVED)

    def charged(self) -> AiCallQuerySet:
        """Calls that cost money, as far as we know."""
        return self.filter(outcome__in=[CallOutcome.PAID, CallOutcome.LOST])


class AiCall(models.Model):
    """One call that may cost money; the ledger is only ever added to and settled once."""

    run = models.ForeignKey(
        Run,
        on_delete=models.PROTECT,
        null=True,
        related_name="ai_calls",
        db_index=False,  # found by ai_call_of_a_pair
        help_text="Blank: somebody at the desk asked.",
    )
    client = models.ForeignKey(
        Client, on_delete=models.SET_NULL, null=True, related_name="ai_calls"
    )  # the money stays spent when the client or the lead has gone
    lead = models.ForeignKey(Lead, on_delete=models.SET_NULL, null=True, related_name="ai_calls")
    chunk = models.ForeignKey(Chunk, on_delete=models.SET_NULL, null=True, related_name="+")
    attempt = models.PositiveIntegerField(default=0, help_text="The chunk's, when it was reserved.")
    day = models.DateField(help_text="The day whose budget it came from.")

    model = models.CharField(max_length=80)
    reserved_micros = models.BigIntegerField(help_text="The most that it can cost.")
    micros = models.BigIntegerField(default=0, help_text="Millionths of a dollar that it cost.")
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    ms = models.PositiveIntegerField(default=0)
    outcome = models.CharField(
        max_length=8, choices=CallOutcome.choices, default=CallOutcome.RESERVED
    )
    reason = models.CharField(max_length=40, blank=True, help_text="Why it gave no draft.")

    created_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(help_text="Unsettled after this, it is lost.")

    objects = AiCallQuerySet.as_manager()

    class Meta:
        verbose_name = "AI call"
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=CallOutcome.values), name="ai_call_outcome_is_known"
            ),
            models.CheckConstraint(
                condition=Q(reserved_micros__gte=0, micros__gte=0),
                name="ai_call_costs_no_less_than_0",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=Q(outcome=CallOutcome.RESERVED),
                name="ai_call_under_way",
            ),
            models.Index(fields=["run", "lead", "client"], name="ai_call_of_a_pair"),
            models.Index(fields=["day", "client"], name="ai_call_of_a_day"),
        ]

    def __str__(self) -> str:
        return f"Call {self.pk} {self.outcome}"
