"""Extensions, unbound: `create_app` binds them."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import Babel
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

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


login = LoginManager()
csrf = CSRFProtect()
babel = Babel()
