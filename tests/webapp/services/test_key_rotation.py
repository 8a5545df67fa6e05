"""K19: rotation goes on where it was cut off, and nothing is lost or readable under the old key alone."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.conftest import KEY
from webapp.models import ProviderAccount, User
from webapp.services import key_rotation, runtime
from webapp.services.unit_of_work import in_transaction
from webapp.services.vault import Vault, VaultError, credential_place, totp_place

NEW = base64.urlsafe_b64encode(bytes(range(32, 64))).decode()


class Cut(Exception):
    """The process ends here."""


def test_k19_a_rotation_that_is_cut_off_goes_on_at_the_next_start(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rotation, "BATCH", 2)
    shop = factories.shop()
    accounts = [factories.account(shop.id, f"sk_{number}", name=str(number)) for number in range(7)]
    person = factories.user(shop.id)
    sealed = runtime.current().vault.seal("SECRET", totp_place(person.id))
    in_transaction(lambda tx: setattr(tx.get_one(User, person.id), "totp_secret", sealed))
    batches = 0

    def cut_after_two() -> None:
        nonlocal batches
        batches += 1
        if batches == 2:
            raise Cut

    with runtime.using(replace(runtime.current(), vault=Vault([NEW, KEY]))):
        with pytest.raises(Cut):
            key_rotation.rotate_all(cut_after_two)
        done = {each.table: each.changed for each in key_rotation.rotate_all()}
        others = dict.fromkeys(("operations", "attempts", "drafts", "webhook_messages"), 0)
        assert done == {"provider_accounts": 3, "users": 1, **others}
        assert all(each.changed == 0 for each in key_rotation.rotate_all())
    only_new = Vault([NEW])
    stored = in_transaction(lambda tx: {row.id: row.credentials for row in tx.scalars(select(ProviderAccount))})
    for number, account in enumerate(accounts):
        place = credential_place(account.id, "komoju", "secret_key")
        assert only_new.open(stored[account.id]["secret_key"], place) == f"sk_{number}"
    with pytest.raises(VaultError):
        Vault([KEY]).open(
            stored[accounts[0].id]["secret_key"], credential_place(accounts[0].id, "komoju", "secret_key")
        )


def test_a_secret_under_a_key_that_is_gone_stops_the_rotation(app: Flask) -> None:
    factories.account(factories.shop().id, "sk")
    with runtime.using(replace(runtime.current(), vault=Vault([NEW]))), pytest.raises(VaultError):
        key_rotation.rotate_all()
