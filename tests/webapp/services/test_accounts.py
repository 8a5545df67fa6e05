"""Adapters kept open, and the breaker (R46)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import factories
from tests.desk import Desk
from webapp.services import accounts
from webapp.services.accounts import account_of
from webapp.services.unit_of_work import in_transaction
from webapp.services.vault import VaultError

T = factories.LONG_AGO


def test_an_adapter_is_kept_until_its_account_changes(desk: Desk) -> None:
    account = account_of(desk.account())
    assert accounts.adapter(account) is accounts.adapter(account)
    assert accounts.adapter(replace(account, version=2)) is not accounts.adapter(account)


def test_only_so_many_adapters_are_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "MOST_OPEN", 2)
    account = account_of(desk.account())
    first = accounts.adapter(account)
    for version in (2, 3):
        accounts.adapter(replace(account, version=version))
    assert accounts.adapter(account) is not first


def test_credentials_of_another_account_cannot_be_used(desk: Desk) -> None:
    account = account_of(desk.account())
    with pytest.raises(VaultError):
        accounts.adapter(replace(account, id=factories.new_id()))


def test_the_breaker_opens_once_and_closes_with_a_good_answer_R46(desk: Desk) -> None:
    mine = desk.account_id
    assert in_transaction(lambda tx: accounts.open_breaker(tx, mine, accounts.AMBIGUOUS, T))
    assert not in_transaction(lambda tx: accounts.open_breaker(tx, mine, accounts.CREDENTIALS, T))
    assert desk.account().breaker_reason == accounts.AMBIGUOUS
    in_transaction(lambda tx: accounts.close_breaker(tx, mine, T))
    assert (desk.account().breaker_opened_at, desk.account().last_good_call_at) == (None, T)


def test_half_open_gives_one_trial_a_minute_and_none_for_wrong_keys_R46(desk: Desk) -> None:
    mine, soon = desk.account_id, T + accounts.TRIAL_AFTER
    in_transaction(lambda tx: accounts.open_breaker(tx, mine, accounts.AMBIGUOUS, T))
    assert not in_transaction(lambda tx: accounts.take_trial(tx, mine, soon - timedelta(seconds=1)))
    assert in_transaction(lambda tx: accounts.take_trial(tx, mine, soon))
    assert not in_transaction(lambda tx: accounts.take_trial(tx, mine, soon))
    in_transaction(lambda tx: accounts.close_breaker(tx, mine, T))
    in_transaction(lambda tx: accounts.open_breaker(tx, mine, accounts.CREDENTIALS, T))
    assert not in_transaction(lambda tx: accounts.take_trial(tx, mine, soon))


def test_keys_that_cannot_be_read_open_the_breaker_R46(desk: Desk) -> None:
    in_transaction(lambda tx: accounts.stop_for_credentials(tx, desk.account_id))
    assert desk.account().breaker_reason == accounts.CREDENTIALS
