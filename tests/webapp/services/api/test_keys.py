"""Keys of the API: who may make and revoke which, and that the key itself is stored nowhere."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from tests.webapp.api.caller import make_key, signed_in_as
from webapp.domain.permissions import API_RIGHTS, Permission, Role
from webapp.models import ApiKey, AuditEntry, Mode
from webapp.services.api import keys
from webapp.services.api.keys import KeyCommand
from webapp.services.errors import KeyRefused, NoRight, NotFound, RuleBroken
from webapp.services.unit_of_work import in_transaction, reading

P = Permission


def command(desk: Desk, *rights: Permission) -> KeyCommand:
    return KeyCommand("ERP", Mode.TEST, frozenset({desk.shop_id}), frozenset(rights))


def test_the_key_is_stored_as_a_digest_only_and_says_who_may_do_what(desk: Desk) -> None:
    key_id, token = make_key({desk.shop_id}, Mode.LIVE, [P.REFUND])
    row = in_transaction(lambda tx: tx.get_one(ApiKey, key_id))
    assert token.startswith(row.hint)
    stored = " ".join(str(value) for value in vars(row).values())
    assert token not in stored
    assert token.removeprefix(row.hint) not in stored
    client = keys.admit(token)
    assert (client.key_id, client.mode, client.shops) == (key_id, Mode.LIVE, {desk.shop_id})
    assert client.rights == {P.VIEW, P.REFUND}, "every key may look"
    entries = in_transaction(lambda tx: tx.scalars(select(AuditEntry).where(AuditEntry.subject_id == key_id)).all())
    assert [(each.action, each.shop_id) for each in entries] == [("api_key.created", desk.shop_id)]
    assert token not in str(entries[0].details)


def test_nobody_gives_a_right_that_they_do_not_have(desk: Desk) -> None:
    admin = signed_in_as(factories.user(desk.shop_id, Role.ADMIN).id)
    assert set(keys.grantable(admin)) == {P.VIEW, P.IMPORT_ORDERS}
    with pytest.raises(RuleBroken, match="right_not_yours"):
        keys.create(admin, command(desk, P.REFUND))
    assert in_transaction(lambda tx: tx.scalars(select(ApiKey)).all()) == []
    keys.create(admin, command(desk, P.IMPORT_ORDERS))
    owner = signed_in_as(factories.user(desk.shop_id, Role.OWNER).id)
    assert tuple(keys.grantable(owner)) == API_RIGHTS
    other = factories.shop("print")
    with pytest.raises(NoRight):
        keys.create(owner, KeyCommand("ERP", Mode.TEST, frozenset({desk.shop_id, other.id}), frozenset()))
    with pytest.raises(RuleBroken, match="key_without_shop"):
        keys.create(owner, KeyCommand("ERP", Mode.TEST, frozenset(), frozenset()))
    merchant = signed_in_as(desk.user_id)
    with pytest.raises(NoRight):
        keys.create(merchant, command(desk))


def test_a_revoked_key_is_refused_and_stays_in_the_list(desk: Desk) -> None:
    key_id, token = make_key({desk.shop_id})
    owner = signed_in_as(factories.user(desk.shop_id, Role.OWNER).id)
    keys.revoke(owner, key_id)
    with pytest.raises(KeyRefused):
        keys.admit(token)
    with reading() as tx:
        rows = [(row.key.id, row.key.revoked_by, row.shop_ids) for row in keys.list_keys(tx, {desk.shop_id})]
    assert rows == [(key_id, owner.user_id, [desk.shop_id])]
    keys.revoke(owner, key_id)
    actions = in_transaction(lambda tx: tx.scalars(select(AuditEntry.action)).all())
    assert actions.count("api_key.revoked") == 1


def test_keys_of_other_shops_are_neither_seen_nor_revoked_I18(desk: Desk) -> None:
    other = factories.shop("print")
    theirs, _token = make_key({other.id})
    both, _token = make_key({other.id, desk.shop_id})
    owner = signed_in_as(factories.user(desk.shop_id, Role.OWNER).id)
    with pytest.raises(NotFound):
        keys.revoke(owner, theirs)
    with pytest.raises(NoRight):
        keys.revoke(owner, both)
    with reading() as tx:
        rows = [(row.key.id, row.shop_ids) for row in keys.list_keys(tx, {desk.shop_id})]
    assert rows == [(both, [desk.shop_id])]
    assert in_transaction(lambda tx: tx.scalars(select(ApiKey.revoked_at)).all()) == [None, None]
