"""Bytes of any shape → records. Pure; `pipeline.leadfile` is the door."""

from __future__ import annotations
