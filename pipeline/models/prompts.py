"""What an AI is asked, version by version, so that every draft can name the words it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

WHOLE = 100


class PromptQuerySet(models.QuerySet["Prompt"]):
    def in_use(self) -> Self:
        """One version, or two that are tried against each other."""
        return self.filter(share__gt=0)

    def put_in_use(self, shares: Mapping[int, int]) -> None:
        """From now on leads get these versions: id → percent, 100 in all."""
        if sum(shares.values()) != WHOLE or min(shares.values()) < 1:
            raise ValueError(f"shares must be 1 or more and make 100, not {dict(shares)}")
        with transaction.atomic():
            list(self.select_for_update().order_by("pk").values_list("pk"))
            self.exclude(pk__in=shares).update(share=0)
            for prompt_id, share in shares.items():
                self.filter(pk=prompt_id).update(share=share)


class Prompt(models.Model):
    """One version of what an AI is asked. One that has been used is never changed."""

    version = models.PositiveIntegerField(unique=True, editable=False)
    text = models.TextField(
        "what the AI is asked",
        help_text="Plain language. {{title}} names a field or column of the lead, {{title: in"
        " charge}} says what to write where it is missing; without that, a lead that lacks it gets"
        " the template and waits for a person. {{client_name}}, {{sender_name}}, {{offer}} and"
        " {{call_to_action}} are the client's.",
    )
    note = models.CharField(
        max_length=200, blank=True, help_text="What is different, for whoever reads the results."
    )
    share = models.PositiveSmallIntegerField(
        "% of leads", default=0, editable=False, help_text="0: not in use."
    )

    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PromptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(share__lte=WHOLE), name="prompt_share_is_percent"),
            models.CheckConstraint(condition=~Q(text=""), name="prompt_says_something"),
        ]

    def __str__(self) -> str:
        return self.label

    # Queries

    def is_used(self) -> bool:
        """Whether leads get it, or a draft was asked for with it."""
        return self.share > 0 or self.drafts.exists()

    # Properties

    @property
    def label(self) -> str:
        return f"v{self.version}"
