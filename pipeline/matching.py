"""How many of the last leads some rules would take: before a client is promised them (spec A5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clients.targeting import Rule
from pipeline.models import Lead

LAST_LEADS = 1_000


@dataclass(frozen=True, kw_only=True)
class RuleEffect:
    """What one rule refuses: by itself, and of that what no other rule refuses as well."""

    rule: Rule
    refuses: int
    refuses_alone: int
    lacking: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    matches: int
    of: int
    effects: tuple[RuleEffect, ...]

    @property
    def empty_fields(self) -> list[str]:
        """Fields of rules about which none of the leads says anything."""
        return sorted(
            {each.rule.field for each in self.effects if self.of and each.lacking == self.of}
        )


def preview(rules: Sequence[Rule]) -> Preview:
    """Try the rules on the last leads that came in and are live."""
    leads = list(Lead.objects.live().order_by("-pk")[:LAST_LEADS])
    texts = [[lead.value(rule.field) for lead in leads] for rule in rules]
    return judge(rules, texts, of=len(leads))


def judge(rules: Sequence[Rule], texts: Sequence[Sequence[str]], *, of: int) -> Preview:
    """`texts[r][n]`: what lead n says in the field of rule r. Pure."""
    refused = [
        [not accepted for accepted in rule.accepts_many(each)]
        for rule, each in zip(rules, texts, strict=True)
    ]
    refusals = [sum(column) for column in zip(*refused, strict=True)] if rules else [0] * of
    return Preview(
        matches=refusals.count(0),
        of=of,
        effects=tuple(
            RuleEffect(
                rule=rule,
                refuses=sum(row),
                refuses_alone=sum(no and n == 1 for no, n in zip(row, refusals, strict=True)),
                lacking=sum(not text.strip() for text in each),
            )
            for rule, row, each in zip(rules, refused, texts, strict=True)
        ),
    )
