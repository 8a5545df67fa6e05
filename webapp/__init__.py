"""Paydesk: a self-hosted desk for the payments of small merchants."""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from webapp import api, backups, books, cli, errors, formatting, logs, order_commands
from webapp.config import LOOPBACK, PROVIDERS, Settings, load_settings
from webapp.extensions import babel, csrf, db, init_pages
from webapp.formatting.mail_texts import Writer
from webapp.formatting.texts import TemplateEnvironment
from webapp.security.guard import check_declarations, init_guard
from webapp.security.headers import add_static_headers, init_headers
from webapp.services import passwords, runtime
from webapp.services.clock import DatabaseClock
from webapp.services.mails.letters import Post
from webapp.services.providers import RegistryProviders
from webapp.services.unit_of_work import prepare_engine
from webapp.services.vault import Vault
from webapp.views import BLUEPRINTS

ROOT = Path(__file__).parent
MIGRATIONS = ROOT.parent / "migrations"
LARGEST_FORM = 1024 * 1024
ONE_YEAR_S = 365 * 24 * 3600


def create_app(settings: Settings | None = None) -> Flask:
    """The web application, ready to serve; without `settings` they are read from the environment.

    Also installs the process-wide runtime of the services. Raises ConfigurationError for wrong settings and
    RuntimeError when a route declares no access.
    """
    settings = settings or load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    logs.configure_logs()
    app = Flask(__name__, static_url_path=f"/static/{_static_digest()}")
    app.jinja_environment = TemplateEnvironment
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.config.update(_flask_config(settings))
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=settings.is_sqlite, compare_type=True)
    errors.init_app(app)  # first: it numbers requests, also those that the others refuse
    csrf.init_app(app)
    babel.init_app(app, locale_selector=formatting.chosen_language, timezone_selector=formatting.chosen_zone)
    with app.app_context():
        prepare_engine(db.engine)
        init_pages(app)
        runtime.install(_runtime(settings))
    formatting.init_app(app)
    init_guard(app)
    init_headers(app)
    cli.init_app(app)
    backups.init_app(app)
    books.init_app(app)
    order_commands.init_app(app)
    for blueprint in (*BLUEPRINTS, *api.BLUEPRINTS):
        app.register_blueprint(blueprint)
    check_declarations(app)
    passwords.warm_up()
    _wrap(app, settings)
    return app


def _static_digest() -> str:
    """Part of every static address, so that files are cached for ever and a new release is seen at once."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "static").rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _flask_config(settings: Settings) -> dict[str, object]:
    hosts = [urlsplit(settings.public_url).hostname or ""]
    production = not settings.is_development
    return {
        "SETTINGS": settings,
        "MIGRATIONS": str(MIGRATIONS),
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "TRUSTED_HOSTS": hosts if production else [*hosts, *LOOPBACK],
        "MAX_CONTENT_LENGTH": LARGEST_FORM,
        "MAX_FORM_MEMORY_SIZE": LARGEST_FORM,
        "HSTS": production,
        "PREFERRED_URL_SCHEME": urlsplit(settings.public_url).scheme,
        "SESSION_COOKIE_NAME": "__Host-paydesk" if production else f"paydesk-{settings.port}",
        "SESSION_COOKIE_SECURE": production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        "WTF_CSRF_TIME_LIMIT": None,  # the token lives as long as the session that it is bound to
        "WTF_CSRF_SSL_STRICT": False,  # the guard compares the origin itself
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_DEFAULT_TIMEZONE": "UTC",
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
    }


def _runtime(settings: Settings) -> runtime.Runtime:
    emulators = {name: address for name in PROVIDERS if (address := settings.emulator_url(name))}
    return runtime.Runtime(
        engine=db.engine,
        clock=DatabaseClock(),
        vault=Vault(settings.keyring),
        audit_key=settings.audit_key,
        providers=RegistryProviders(emulators),
        owner=f"web:{os.getpid()}:{secrets.token_hex(4)}",
        data_dir=str(settings.data_dir),
        post=Post(settings.smtp, settings.mail_from, settings.public_url, Writer()),
    )


def _wrap(app: Flask, settings: Settings) -> None:
    static = WhiteNoise(
        app.wsgi_app,
        root=str(ROOT / "static"),
        prefix=str(app.static_url_path),
        max_age=0 if settings.is_development else ONE_YEAR_S,
        autorefresh=settings.is_development,
        add_headers_function=add_static_headers,
    )
    app.wsgi_app = static  # type: ignore[method-assign]  # the documented way to add middleware
    if settings.proxies:
        count = settings.proxies
        wrapped = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)
        app.wsgi_app = wrapped  # type: ignore[method-assign]  # the same
