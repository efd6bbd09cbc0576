"""The web application: `put_together` makes it of its parts. It starts no thread."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

from app import VERSION, access, errors, shown
from app.extensions import babel, csrf, db, forget, login
from app.installation import Installation
from app.language import language, teach
from app.navigation import shell
from app.pages import blueprints
from incidents.organisation import the_organisation

STATIC = Path(__file__).parent / "static"

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
FORM_MEMORY = 64 * 1024 * 1024
"""A report is text of any length a person can type or paste; the framework's 500 kB would refuse it."""


def put_together(installation: Installation) -> Flask:
    """The application over an opened installation."""
    app = Flask(__package__ or __name__)
    settings = installation.settings
    with installation.store.reading() as session:
        organisation = the_organisation(session)
        secure = installation.public_address(organisation).startswith("https://")
        proxies = organisation.trusted_proxies if settings.trusted_proxies is None else settings.trusted_proxies
    app.config.update(
        SECRET_KEY=installation.keyring.derive("web session"),
        SECRET_KEY_FALLBACKS=[
            installation.keyring.derive("web session", name) for name in installation.keyring.names[1:]
        ],
        SESSION_COOKIE_NAME="__Host-tocsin" if secure else "tocsin",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=settings.max_file_megabytes * 1_000_000 * 4 + FORM_MEMORY,
        MAX_FORM_MEMORY_SIZE=FORM_MEMORY,
        MAX_FORM_PARTS=1000,
        SQLALCHEMY_DATABASE_URI=settings.database,
        BABEL_DEFAULT_LOCALE=settings.language,
        BABEL_TRANSLATION_DIRECTORIES=str(installation.translations),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.extensions["tocsin"] = installation
    db.init_app(app)
    login.init_app(app)
    csrf.init_app(app)
    babel.init_app(app, locale_selector=lambda: settings.language)
    if proxies:  # without any named, X-Forwarded headers are ignored
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    access.guard(app)
    errors.register(app)
    for blueprint in blueprints():
        app.register_blueprint(blueprint)
    _templates(app)
    app.after_request(_headers)
    return app


def _templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = False
    teach(app)

    @app.context_processor
    def everywhere() -> dict[str, Any]:
        return {
            "asset": asset,
            "lang": language().locale.replace("_", "-"),
            "version": VERSION,
            "moment": shown.moment,
            **shell(),
        }


@lru_cache(maxsize=256)
def _address(path: str, _below: str) -> str:
    stamp = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return url_for("static", filename=path, v=stamp)


def asset(path: str) -> str:
    """The address of a static file, with its content's hash: cached for ever, never stale."""
    return _address(path, request.script_root)


def _headers(response: Response) -> Response:
    """No inline script or style, no framing, no referrer; pages are never stored, assets are for ever."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CSP)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.endpoint == "static" and request.args.get("v"):
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        headers["Cache-Control"] = "no-store"
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    forget()
    return response
