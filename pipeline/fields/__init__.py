"""One field of a lead each: addresses, phones, places, names. Pure, but for the look-up of mail servers."""

from __future__ import annotations
