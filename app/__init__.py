"""The web application and the `tocsin` command.

Importing this package imports nothing else of it, so that a command without a server starts at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.installation import Installation

VERSION = "0.1.0"


def create_app(installation: Installation) -> Flask:
    """The application over an opened installation. It starts no thread."""
    from app.web import put_together

    return put_together(installation)
