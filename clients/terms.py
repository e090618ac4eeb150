"""What a client agreed to beside its caps: when it is served, how fast, how much, how fresh.

Blank means no limit, 0 means none, everywhere; the help texts say so (spec A1).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

ISO_WEEKDAYS = (1, 2, 3, 4, 5, 6, 7)  # Monday is 1


class Pacing(models.TextChoices):
    ASAP = "ASAP", "As soon as possible"
    EVEN = "EVEN", "Evenly over the month"


class CarryOver(models.TextChoices):
    NONE = "NONE", "Not carried over"
    LAST_MONTH = "LAST_MONTH", "Carried into the next month"


def every_day() -> list[int]:
    return list(ISO_WEEKDAYS)


class Terms(models.Model):
    """The terms that are a client's own; those of its plan are caps and price."""

    weight = models.PositiveSmallIntegerField(
        default=1,
        help_text="Its share beside others of the same priority, where no cap says how many"
        " leads it is due: 2 gets twice as many as 1.",
    )
    delivery_days = ArrayField(
        models.PositiveSmallIntegerField(),
        default=every_day,
        blank=True,
        help_text="Its own weekdays, by its time zone. Without any, nothing is delivered.",
    )
    pacing = models.CharField(
        max_length=4,
        choices=Pacing.choices,
        default=Pacing.ASAP,
        help_text="Evenly: what is left of the month is shared out over the delivery days left"
        " in it, rounded up; what a day does not use falls to the days after it."
        " Needs a cap for the month, or a money limit.",
    )
    carry_over = models.CharField(
        "unfilled month",
        max_length=10,
        choices=CarryOver.choices,
        default=CarryOver.NONE,
        help_text="Carried: what the last month lacked of its cap is added to this month's,"
        " at most once; a month that the client joined in carries nothing.",
    )
    money_limit_cents = models.PositiveIntegerField(
        "money limit a month (cents)",
        null=True,
        blank=True,
        help_text="The price of the leads of a calendar month stays within it; returned leads"
        " do not count. Blank: unlimited. 0: none.",
    )
    max_lead_age_days = models.PositiveSmallIntegerField(
        "oldest lead (days)",
        null=True,
        blank=True,
        help_text="No lead that came in longer ago. Blank: MAX_LEAD_AGE_DAYS.",
    )
    starts_on = models.DateField(
        null=True, blank=True, help_text="The first day with leads. Blank: at once."
    )
    ends_on = models.DateField(
        null=True, blank=True, help_text="The last day with leads. Blank: never."
    )
    paused_until = models.DateField(
        null=True, blank=True, help_text="No leads up to and including this day."
    )

    class Meta:
        abstract = True


# Not in Terms.Meta: a class with a Meta of its own would not inherit them.
CONSTRAINTS = [
    models.CheckConstraint(
        condition=Q(weight__gte=1),
        name="client_weight_is_1_or_more",
        violation_error_message="A weight is 1 or more; to give nothing, pause the client.",
    ),
    models.CheckConstraint(
        condition=Q(delivery_days__contained_by=list(ISO_WEEKDAYS)),
        name="client_delivery_days_are_weekdays",
    ),
    models.CheckConstraint(
        condition=Q(pacing__in=Pacing.values),
        name="client_pacing_is_known",
    ),
    models.CheckConstraint(
        condition=Q(carry_over__in=CarryOver.values),
        name="client_carry_over_is_known",
    ),
    models.CheckConstraint(
        condition=Q(max_lead_age_days=None) | Q(max_lead_age_days__gte=1),
        name="client_lead_age_is_1_or_more",
        violation_error_message="A lead is at least one day fresh: give 1 or more, or nothing.",
    ),
    models.CheckConstraint(
        condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
        name="client_ends_after_it_starts",
        violation_error_message="The last day lies before the first.",
    ),
    models.CheckConstraint(
        condition=Q(max_per_domain=None) | Q(max_per_domain__gte=1),
        name="client_max_per_domain_is_1_or_more",
        violation_error_message="At least one lead a company, or no limit: leave it blank.",
    ),
]
