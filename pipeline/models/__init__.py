"""What came in and what happened to it."""

from __future__ import annotations

from pipeline.models.drafts import Draft, ForecastPair, Review, TriedDraft
from pipeline.models.lead_files import LeadFile, Rejection, SourceProfile
from pipeline.models.leads import Lead, LeadChange, LeadStatus
from pipeline.models.money import AiBudget, AiCall
from pipeline.models.prompts import Prompt
from pipeline.models.runs import Chunk, Run, RunClient, StageRun
from pipeline.models.upkeep import Heartbeat, ServiceState

__all__ = [
    "AiBudget",
    "AiCall",
    "Chunk",
    "Draft",
    "ForecastPair",
    "Heartbeat",
    "Lead",
    "LeadChange",
    "LeadFile",
    "LeadStatus",
    "Prompt",
    "Rejection",
    "Review",
    "Run",
    "RunClient",
    "ServiceState",
    "SourceProfile",
    "StageRun",
    "TriedDraft",
]
