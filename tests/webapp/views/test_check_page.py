"""The check page has an address: back and reload open it again, for the person who typed and for nobody else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.desk import Desk
from tests.webapp.views.test_refunds import fill, form_of, only_operation, operations
from tests.webapp.visitor import Seen, Visitor
from webapp.domain.permissions import Role
from webapp.models import Draft
from webapp.services import drafts, runtime
from webapp.services.unit_of_work import in_transaction


def kept() -> list[Draft]:
    return list(in_transaction(lambda tx: tx.scalars(select(Draft)).all()))


def check_page(desk: Desk, merchant: Visitor, payment: uuid.UUID, **changes: str) -> tuple[Seen, str]:
    """The check page and the address under which it can be opened again."""
    check = merchant.submit(form_of(merchant, payment), "/refund", **fill(desk, comment="Box was wet", **changes))
    assert check.h1.startswith("Check the refund")
    return check, f"/payments/{payment}/refund/check?draft={check.the_form('/send').values['request_id']}"


def test_the_page_opens_again_with_all_that_was_typed(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    check, address = check_page(desk, merchant, payment)
    again = merchant.get(address)
    assert again.h1 == check.h1
    assert "Box was wet" in again.words
    merchant.submit(again, "/send")
    assert only_operation().amount_minor == 1200


def test_once_sent_it_leads_to_the_result_and_the_draft_is_gone_R16(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    check, address = check_page(desk, merchant, payment)
    assert len(kept()) == 1
    merchant.submit(check, "/send")
    assert kept() == []
    assert merchant.get(address).h1 == "Refund of ¥1,200 is on its way"
    assert operations() == 1


def test_an_amount_that_changed_meanwhile_brings_the_form_back_with_the_reason(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300)
    _check, address = check_page(desk, merchant, payment)
    desk.ask(payment, 1000)
    page = merchant.get(address)
    assert page.status == 409
    assert "It is now ¥2,300." in page.words
    assert page.the_form("/refund").values["comment"] == "Box was wet"


@pytest.mark.parametrize("draft", ["", "x", "0b6c5d1e-6f0a-4a43-9d0e-6c1c5a0c7f11"])
def test_a_forgotten_or_wrong_draft_leads_to_the_empty_form(desk: Desk, merchant: Visitor, draft: str) -> None:
    page = merchant.get(f"/payments/{desk.payment(3300)}/refund/check?draft={draft}")
    assert page.status == 200
    assert page.h1.startswith("Refund order")


def test_nobody_else_sees_what_was_typed(desk: Desk, merchant: Visitor, visitor_as: Callable[..., Visitor]) -> None:
    payment = desk.payment(3300)
    _check, address = check_page(desk, merchant, payment)
    other = visitor_as(Role.MERCHANT, name="Mia").get(address)
    assert other.h1.startswith("Refund order")
    assert "Box was wet" not in other.text
    elsewhere = merchant.get(address.replace(str(payment), str(desk.payment(3300))))
    assert "Box was wet" not in elsewhere.text


def test_the_answers_are_sealed_in_the_database_R12(desk: Desk, merchant: Visitor) -> None:
    check_page(desk, merchant, desk.payment(3300))
    draft = kept()[0]
    assert "Box was wet" not in draft.answers
    place = drafts.Place(draft.id, draft.user_id, draft.payment_id, draft.kind)
    answers = in_transaction(lambda tx: drafts.find(tx, place))
    assert answers is not None
    assert answers["comment"] == "Box was wet"
    assert "csrf_token" not in answers


def test_a_draft_that_no_key_opens_is_none(desk: Desk, merchant: Visitor) -> None:
    _check, address = check_page(desk, merchant, desk.payment(3300))
    desk.change(Draft, kept()[0].id, answers=runtime.current().vault.seal(json.dumps({}), "elsewhere"))
    assert merchant.get(address).h1.startswith("Refund order")


def test_the_id_of_somebody_elses_form_is_refused_in_words(
    desk: Desk, merchant: Visitor, visitor_as: Callable[..., Visitor]
) -> None:
    payment = desk.payment(3300)
    check, _address = check_page(desk, merchant, payment)
    other: Visitor = visitor_as(Role.MERCHANT, name="Mia")
    taken = check.the_form("/send").values["request_id"]
    page = other.submit(other.get(f"/payments/{payment}/refund"), "/refund", **fill(desk, request_id=taken))
    assert page.status == 422
    assert len(kept()) == 1


def test_what_was_never_sent_is_forgotten_after_a_day(desk: Desk, merchant: Visitor) -> None:
    check_page(desk, merchant, desk.payment(3300))

    def forget(days: float) -> int:
        def work(tx: drafts.Tx) -> None:
            drafts.forget_old(tx, runtime.current().clock.now(tx) + timedelta(days=days))

        in_transaction(work)
        return len(kept())

    assert [forget(0.9), forget(1.1)] == [1, 0]
