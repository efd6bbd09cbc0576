"""Extensions, unbound: `create_app` binds them."""

from __future__ import annotations

from typing import Any

from flask import Flask, g
from flask_babel import Babel
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from incidents.organisation import Organisation, the_organisation
from incidents.orm import Base


class ReadOnlyDatabase(SQLAlchemy):
    """Flask-SQLAlchemy over the store's reading engine: `db.session` cannot write."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        engine: Engine = app.extensions["tocsin"].store.read_engine
        return engine


db = ReadOnlyDatabase(metadata=Base.metadata, session_options={"autoflush": False})


def read_session() -> Session:
    """This request's session. It cannot write: writes go through `Installation.store.writing()`."""
    session: Session = db.session()
    return session


def our_organisation() -> Organisation:
    """The organisation, read once a request, in this request's session."""
    if "organisation" not in g:
        g.organisation = the_organisation(read_session())
    found: Organisation = g.organisation
    return found


def forget() -> None:
    """Nothing that was read for this request is known any more."""
    for name in ("organisation", "advice", "zone", "readiness"):
        g.pop(name, None)


login = LoginManager()
csrf = CSRFProtect()
babel = Babel(configure_jinja=False)
"""It serves the forms' own messages; those of the pages are `app.language`'s."""
