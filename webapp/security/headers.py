"""The headers that every answer carries (money-safety section 13)."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'"
)
ALWAYS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
TWO_YEARS = "max-age=63072000; includeSubDomains"


def init_headers(app: Flask) -> None:
    """Put the headers on every answer of `app`."""
    app.after_request(_add)


def add_static_headers(headers: object, _path: str, _url: str) -> None:
    """The same protections on static files, which never pass through Flask."""
    for name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy"):
        headers[name] = ALWAYS[name]  # type: ignore[index]  # wsgiref Headers


def _add(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers[name] = value
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if current_app.config["HSTS"]:
        response.headers["Strict-Transport-Security"] = TWO_YEARS
    return response
