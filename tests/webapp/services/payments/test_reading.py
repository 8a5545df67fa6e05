"""Reading a payment: no transaction is open during the call."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy.exc import NoResultFound

from providers.errors import OutcomeUnknown
from providers.komoju.adapter import KomojuProvider
from tests.desk import Desk
from webapp.services import runtime
from webapp.services.payments.reading import read_payment


def test_a_read_takes_over_what_is_new_R33(desk: Desk) -> None:
    payment = desk.payment(5000, capture="manual")
    desk.emulator.portal(desk.row(payment).provider_ref, "capture")
    read_payment(payment)
    assert desk.row(payment).captured_minor == 5000
    desk.assert_books_are_whole()


def test_no_connection_is_held_while_the_provider_is_asked_I4(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = desk.payment(3300)
    held = []
    real = KomojuProvider.fetch_payment

    def watched(self: KomojuProvider, *arguments: object) -> object:
        held.append(runtime.current().engine.pool.checkedout())  # type: ignore[attr-defined]
        return real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(KomojuProvider, "fetch_payment", watched)
    read_payment(payment)
    assert held == [0]


def test_a_failed_read_is_raised_and_changes_nothing(desk: Desk) -> None:
    payment = desk.payment(3300)
    before = desk.row(payment).version
    desk.emulator.fault("error_before", times=1, status=503)
    with pytest.raises(OutcomeUnknown):
        read_payment(payment)
    assert desk.row(payment).version == before


def test_an_unknown_payment_is_no_result(desk: Desk) -> None:
    with pytest.raises(NoResultFound):
        read_payment(uuid.uuid4())
