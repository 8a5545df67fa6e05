"""Tests of the web application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from webapp import create_app
from webapp.config import Settings
from webapp.extensions import db


@contextmanager
def build_app(settings: Settings) -> Iterator[Flask]:
    """The application; its connections are closed afterwards."""
    app = create_app(settings)
    app.testing = False
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
