"""Files of a report: downloaded, never shown in the browser."""

from __future__ import annotations

from flask import Blueprint, abort, send_file
from flask.typing import ResponseReturnValue

from app.access import me, requires
from app.extensions import read_session
from app.navigation import installation
from incidents.desk import file_for
from incidents.people import Right

pages = Blueprint("evidence", __name__)

SANDBOX = "default-src 'none'; sandbox"


@pages.get("/evidence/<token>")
@requires(Right.READ_INCIDENTS)
def evidence(token: str) -> ResponseReturnValue:
    """A file as an attachment of no particular type, so that no browser runs or draws it."""
    file = file_for(read_session(), me(), token)
    place = installation().settings.files / file.token
    if not place.is_file():
        abort(404)
    response = send_file(
        place.absolute(),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=file.entry.text("name") or "file",
        conditional=False,
        etag=False,
    )
    response.headers.pop("Last-Modified", None)
    response.headers["Content-Security-Policy"] = SANDBOX
    return response
