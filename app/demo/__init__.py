"""The demo: a throw-away organisation with people, and incidents in every state. It sends nothing."""

from __future__ import annotations

from app.demo.bulk import fill_many
from app.demo.looms import PASSWORD, fill

__all__ = ["PASSWORD", "fill", "fill_many"]
