"""What the words of a header row mean, and what a column may be. Pure; `pipeline.mapping` is the door."""

from __future__ import annotations
