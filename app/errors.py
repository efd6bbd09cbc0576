"""Refusals and faults as pages: a clear sentence, what to do, and nothing typed is lost."""

from __future__ import annotations

import logging

from flask import Flask, Response, make_response, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from app import access
from app.language import gettext as _
from incidents.incident import NotFound
from incidents.refusals import Refused

log = logging.getLogger(__name__)

RETRY_AFTER = 30
UNAVAILABLE = (OperationalError, PoolTimeout, OSError)
"""The database is down or busy, or the disk is full: try again, nothing was stored."""


def sentence(refused: Refused) -> str:
    """A refusal in the reader's language."""
    return _(refused.message, **{name: str(value) for name, value in refused.params.items()})


def register(app: Flask) -> None:
    """Turn what goes wrong into pages."""
    _refusals(app)
    _faults(app)


def _refusals(app: Flask) -> None:
    """What somebody can put right."""

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        status = 404 if isinstance(error, NotFound) else 409
        return _page("errors/refused.html", status, sentence(error))

    @app.errorhandler(StaleDataError)
    def stale(_error: StaleDataError) -> Response:
        return _page("errors/refused.html", 409, _("Somebody changed this just now. Load it again and compare."))

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> Answer:
        if not access.is_public(request.endpoint) and not current_user.is_authenticated:
            # The token went with the sign-in: say that, not that a form is old.
            return access.to_sign_in()
        return _page(
            "errors/refused.html", 400, _("This form was open for too long. Go back, load the page again and send it.")
        )

    @app.errorhandler(DataError)
    def unstorable(error: DataError) -> Response:
        log.warning("%s was given what the database cannot keep: %s", request.endpoint, type(error.orig).__name__)
        words = _(
            "Something in it cannot be stored: it is too long, or holds a character such as NUL. Go back and mend it."
        )
        return _page("errors/refused.html", 422, words)


def _faults(app: Flask) -> None:
    """What is wrong here."""

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def unavailable(error: Exception) -> Response:
        log.error("the database cannot be used: %s", type(error).__name__)
        return unavailable_page()

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        code = error.code or 500
        known = (400, 403, 404, 405, 410, 413, 429, 500, 503)
        response = _page(f"errors/{code if code in known else 500}.html", code, None)
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return unavailable_page()
        # Only the kind and place of the fault: the message of an exception may hold what somebody typed.
        log.error("fault in %s: %s", request.endpoint, type(error).__name__, exc_info=app.debug)
        if app.testing:
            raise error
        return _page("errors/500.html", 500, None)


def unavailable_page() -> Response:
    """503: nothing was stored, try again."""
    response = _page("errors/503.html", 503, None)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _page(template: str, status: int, words: str | None) -> Response:
    return make_response(render_template(template, message=words), status)
