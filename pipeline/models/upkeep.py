"""Which outside services answer, and which of our own processes live."""

from __future__ import annotations

from django.db import models


class ServiceState(models.Model):
    """The breaker of one outside service (design, 7). `pipeline.services` alone writes it."""

    service = models.CharField(max_length=20, unique=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    open_until = models.DateTimeField(null=True, help_text="Not asked before this moment.")
    since = models.DateTimeField(null=True, help_text="When it last stopped answering.")
    reason = models.CharField(
        max_length=40, blank=True, db_default="", help_text="Why, where more is known than silence."
    )
    last_error = models.TextField(blank=True)
    next_slot_at = models.DateTimeField(
        null=True, help_text="Where its requests are spaced out: when the next one may go."
    )

    def __str__(self) -> str:
        return f"{self.service}, {self.failures} failures"


class Heartbeat(models.Model):
    """A sign of life: `tick`, or `worker:host:pid`."""

    name = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "process"
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return self.name
