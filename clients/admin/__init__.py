"""The operator's desk for clients, their plans, and who must never be written to."""

from __future__ import annotations

from clients.admin import clients, plans, suppressions

__all__ = ["clients", "plans", "suppressions"]
