"""Which settings were made outside the web interface, and where: pages show those without letting them change."""

from __future__ import annotations

import os

from app.config import Settings


def source(settings: Settings, name: str) -> str | None:
    """Where a setting was made: the name of the environment variable or of the file; None when it was not."""
    if getattr(settings, name) == getattr(Settings(), name):
        return None
    variable = f"TOCSIN_{name.upper()}"
    for given in (variable, f"{variable}_FILE"):
        if given in os.environ:
            return given
    return "instance/config.toml"
