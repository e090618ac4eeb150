"""The operator's desk for what goes out: deliveries, the leads in them, the mails about them."""

from __future__ import annotations

from deliveries.admin import deliveries, leads, mails

__all__ = ["deliveries", "leads", "mails"]
