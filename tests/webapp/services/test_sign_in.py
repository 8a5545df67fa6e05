"""Signing in: counters that hold under parallel guesses, codes that fit once, and the same cost for nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from tests import factories
from tests.pages import PASSWORD
from tests.webapp.conftest import password_hash
from webapp.models import AuditEntry, RateEvent, User
from webapp.services import passwords, runtime
from webapp.services.sign_in import ADDRESS_LIMIT, SignInCommand, SignInRefused, TooManyTries, sign_in
from webapp.services.unit_of_work import in_transaction
from webapp.services.vault import totp_place

EMAIL = "ana@example.test"


@pytest.fixture
def person(app: Flask) -> Iterator[User]:
    with app.app_context():
        yield factories.user(factories.shop().id, email=EMAIL, password_hash=password_hash())


def attempt(password: str = "wrong", email: str = EMAIL, code: str = "", address: str = "192.0.2.1") -> str:
    try:
        return "in" if sign_in(SignInCommand(email, password, code, address)) else "?"
    except SignInRefused:
        return "refused"
    except TooManyTries:
        return "wait"


def let_time_pass(**span: int) -> None:
    def work(tx) -> None:
        for each in tx.scalars(select(RateEvent)):
            each.at -= timedelta(**span)
        tx.flush()

    in_transaction(work)


def test_five_failures_are_free_then_the_wait_grows_but_never_locks(person: User) -> None:
    assert [attempt() for _ in range(6)] == ["refused"] * 5 + ["wait"]
    assert attempt(PASSWORD) == "wait", "not even the right password is looked at before the time"
    let_time_pass(seconds=6)
    assert attempt() == "refused"
    let_time_pass(seconds=6)
    assert attempt(PASSWORD) == "wait", "the wait is longer after one more failure"
    let_time_pass(minutes=2)
    assert attempt(PASSWORD) == "in", "no lock that others can trigger lasts"


def test_a_good_sign_in_forgets_the_failures_of_the_account(person: User) -> None:
    assert [attempt(address=f"192.0.2.{n}") for n in range(4)] == ["refused"] * 4
    assert attempt(PASSWORD, address="192.0.2.9") == "in"
    assert [attempt(address=f"192.0.2.{n}") for n in range(5)] == ["refused"] * 5


def test_one_address_gets_twenty_tries_a_minute_over_all_accounts(person: User) -> None:
    answers = [attempt(email=f"u{n}@example.test") for n in range(ADDRESS_LIMIT + 2)]
    assert answers == ["refused"] * ADDRESS_LIMIT + ["wait"] * 2
    assert attempt(PASSWORD, address="192.0.2.2") == "in"


def test_parallel_guesses_do_not_slip_by(person: User) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(lambda _: attempt(), range(12)))
    assert answers == ["refused"] * 5 + ["wait"] * 7


def test_nothing_of_the_counters_names_a_person_or_an_address(person: User) -> None:
    attempt()
    subjects = in_transaction(lambda tx: list(tx.scalars(select(RateEvent.subject))))
    assert subjects
    assert not any(EMAIL in each or "192" in each for each in subjects)


def test_an_unknown_person_costs_what_a_known_one_does(person: User) -> None:
    spent: dict[str, list[float]] = {EMAIL: [], "nobody@example.test": []}
    for number in range(9):  # in turns, and the quickest counts: what else the machine does hits both alike
        for email, times in spent.items():
            in_transaction(lambda tx: tx.execute(delete(RateEvent)))
            began = time.perf_counter()
            assert attempt(email=email, address=f"192.0.2.{number}") == "refused"
            times.append(time.perf_counter() - began)
    known, unknown = (min(times) for times in spent.values())
    assert 0.6 < known / unknown < 1.7, (known, unknown)


def test_a_code_fits_once_also_in_parallel(person: User) -> None:
    secret = pyotp.random_base32()
    sealed = runtime.current().vault.seal(secret, totp_place(person.id))
    in_transaction(lambda tx: tx.execute(update(User).values(totp_secret=sealed)))
    now = in_transaction(runtime.current().clock.now)
    code = pyotp.TOTP(secret).at(now)
    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(lambda n: attempt(PASSWORD, code=code, address=f"192.0.2.{n}"), range(4)))
    assert answers == ["in", "refused", "refused", "refused"]
    earlier = pyotp.TOTP(secret).at(now - timedelta(seconds=30))
    assert attempt(PASSWORD, code=earlier, address="192.0.2.9") == "refused", "older than the one used"


def test_a_lapsed_one_time_code_is_refused(person: User) -> None:
    now = in_transaction(runtime.current().clock.now)
    code, stored = passwords.new_invite(now - timedelta(days=8))
    in_transaction(lambda tx: tx.execute(update(User).values(password_hash=stored)))
    assert attempt(code) == "refused"


def test_a_sign_in_stands_in_the_audit_and_a_refused_one_changes_nothing(person: User) -> None:
    attempt()
    assert not in_transaction(lambda tx: tx.scalars(select(AuditEntry)).all())
    attempt(PASSWORD)
    assert in_transaction(lambda tx: tx.scalars(select(AuditEntry.action)).all()) == ["person.signed_in"]
