"""What went out, to whom, and the mails about it."""

from __future__ import annotations

from deliveries.models.deliveries import (
    ACTIVE,
    RELEASED,
    WITH_FILE,
    DeliveredLead,
    DeliveredLeadStatus,
    Delivery,
    DeliveryStatus,
    Download,
    DriveFolder,
)
from deliveries.models.mails import Mail, MailStatus

__all__ = [
    "ACTIVE",
    "RELEASED",
    "WITH_FILE",
    "DeliveredLead",
    "DeliveredLeadStatus",
    "Delivery",
    "DeliveryStatus",
    "Download",
    "DriveFolder",
    "Mail",
    "MailStatus",
]
