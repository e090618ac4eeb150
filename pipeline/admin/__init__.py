"""The operator's desk for what comes in, what happens to it, and what keeps it going."""

from __future__ import annotations

from django.contrib import admin

from pipeline.admin import (
    lead_files,
    leads,
    money,
    profiles,
    prompts,
    review,
    runs,
    schedule,
    upkeep,
    users,
)

admin.site.index_template = "desk/overview.html"
admin.site.index_title = "Overview"

__all__ = [
    "lead_files",
    "leads",
    "money",
    "profiles",
    "prompts",
    "review",
    "runs",
    "schedule",
    "upkeep",
    "users",
]
