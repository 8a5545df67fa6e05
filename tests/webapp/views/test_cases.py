"""The cases' pages: what we have, what the provider shows, what to do; who may see them and set them aside."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.cases.cases_desk import cases, compare, compare_twice, refunded, shows_the_past
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.visitor import Visitor
from webapp.domain.cases import CaseKind, CaseState
from webapp.domain.permissions import Role
from webapp.formatting import case_words
from webapp.models import Case
from webapp.services.cases import listing

MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def missing(desk: Desk) -> Case:
    """A refund of ours of ¥500 that the provider does not show any more."""
    payment, _operation = refunded(desk)
    shows_the_past(desk)
    compare_twice(desk, payment)
    return cases(payment)[0]


def charged_back(desk: Desk, number: str) -> Case:
    payment = desk.payment(3300, order_number=number)
    desk.emulator.portal(desk.row(payment).provider_ref, "dispute", amount_minor=300)
    compare(desk, payment)
    return cases(payment)[0]


def test_a_case_says_what_both_sides_say_and_what_to_do_next(desk: Desk, missing: Case, merchant: Visitor) -> None:
    home = merchant.get("/")
    assert "1 Cases: our books and a provider differ" in home.words
    page = merchant.get("/cases")
    assert page.link(f"/cases/{missing.id}").startswith("The provider does not show what Paydesk did")
    page = merchant.get(f"/cases/{missing.id}")
    assert page.h1 == "The provider does not show what Paydesk did"
    for words in (
        "Refunded Differs ¥500 ¥0",
        "Captured ¥3,300 ¥3,300",
        "Refund of ¥500",
        "The payment is frozen",
        "What to do next",
        desk.row(missing.payment_id).provider_ref,
    ):
        assert words in page.words, words
    operation = missing.facts["missing"][0]["operation"]
    assert page.link(f"/operations/{operation}") == "Refund of ¥500"
    order = merchant.get(f"/orders/{missing.order_id}")
    assert order.link(f"/cases?payment={missing.payment_id}") == "See its cases"
    assert "Only the cases of one payment are shown." in merchant.get(f"/cases?payment={missing.payment_id}").words


def test_setting_aside_needs_a_note_and_the_present_version_R32(desk: Desk, missing: Case, merchant: Visitor) -> None:
    address = f"/cases/{missing.id}"
    refused = merchant.submit(merchant.get(address), address, note=" ")
    assert (refused.status, refused.field_errors) == (422, ["Enter why this is settled"])
    stale = merchant.submit(merchant.get(address), address, note="Seen.", version="99")
    assert stale.status == 409
    assert cases(missing.payment_id)[0].state is CaseState.OPEN
    done = merchant.submit(merchant.get(address), address, note="Seen with the <provider>.")
    assert "The case is set aside. It comes up again if the facts change." in done.text
    assert "Seen with the <provider>." in done.words
    assert not done.has_form(address)
    assert desk.row(missing.payment_id).frozen_at is None
    again = merchant.post(address, {"note": "x", "version": "9", "csrf_token": merchant.token()})
    assert "This case is settled already" in again.text


def test_compare_again_reads_the_payment_and_closes_what_agrees(desk: Desk, missing: Case, merchant: Visitor) -> None:
    address = f"/cases/{missing.id}"
    desk.emulator.clear_faults()
    desk.emulator.fault("error_before", "read", status=500, times=1)
    page = merchant.submit(merchant.get(address), f"{address}/again")
    assert "The provider gave no clear answer. The next run tries again." in page.text
    page = merchant.submit(page, f"{address}/again")
    assert "Read and compared just now." in page.text
    assert "Settled" in page.words
    assert not page.has_form(f"{address}/again")


def test_everybody_of_the_shop_sees_a_case_and_only_merchants_and_owners_close_it_I18(
    desk: Desk, missing: Case, visitor_as: MakeVisitor, desk_app: object
) -> None:
    address = f"/cases/{missing.id}"
    for role, may_ask, may_close in (
        (Role.VIEWER, False, False),
        (Role.SUPPORT, True, False),
        (Role.ADMIN, False, False),
        (Role.OWNER, True, True),
    ):
        visitor = visitor_as(role)
        page = visitor.get(address)
        assert page.status == 200, role
        assert (page.has_form(f"{address}/again"), page.has_form(address)) == (may_ask, may_close), role
        if not may_close:
            sent = visitor.post(address, {"note": "x", "version": "1", "csrf_token": visitor.token()})
            assert sent.status == 403, role
    stranger = Visitor(desk_app, factories.user(factories.shop("other").id, Role.OWNER).id)  # type: ignore[arg-type]
    assert stranger.get(address).status == 404
    for where in ("", "/again"):
        data = {"note": "x", "version": "1", "csrf_token": stranger.token()}
        assert stranger.post(address + where, data).status == 404
    assert "No cases" in stranger.get("/cases").words
    assert stranger.get(f"/cases/{uuid.uuid4()}").status == 404
    assert cases(missing.payment_id)[0].state is CaseState.OPEN


def test_the_list_shows_open_cases_first_filters_by_address_and_pages_by_key(
    desk: Desk, merchant: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    for number in ("T-1", "T-2", "T-3"):
        charged_back(desk, number)
        desk.later(seconds=5)
    newest = charged_back(desk, "T-4")
    desk.change(Case, newest.id, state=CaseState.CLOSED, closed_at=desk.clock.wall())
    first = merchant.get("/cases")
    assert shown_orders(first.words) == ["T-3", "T-2"]
    more = next(a.attributes["href"] for a in first.all("a") if a.attributes.get("rel") == "next")
    assert shown_orders(merchant.get(more).words) == ["T-1", "T-4"]
    assert shown_orders(merchant.get("/cases?state=closed").words) == ["T-4"]
    assert shown_orders(merchant.get("/cases?kind=chargeback&state=open").words) == ["T-3", "T-2"]
    assert "No cases" in merchant.get("/cases?kind=excess").words
    assert "No cases" in merchant.get(f"/cases?shop={uuid.uuid4()}").words
    for nonsense in ("?state=suspected", "?kind=x&rank=a&at=b&id=c", "?rank=0&at=2026-01-01&id=x"):
        assert shown_orders(merchant.get(f"/cases{nonsense}").words) == ["T-3", "T-2"]


def shown_orders(words: str) -> list[str]:
    """The order of each row; its number stands twice, in the hidden words of the link too."""
    return [word for word in words.split() if word.startswith("T-")][::2]


def test_a_case_that_is_only_suspected_is_shown_to_nobody(desk: Desk, visitor_as: MakeVisitor) -> None:
    payment, _operation = refunded(desk)
    shows_the_past(desk)
    compare(desk, payment)
    (case,) = cases(payment)
    merchant = visitor_as(Role.OWNER)
    assert "No cases" in merchant.get("/cases").words
    assert merchant.get(f"/cases/{case.id}").status == 404


def test_the_run_of_the_comparison_says_how_many_agree_and_what_does_not(desk: Desk, merchant: Visitor) -> None:
    desk.payment(3300)
    agreed = merchant.get(f"/jobs/runs/{jobs_desk.run(desk, 'reconcile')}")
    assert "Our books and the providers agree. 1 payment compared." in agreed.words
    payment = desk.payment(3300)
    desk.emulator.portal(desk.row(payment).provider_ref, "dispute", amount_minor=300)
    page = merchant.get(f"/jobs/runs/{jobs_desk.run(desk, 'reconcile')}")
    assert "A case was opened: The buyer's bank took money back." in page.words
    assert "1 movement made outside Paydesk was booked." in page.words
    assert "Compare with the providers" in merchant.get("/jobs").words


@pytest.mark.parametrize("kind", list(CaseKind))
def test_every_kind_has_its_words(kind: CaseKind) -> None:
    assert case_words.TITLES[kind]
    assert case_words.WHAT[kind]
    assert len(case_words.NEXT[kind]) >= 2


def test_every_kind_has_a_page(desk: Desk, merchant: Visitor) -> None:
    """With the facts that the comparison gives it."""
    sums = {"captured": 1000, "refunded": 0, "held": 0}
    of_sums = {"currency": "JPY", "ours": sums, "theirs": sums | {"captured": 900}}
    lost = [{"kind": "capture", "id": "c1", "minor": 100, "operation": None}]
    facts = {
        CaseKind.OURS_MISSING: of_sums | {"missing": lost},
        CaseKind.MOVEMENT_MISSING: of_sums | {"missing": lost},
        CaseKind.AMOUNT_DIFFERS: of_sums,
        CaseKind.CURRENCY_DIFFERS: {"ours": "JPY", "theirs": "EUR"},
        CaseKind.PAYMENT_GONE: {},
        CaseKind.EXCESS: {"currency": "JPY", "minor": 5},
        CaseKind.CHARGEBACK: {"currency": "JPY", "minor": 5},
        CaseKind.HOLD_LAPSED: {"currency": "JPY", "minor": 5, "at": "2026-01-01T00:00:00+00:00"},
        CaseKind.ORDER_TOTAL: {"currency": "JPY", "paid": 6, "total": 5, "payments": 2},
    }
    case = charged_back(desk, "T-1")
    for kind in CaseKind:
        desk.change(Case, case.id, kind=kind, facts=facts[kind])
        page = merchant.get(f"/cases/{case.id}")
        assert (page.status, page.h1) == (200, str(case_words.TITLES[kind]))
        assert "%(" not in page.words
