"""Google Drive: `client` puts files there, `sharing` says who may read them, `probe` tries it out.

Importing the package loads none of Google's libraries; its modules do.
"""

from __future__ import annotations

from django.conf import settings

SERVICE = "drive"


def is_configured() -> bool:
    return bool(settings.GOOGLE_DRIVE_CREDENTIALS)


def probe() -> str:
    """Make, share, read and delete a small file; a sentence that says what works.

    Raises TransientError, PermanentError or ConfigError with the sentence that says what does not.
    """
    from leadgen.integrations.drive import probing  # noqa: PLC0415  (Google's libraries)

    return probing.probe()
