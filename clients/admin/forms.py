"""The forms in which a client's terms and rules are typed, and how they are read."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from unfold import widgets  # type: ignore[import-untyped]

from clients.admin.plans import CAPS, cap_in_words
from clients.models import Client, TargetRule
from clients.targeting import BadRule, Operator, Rule
from clients.terms import ISO_WEEKDAYS
from pipeline.admin.desk import ZONES
from pipeline.mapping import FIELDS

FIELD_NAMES = "lead-field-names"  # the id of the list that the browser offers
WEEKDAYS = [(day, f"{dt.date(2024, 1, day):%A}") for day in ISO_WEEKDAYS]  # a Monday's week
# Field → the least and the most, and the constraint that says so of the whole form otherwise.
RANGES = {
    "weight": (1, None, "client_weight_is_1_or_more"),
    "max_per_domain": (1, None, "client_max_per_domain_is_1_or_more"),
    "max_lead_age_days": (1, None, "client_lead_age_is_1_or_more"),
    "review_percent": (1, 100, "client_review_percent_is_1_to_100"),
    "access_days": (1, 365, "client_access_days_are_1_to_365"),
}
_SAYS = {rule.name: str(rule.violation_error_message) for rule in Client._meta.constraints}  # noqa: SLF001
_COMMA = re.compile(r",(?!(?<=\d,)\d{3}(?!\d))")  # but not the one in 1,001


class ClientForm(forms.ModelForm[Client]):
    """A client's own caps win over its plan's, so a blank one means the plan's."""

    time_zone = forms.ChoiceField(
        choices=ZONES,
        initial="UTC",
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="Days, weeks and months of the caps begin at this zone's midnight.",
    )
    delivery_days = forms.TypedMultipleChoiceField(
        choices=WEEKDAYS,
        coerce=int,
        required=False,
        initial=list(ISO_WEEKDAYS),
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="By the client's own days. Without any, nothing is delivered.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan = self.instance.plan if self.instance.plan_id else None
        for name in (*CAPS, "max_per_domain"):
            plans = f", {cap_in_words(getattr(plan, name))}" if plan else ""
            zero = " 0: none." if name in CAPS else ""
            self.fields[name].help_text = f"Blank: the plan's{plans}.{zero}"
        self.fields["max_lead_age_days"].help_text = (
            f"No lead that came in longer ago. Blank: {settings.MAX_LEAD_AGE_DAYS},"
            " as for all (MAX_LEAD_AGE_DAYS)."
        )
        self.fields["emails"].error_messages["item_invalid"] = "Address %(nth)s:"
        self._keep_unknown_zone()
        for name, (least, most, rule) in RANGES.items():
            validators = self.fields[name].validators
            validators.append(MinValueValidator(least, _SAYS[rule]))
            if most is not None:
                validators.append(MaxValueValidator(most, _SAYS[rule]))

    def clean_emails(self) -> list[str]:
        """One mailbox once, however it is written: each address gets a mail of its own."""
        first: dict[str, str] = {}
        for address in self.cleaned_data["emails"]:
            first.setdefault(address.lower(), address)
        return list(first.values())

    def clean_ends_on(self) -> dt.date | None:
        starts, ends = self.cleaned_data.get("starts_on"), self.cleaned_data["ends_on"]
        if starts and ends and ends < starts:
            raise forms.ValidationError(_SAYS["client_ends_after_it_starts"])
        return ends  # type: ignore[no-any-return]

    def clean_columns(self) -> list[str]:
        """Own columns hold the address, and no header twice: tools would take either for none."""
        entries: list[str] = self.cleaned_data["columns"]
        headers = [entry.partition("=")[0].strip() for entry in entries]
        fields = {entry.rpartition("=")[2].strip() for entry in entries}
        twice = sorted({name for name in headers if headers.count(name) > 1})
        if entries and "email" not in fields:
            raise forms.ValidationError("A file without the column email is of no use: add it.")
        if twice:
            raise forms.ValidationError(f"Two columns would be called {twice[0]}.")
        return entries

    def _keep_unknown_zone(self) -> None:
        """A zone that has left the time zone data is shown as it stands, not swapped in silence."""
        zone, known = self.instance.time_zone, dict(ZONES)
        if self.instance.pk and zone not in known:
            field = self.fields["time_zone"]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  (declared above)
            field.choices = [(zone, f"{zone}, which is unknown"), *ZONES]


class ValuesField(forms.CharField):
    """Values between commas; the comma within 1,001 parts thousands, not values."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value)
        return [part.strip() for part in _COMMA.split(text) if part.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class TargetRuleForm(forms.ModelForm[TargetRule]):
    values = ValuesField(
        max_length=2_000,
        widget=widgets.UnfoldAdminTextInputWidget(attrs={"placeholder": "Germany, Austria"}),
        help_text="Separated by commas. Contains: whole words, an asterisk for any ending (market*)."
        " Between: ranges (11-200, 10k+) or two numbers, from and to; a lead's range fits where"
        " it meets them.",
    )

    class Meta:
        model = TargetRule
        fields = ("field", "operator", "values", "accept_missing")
        widgets = {"field": widgets.UnfoldAdminTextInputWidget(attrs={"list": FIELD_NAMES})}

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if {"field", "operator", "values"} <= found.keys():
            try:
                as_rule(found).check()
            except BadRule as bad:
                raise forms.ValidationError(str(bad)) from None
        return found


def as_rule(cleaned: dict[str, Any]) -> Rule:
    """The rule that a valid form describes."""
    return Rule(
        field=cleaned["field"].strip(),
        operator=Operator(cleaned["operator"]),
        values=tuple(cleaned["values"]),
        accept_missing=bool(cleaned.get("accept_missing")),
    )


def field_names() -> tuple[str, ...]:
    """What a rule may look at, to choose from; a file's own columns may be typed as well."""
    return FIELDS
