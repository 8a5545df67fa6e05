"""Method sync (R30): what a provider's list changes, and what no answer ever changes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.errors import CredentialsRefused, OutcomeUnknown, ProviderUnavailable
from providers.snapshots import MethodOffer
from tests import factories
from tests.desk import Desk
from tests.webapp.services.methods.shelf import Key, audited, keys, offer, person, saying, stored
from webapp.domain.method_list import MOST_OFFERS
from webapp.models import ProviderAccount
from webapp.services import audit
from webapp.services.errors import NotFound
from webapp.services.methods import syncing
from webapp.services.methods.fetching import SyncCode
from webapp.services.methods.switching import switch
from webapp.services.methods.syncing import SyncResult, sync_account

C = SyncCode
SYSTEM = audit.SYSTEM
PAYPAY = {"type_slug": "paypay", "currency": "JPY", "name_en": "PayPay", "name_ja": "ペイペイ", "name_ko": "페이페이"}
CARD = {**PAYPAY, "type_slug": "credit_card", "subtypes": ["visa", "master"], "secure_token_supported": ["visa"]}
FAILURES: dict[SyncCode, Sequence[MethodOffer] | Exception] = {
    C.EMPTY: [],
    C.HUGE: [offer(f"m{number}") for number in range(MOST_OFFERS + 1)],
    C.BROKEN: [offer("good"), offer("bad\x00")],
    C.UNREACHABLE: ProviderUnavailable("connection refused"),
    C.UNCLEAR: OutcomeUnknown("HTTP 500"),
    C.CREDENTIALS: CredentialsRefused("HTTP 401"),
}


def shown(account_id: uuid.UUID) -> list[tuple[str, bool, bool, bool]]:
    """(slug, switch, offered, new) in order."""
    return [(row.slug, row.enabled, row.is_offered, row.is_new) for row in stored(account_id)]


def offers_over_http(desk: Desk, *methods: object) -> None:
    desk.emulator.control("PUT", "komoju/methods", {"account": "sk_test_example", "methods": list(methods)})


def test_methods_are_read_from_the_provider_and_kept_with_names_and_brands(desk: Desk) -> None:
    offers_over_http(desk, CARD, PAYPAY)
    assert sync_account(desk.account_id, SYSTEM) == SyncResult(C.GOOD, added=2)
    card, paypay = stored(desk.account_id)
    assert (card.slug, card.currency, card.subtypes) == ("credit_card", "JPY", ["visa", "master"])
    assert card.capabilities == {"can_be_kept": ["visa"]}
    assert paypay.names == {"en": "PayPay", "ja": "ペイペイ", "ko": "페이페이"}
    assert (paypay.enabled, paypay.is_new, paypay.version, paypay.first_seen_at) == (True, True, 1, paypay.last_seen_at)
    assert audited("methods.synced") == [{"code": "good", "added": 2}]
    account = desk.account()
    assert account.method_sync_result == "good"
    assert account.methods_read_at == account.method_sync_at is not None


def test_a_vanished_method_keeps_switch_and_place_until_it_returns_R30(desk: Desk) -> None:
    admin = person(desk)
    offers_over_http(desk, CARD, PAYPAY)
    sync_account(desk.account_id, SYSTEM)
    switch(admin, stored(desk.account_id)[0].id, 1, on=False)
    offers_over_http(desk, {**PAYPAY, "type_slug": "merpay"}, {**PAYPAY, "name_en": "Pay Pay"})
    assert sync_account(desk.account_id, SYSTEM) == SyncResult(C.GOOD, added=1, vanished=1, unchanged=1)
    now = [("credit_card", False, False, False), ("paypay", True, True, True), ("merpay", True, True, True)]
    assert shown(desk.account_id) == now
    assert stored(desk.account_id)[1].names["en"] == "Pay Pay"
    offers_over_http(desk, PAYPAY, CARD)
    assert sync_account(desk.account_id, SYSTEM) == SyncResult(C.GOOD, vanished=1, returned=1, unchanged=1)
    assert shown(desk.account_id)[0] == ("credit_card", False, True, False)
    desk.assert_books_are_whole()


def test_new_methods_start_as_the_account_says_R30(desk: Desk) -> None:
    desk.change(ProviderAccount, desk.account_id, settings={"new_methods_on": False})
    with saying() as provider:
        provider.answer = [offer("a"), offer("a", "USD"), offer("a")]  # twice the same is one
        assert sync_account(desk.account_id, SYSTEM).added == 2
    assert [row.enabled for row in stored(desk.account_id)] == [False, False]
    assert keys(desk.account_id) == [("a", "JPY"), ("a", "USD")]


@pytest.mark.parametrize("code", list(FAILURES))
def test_an_answer_that_cannot_be_trusted_changes_nothing_but_the_note_of_it_R30(desk: Desk, code: SyncCode) -> None:
    with saying() as provider:
        provider.answer = [offer("a"), offer("b")]
        sync_account(desk.account_id, SYSTEM)
        before, read_at = shown(desk.account_id), desk.account().methods_read_at
        desk.later(minutes=1)
        provider.answer = FAILURES[code]
        assert sync_account(desk.account_id, SYSTEM) == SyncResult(code)
    account = desk.account()
    assert (shown(desk.account_id), account.methods_read_at) == (before, read_at)
    assert account.method_sync_result == code
    assert audited("methods.synced")[-1] == {"code": code}


def test_faults_on_the_wire_have_a_code_and_change_nothing_R30(desk: Desk) -> None:
    for fault, code in {"html_body": C.UNCLEAR, "error_before": C.UNCLEAR, "unauthorised": C.CREDENTIALS}.items():
        desk.emulator.fault(fault, "methods", times=1)
        assert sync_account(desk.account_id, SYSTEM) == SyncResult(code)
    offers_over_http(desk)
    assert sync_account(desk.account_id, SYSTEM) == SyncResult(C.EMPTY)
    desk.change(ProviderAccount, desk.account_id, credentials={"secret_key": "sealed by nobody"})
    assert sync_account(desk.account_id, SYSTEM) == SyncResult(C.UNREADABLE_KEYS)
    assert stored(desk.account_id) == []
    with pytest.raises(NotFound):
        sync_account(uuid.uuid4(), SYSTEM)


def test_what_cannot_be_shown_is_cut_out_of_names(desk: Desk) -> None:
    with saying() as provider:
        odd = MethodOffer("a", "JPY", {"en": " Card\n\x00\ud800 One", "ja": "", "ko": "x" * 999}, ["v\x07isa"])
        provider.answer = [odd]
        sync_account(desk.account_id, SYSTEM)
    row = stored(desk.account_id)[0]
    assert (row.names, row.subtypes) == ({"en": "Card One", "ko": "x" * 200}, ["visa"])


def test_the_older_of_two_lists_is_left_when_the_newer_was_taken_in_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with saying() as provider:
        provider.answer = [offer("new")]
        account, began_at = syncing._begin(desk.account_id)
        sync_account(desk.account_id, SYSTEM)
        provider.answer = [offer("old")]
        monkeypatch.setattr(syncing, "_begin", lambda _id: (account, began_at - timedelta(seconds=1)))
        assert sync_account(desk.account_id, SYSTEM) == SyncResult(C.OVERTAKEN)
    assert shown(desk.account_id) == [("new", True, True, True)]


def test_two_syncs_at_once_are_harmless(desk: Desk) -> None:
    start, results = Barrier(2), []

    def run() -> None:
        start.wait(timeout=10)
        results.append(sync_account(desk.account_id, SYSTEM))

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    found = keys(desk.account_id)
    assert len(found) == len(set(found)) == 6
    assert sum(result.added for result in results) == 6
    assert {result.code for result in results} <= {C.GOOD, C.OVERTAKEN}
    desk.assert_books_are_whole()


POOL: list[Key] = [(slug, currency) for slug in ("a", "b", "c", "d") for currency in ("JPY", "USD")]
LISTS = st.lists(st.sampled_from(POOL), min_size=1, max_size=10)
STEPS = st.one_of(
    st.tuples(st.just("list"), LISTS),
    st.tuples(st.just("fail"), st.sampled_from(list(FAILURES))),
    st.tuples(st.just("flip"), st.integers(0, len(POOL) - 1)),
    st.tuples(st.just("start"), st.booleans()),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=12))
def test_no_list_and_no_error_ever_flips_a_switch_deletes_a_method_or_moves_one_R30(
    desk: Desk, steps: list[tuple[str, object]]
) -> None:
    admin = person(desk)
    account = factories.account(desk.shop_id, "sk_test_example", name=uuid.uuid4().hex)
    switches: dict[Key, bool] = {}  # what the merchant last saw or chose, in order of appearance
    offered: set[Key] = set()
    starts_on = True
    with saying() as provider:
        for what, value in steps:
            if what == "list":
                provider.answer = [offer(*key) for key in value]  # type: ignore[attr-defined]
                assert sync_account(account.id, SYSTEM).code is C.GOOD
                offered = set(value)  # type: ignore[call-overload]
                for key in value:  # type: ignore[attr-defined]
                    switches.setdefault(key, starts_on)
            elif what == "fail":
                provider.answer = FAILURES[value]  # type: ignore[index]
                assert sync_account(account.id, SYSTEM).code is value
            elif what == "start":
                starts_on = bool(value)
                desk.change(ProviderAccount, account.id, settings={"new_methods_on": starts_on})
            elif switches:
                row = stored(account.id)[int(value) % len(switches)]  # type: ignore[call-overload]
                switches[row.slug, row.currency] = not row.enabled
                switch(admin, row.id, row.version, on=not row.enabled)
            rows = stored(account.id)
            assert {(row.slug, row.currency): row.enabled for row in rows} == switches
            assert [(row.slug, row.currency) for row in rows] == list(switches)
            assert {(row.slug, row.currency) for row in rows if row.is_offered} == offered
