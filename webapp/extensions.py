"""Flask extensions, made unbound here and bound in create_app()."""

from typing import Any

from flask import Flask, current_app
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, Engine

from webapp.models import Base

_PAGES = "paydesk_pages"


class PageSession(Session):
    """What pages read with; whatever writes has a unit of work of its own (`services/unit_of_work.py`).

    On PostgreSQL its statements stand alone: in READ COMMITTED each sees the newest rows anyway, and a ROLLBACK after
    each page would have the driver forget all prepared statements, so that every page were planned anew (ADR 23).
    Nothing is flushed by itself, because nothing would take it back.
    """

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """The database for pages."""
        found: Engine | Connection | None = current_app.extensions.get(_PAGES)
        return found or super().get_bind(*args, **kwargs)


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"class_": PageSession, "autoflush": False})
csrf = CSRFProtect()
babel = Babel()


def init_pages(app: Flask) -> None:
    """Give pages their way to the database; within the application's context, once it has one."""
    if db.engine.dialect.name == "postgresql":
        app.extensions[_PAGES] = db.engine.execution_options(isolation_level="AUTOCOMMIT")
