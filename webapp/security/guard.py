"""The guard before every request: same origin, signed in, allowed. Denies whatever was not declared."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, abort, current_app, g, request, session, url_for

from webapp import htmx
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.security.access import SAFE_METHODS, Access
from webapp.services import sessions
from webapp.services.api import keys
from webapp.services.errors import KeyRefused, NoRight

TOKEN = "token"  # noqa: S105 - the name of a field, not a secret
WITHOUT_PASSWORD = frozenset({"me.password", "auth.sign_out"})
SAME_SITE = frozenset({"same-origin", "none"})


def init_guard(app: Flask) -> None:
    """Guard every route of `app`."""
    app.before_request(_guard)


def check_declarations(app: Flask) -> None:
    """RuntimeError that names every route without a declared access; create_app() calls it last."""
    silent = sorted(rule.endpoint for rule in app.url_map.iter_rules() if declared(app, rule.endpoint) is None)
    if silent:
        raise RuntimeError(f"Routes that declare no access: {', '.join(silent)}")


def declared(app: Flask, endpoint: str) -> Access | None:
    """What the route declares; static files are open."""
    if endpoint == "static":
        return Access(is_public=True)
    access: Access | None = getattr(app.view_functions[endpoint], "access", None)
    return access


def local_address(target: str | None) -> str | None:
    """`target` when it is a path of ours with a single slash in front, else None (3.7.2)."""
    if not target or not target.isprintable() or "\\" in target:
        return None
    parts = urlsplit(target)
    is_local = target.startswith("/") and not target.startswith("//") and not parts.scheme and not parts.netloc
    return target if is_local else None


def _guard() -> Response | None:
    _refuse_other_origins()
    access = declared(current_app, request.endpoint) if request.endpoint else Access(is_public=True)
    if access is None:
        abort(403)
    if access.by_key:
        _admit_key(access)
        return None
    token = session.get(TOKEN)
    if token:
        g.signed_in = sessions.find(db.session(), token)
    if access.is_public:
        return None
    person = g.get("signed_in")
    if person is None:
        return _to_sign_in()
    if not htmx.is_background():
        _note_presence(person)
    if person.must_choose_password and request.endpoint not in WITHOUT_PASSWORD:
        return htmx.see_other(url_for("me.password"))
    if access.permission is not None and not person.may_somewhere(access.permission):
        raise NoRight(access.permission)
    return None


def _admit_key(access: Access) -> None:
    """A call of the REST API: cookies are not looked at, the key is looked up anew at every request (8.3.2)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.isascii():
        raise KeyRefused
    g.client = keys.admit(token.strip())
    if access.permission not in g.client.rights:
        raise NoRight(access.permission or Permission.VIEW)


def _refuse_other_origins() -> None:
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in SAME_SITE:
        abort(403)
    if site is None and origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


def _note_presence(person: sessions.SignedIn) -> None:
    if person.read_at - person.seen_at > sessions.SEEN_EVERY:
        db.session.rollback()  # let go of the read lock before the write
        sessions.touch(person.session_id)


def _to_sign_in() -> Response:
    is_page = request.method in SAFE_METHODS and not htmx.is_htmx()
    back = request.full_path.rstrip("?") if is_page else _page_behind_htmx()
    query = {"next": back} if back and back != "/" else {}
    if session.pop(TOKEN, None):
        query["over"] = "1"
    return htmx.see_other(url_for("auth.sign_in") + (f"?{urlencode(query)}" if query else ""))


def _page_behind_htmx() -> str | None:
    parts = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if parts.netloc != request.host:
        return None
    return local_address(parts.path + (f"?{parts.query}" if parts.query else ""))
