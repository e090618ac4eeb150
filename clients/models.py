"""Who pays, for what, and who must never be written to."""

from __future__ import annotations

import uuid
import zoneinfo
from collections.abc import Iterable
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clients import file_terms, terms, wishes, wording
from clients.targeting import Operator, Rule

WINDOWS = ("day", "week", "month", "total")
_UNLIMITED = "Blank: unlimited. 0: none."


def check_time_zone(name: str) -> None:
    """Raise ValidationError where the name is no IANA time zone."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(f"{name} is no time zone. Give one like Europe/Berlin.") from None


class Caps(models.Model):
    """At most so many leads in each window; windows are the client's own days and months."""

    cap_day = models.PositiveIntegerField(
        "leads a day", null=True, blank=True, help_text=_UNLIMITED
    )
    cap_week = models.PositiveIntegerField(
        "leads a week", null=True, blank=True, help_text=f"Monday to Sunday. {_UNLIMITED}"
    )
    cap_month = models.PositiveIntegerField(
        "leads a month", null=True, blank=True, help_text=f"Calendar month. {_UNLIMITED}"
    )
    cap_total = models.PositiveIntegerField(
        "leads in all", null=True, blank=True, help_text=_UNLIMITED
    )

    max_per_domain = models.PositiveSmallIntegerField(
        "leads of one company",
        null=True,
        blank=True,
        help_text="In a calendar month, by the company's domain; free mailboxes do not count."
        " Blank: unlimited.",
    )

    class Meta:
        abstract = True


class Plan(Caps):
    name = models.CharField(max_length=120, unique=True)

    price_cents = models.PositiveIntegerField(
        "price per lead (cents)", default=0, help_text="What the client owes for one lead."
    )
    currency = models.CharField(max_length=3, default="USD")
    exclusive_only = models.BooleanField(
        default=True, help_text="Only leads that no other client gets."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="plan_currency_is_iso_4217"
            ),
            models.CheckConstraint(
                condition=Q(max_per_domain=None) | Q(max_per_domain__gte=1),
                name="plan_max_per_domain_is_1_or_more",
                violation_error_message="At least one lead a company, or no limit: leave it blank.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ClientStatus(models.TextChoices):
    ACTIVE = "ACTIVE", "Active"
    PAUSED = "PAUSED", "Paused"
    ENDED = "ENDED", "Ended"


class ClientQuerySet(models.QuerySet["Client"]):
    def active(self) -> Self:
        return self.filter(status=ClientStatus.ACTIVE)


class Client(Caps, terms.Terms, wishes.Wishes, file_terms.FileTerms, wording.MailWords):
    """A paying client. Its own caps win over its plan's; blank ones are the plan's."""

    name = models.CharField(max_length=200, unique=True)
    status = models.CharField(
        max_length=8, choices=ClientStatus.choices, default=ClientStatus.ACTIVE
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="clients")
    priority = models.PositiveSmallIntegerField(
        default=2, choices=[(1, "1, first"), (2, "2"), (3, "3, last")]
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[check_time_zone],
        help_text="Days, weeks and months of the caps begin at this zone's midnight.",
    )
    emails = ArrayField(
        models.EmailField(),
        size=5,
        help_text="Up to five addresses, separated by commas. Each gets its own mail.",
    )

    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ClientStatus.values), name="client_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=1, priority__lte=3), name="client_priority_is_1_to_3"
            ),
            models.CheckConstraint(
                condition=Q(emails__len__gte=1, emails__len__lte=5),
                name="client_has_1_to_5_emails",
            ),
            *terms.CONSTRAINTS,
            *wishes.CONSTRAINTS,
            *file_terms.CONSTRAINTS,
        ]

    def __str__(self) -> str:
        return self.name

    # Properties

    def cap(self, window: str) -> int | None:
        """The cap for `day`, `week`, `month` or `total`; None is unlimited."""
        own: int | None = getattr(self, f"cap_{window}")
        return own if own is not None else getattr(self.plan, f"cap_{window}")

    @property
    def domain_limit(self) -> int | None:
        """Leads of one company at most; None is unlimited."""
        return self.max_per_domain if self.max_per_domain is not None else self.plan.max_per_domain

    def rules(self) -> tuple[Rule, ...]:
        """The client's targeting rules; all must accept a lead."""
        return tuple(
            rule.as_rule() for rule in sorted(self.target_rules.all(), key=lambda rule: rule.pk)
        )


class TargetRule(models.Model):
    """One condition on one field of a lead; all of a client's rules must hold (spec A5)."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="target_rules")
    field = models.CharField(
        max_length=120, help_text="A lead's field, such as country or title, or a column's name."
    )
    operator = models.CharField(
        max_length=12, choices=[(operator.value, operator.label) for operator in Operator]
    )
    values = ArrayField(models.CharField(max_length=200), help_text="Separated by commas.")
    accept_missing = models.BooleanField(
        default=False, help_text="Whether a lead that lacks the field is accepted."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "field", "operator"], name="rule_once_per_client_and_field"
            ),
            models.CheckConstraint(
                condition=Q(operator__in=[operator.value for operator in Operator]),
                name="rule_operator_is_known",
            ),
            models.CheckConstraint(condition=Q(values__len__gte=1), name="rule_has_values"),
        ]

    def __str__(self) -> str:
        return str(self.as_rule())

    def as_rule(self) -> Rule:
        return Rule(
            field=self.field,
            operator=Operator(self.operator),
            values=tuple(self.values),
            accept_missing=self.accept_missing,
        )


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def everywhere(self) -> Self:
        return self.filter(client=None)

    def add(
        self, keys: Iterable[uuid.UUID], *, kind: str = "ADDRESS", client: Client | None = None
    ) -> int:
        """Suppress these keys; those that already are stay as they are. Returns how many are new."""
        wanted = set(keys)
        known = set(
            self.filter(kind=kind, client=client, key__in=wanted).values_list("key", flat=True)
        )
        self.bulk_create(
            [Suppression(kind=kind, key=key, client=client) for key in sorted(wanted - known)],
            ignore_conflicts=True,
        )
        return len(wanted - known)


class Suppression(models.Model):
    """Somebody who must not be sold: only a keyed hash, which outlives the lead (spec C1, D5)."""

    class Kind(models.TextChoices):
        ADDRESS = "ADDRESS", "Address"
        DOMAIN = "DOMAIN", "Domain, with all below it"
        PHONE = "PHONE", "Phone"

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.ADDRESS)
    key = models.UUIDField(
        help_text="HMAC under SUPPRESSION_KEY of the address, the domain, or the phone's digits."
    )
    client = models.ForeignKey(
        Client,
        on_delete=models.CASCADE,  # a client's own list means nothing without the client
        null=True,
        blank=True,
        related_name="suppressions",
        help_text="Blank: nobody gets this person.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key", "client"],
                nulls_distinct=False,
                name="suppression_once_per_key_and_client",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["ADDRESS", "DOMAIN", "PHONE"]),
                name="suppression_kind_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"Suppression {self.pk}"


class KeyFingerprint(models.Model):
    """Which SUPPRESSION_KEY this database was filled under: one row, made at the first start."""

    fingerprint = models.CharField(max_length=16)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="key_fingerprint_is_one")]

    def __str__(self) -> str:
        return self.fingerprint
