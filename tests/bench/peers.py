"""How others do it, as their documentation begins; nothing of our pipeline's code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tablib
from django.apps import apps
from import_export import fields, resources


def import_leads(path: str) -> int:
    """Import a CSV file by django-import-export's defaults; returns how many rows it made."""
    lead, lead_file = apps.get_model("pipeline.Lead"), apps.get_model("pipeline.LeadFile")
    owner = lead_file.objects.order_by("-pk")[0]

    class LeadResource(resources.ModelResource):  # type: ignore[misc]  # the library is untyped
        email = fields.Field(attribute="email", column_name="Email")
        first_name = fields.Field(attribute="first_name", column_name="First Name")
        last_name = fields.Field(attribute="last_name", column_name="Last Name")
        title = fields.Field(attribute="title", column_name="Title")
        company = fields.Field(attribute="company", column_name="Company")
        country = fields.Field(attribute="country", column_name="Country")

        class Meta:
            model = lead
            import_id_fields = ("email",)
            fields = ("email", "first_name", "last_name", "title", "company", "country")

        def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
            number = kwargs["row_number"]
            instance.file, instance.run, instance.status = owner, owner.run, "NEW"
            instance.record, instance.line = 1_000_000 + number, number
            instance.key = f"00000000-0000-0000-0000-{number:012}"

    rows = tablib.Dataset().load(Path(path).read_text(encoding="utf-8"), format="csv")
    result = LeadResource().import_data(rows, raise_errors=True)
    return int(result.totals["new"])
