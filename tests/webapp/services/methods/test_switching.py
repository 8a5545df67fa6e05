"""The merchant's decisions about methods: switch, order, looking at new ones; and what a checkout then offers."""

from __future__ import annotations

import uuid

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.methods.shelf import audited, keys, offer, person, saying, stored
from webapp.domain.permissions import Role
from webapp.models import Mode, PaymentMethod
from webapp.services import audit
from webapp.services.errors import NoRight, NotFound, StaleVersion
from webapp.services.methods.listing import enabled_methods, of_account, of_shops
from webapp.services.methods.switching import decide_new, move, switch
from webapp.services.methods.syncing import sync_account
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import reading


@pytest.fixture
def admin(desk: Desk) -> SignedIn:
    """An admin of the shop, whose account offers a, b and c."""
    list_of(desk, "a", "b", "c")
    return person(desk)


def list_of(desk: Desk, *slugs: str) -> None:
    with saying() as provider:
        provider.answer = [offer(slug) for slug in slugs]
        sync_account(desk.account_id, audit.SYSTEM)


def row(desk: Desk, slug: str) -> PaymentMethod:
    return next(each for each in stored(desk.account_id) if each.slug == slug)


def test_a_switch_is_audited_counts_as_looked_at_and_is_done_once(desk: Desk, admin: SignedIn) -> None:
    a = row(desk, "a")
    for _ in range(2):  # the same form twice
        switch(admin, a.id, a.version, on=False)
    assert (row(desk, "a").enabled, row(desk, "a").is_new, row(desk, "a").version) == (False, False, 2)
    assert audited("method.switched") == [{"slug": "a", "currency": "JPY", "enabled": [True, False]}]


def test_a_switch_that_somebody_else_moved_is_refused_R32(desk: Desk, admin: SignedIn) -> None:
    a = row(desk, "a")
    switch(admin, a.id, a.version, on=False)
    with pytest.raises(StaleVersion):
        switch(admin, a.id, a.version, on=True)
    assert not row(desk, "a").enabled
    list_of(desk, "a", "b", "c", "d")  # a sync between looking and pressing stands in nobody's way
    switch(admin, a.id, 2, on=True)
    assert row(desk, "a").enabled


def test_methods_move_up_and_down_and_stop_at_the_ends(desk: Desk, admin: SignedIn) -> None:
    move(admin, row(desk, "c").id, 1, up=True)
    assert [slug for slug, _ in keys(desk.account_id)] == ["a", "c", "b"]
    move(admin, row(desk, "a").id, 1, up=True)
    move(admin, row(desk, "b").id, 1, up=False)
    move(admin, row(desk, "a").id, 1, up=False)
    assert [slug for slug, _ in keys(desk.account_id)] == ["c", "a", "b"]
    with pytest.raises(StaleVersion):
        move(admin, row(desk, "a").id, 1, up=False)
    list_of(desk, "b", "d", "c", "a")  # the provider's order never takes the place of the merchant's (R30)
    assert [slug for slug, _ in keys(desk.account_id)] == ["c", "a", "b", "d"]
    assert [each["position"] for each in audited("method.moved")] == [[3, 2], [1, 2]]


@pytest.mark.parametrize(("on", "switches"), [(True, [False, True, True]), (False, [False, False, True])])
def test_all_new_means_those_that_the_person_saw_R32(
    desk: Desk, admin: SignedIn, on: bool, switches: list[bool]
) -> None:
    switch(admin, row(desk, "a").id, 1, on=False)  # no longer new: its switch stays
    seen = [each.id for each in stored(desk.account_id) if each.slug != "c"]
    assert decide_new(admin, desk.account_id, seen, on=on) == 1
    assert [each.enabled for each in stored(desk.account_id)] == switches
    assert [each.is_new for each in stored(desk.account_id)] == [False, False, True]
    assert decide_new(admin, desk.account_id, seen, on=not on) == 0
    what = "methods.new_switched_on" if on else "methods.new_switched_off"
    assert audited(what) == [{"methods": ["b JPY"]}]


def test_looking_at_new_ones_leaves_their_switches(desk: Desk, admin: SignedIn) -> None:
    assert decide_new(admin, desk.account_id, [each.id for each in stored(desk.account_id)], on=None) == 3
    assert all(each.enabled and not each.is_new for each in stored(desk.account_id))


def test_a_checkout_gets_what_is_switched_on_and_offered_in_the_merchants_order(desk: Desk, admin: SignedIn) -> None:
    move(admin, row(desk, "c").id, 1, up=True)
    switch(admin, row(desk, "a").id, 1, on=False)
    list_of(desk, "a", "c", "d")
    live = factories.account(desk.shop_id, "sk_live", mode=Mode.LIVE)
    with reading() as tx:
        assert [each.slug for each in enabled_methods(tx, desk.shop_id, Mode.TEST)] == ["c", "d"]
        assert list(enabled_methods(tx, desk.shop_id, Mode.LIVE)) == []
        assert [each.account.id for each in of_shops(tx, [desk.shop_id], Mode.LIVE)] == [live.id]
        assert [each.slug for each in of_account(tx, [desk.shop_id], desk.account_id).new] == ["c", "d"]


def test_only_who_may_switch_methods_of_that_shop_does_I18(desk: Desk, admin: SignedIn) -> None:
    a, before = row(desk, "a"), [(each.enabled, each.is_new) for each in stored(desk.account_id)]
    stranger = person(desk, Role.OWNER, shop_id=factories.shop("other").id)
    for actor, refusal in ((person(desk, Role.MERCHANT), NoRight), (stranger, NotFound)):
        with pytest.raises(refusal):
            switch(actor, a.id, a.version, on=False)
        with pytest.raises(refusal):
            move(actor, a.id, a.version, up=False)
        with pytest.raises(refusal):
            decide_new(actor, desk.account_id, [a.id], on=False)
    with pytest.raises(NotFound):
        switch(admin, uuid.uuid4(), 1, on=False)
    assert [(each.enabled, each.is_new) for each in stored(desk.account_id)] == before
