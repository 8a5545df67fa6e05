"""The page of the API keys, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from tests.pages import Desk
from tests.webapp.api.caller import Caller
from webapp.domain.permissions import Role
from webapp.models import ApiKey, Shop
from webapp.services.unit_of_work import in_transaction

SignIn = Callable[..., Desk]


def test_an_owner_makes_a_key_uses_it_and_revokes_it(quick_app: Flask, signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.OWNER)
    assert "No keys yet" in desk.get("/api-keys").text
    page = desk.send(desk.get("/api-keys/new"), "/api-keys/new", 422)
    assert page.errors == ["Enter a name, such as that of the system that uses it", "Choose at least one shop"]
    chosen = {"name": "ERP", "mode": "test", "shops": [str(shop.id)], "rights": ["refund", "capture"]}
    made = desk.send(page, "/api-keys/new", **chosen)
    assert made.heading == "Key for ERP"
    found = re.search(r"pd_test_[A-Za-z0-9_-]{43}", made.text)
    assert found is not None
    token = found.group()
    listed = desk.get("/api-keys")
    assert token not in listed.text, "it was shown once"
    assert "never" in listed.text
    caller = Caller(quick_app, token)
    assert caller.get("/orders").status == 200
    assert caller.post("/orders", {}).code == "no_right"
    listed = desk.get("/api-keys")
    assert "never" not in listed.text
    key_id = in_transaction(lambda tx: tx.execute(select(ApiKey.id)).scalar_one())
    listed = desk.send(listed, f"/api-keys/{key_id}/revoke")
    assert "Nothing is done with it any more." in listed.text
    assert "Revoked" in listed.text
    assert caller.get("/orders").code == "key_refused"


def test_an_admin_is_offered_only_the_rights_that_they_have(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.ADMIN)
    page = desk.get("/api-keys/new")
    offered = [each.attributes["value"] for each in page.all("input") if each.attributes.get("name") == "rights"]
    assert offered == ["import_orders"]
    forged = {"name": "ERP", "shops": [str(shop.id)], "rights": ["refund"]}
    assert desk.send(page, "/api-keys/new", 422, **forged).errors
    assert in_transaction(lambda tx: tx.scalars(select(ApiKey)).all()) == []


def test_others_do_not_reach_the_page(signed_in: SignIn) -> None:
    for role in (Role.VIEWER, Role.SUPPORT, Role.MERCHANT):
        signed_in(role).get("/api-keys", 403)
