"""Roles and rights (product.md section 12; ASVS 8.1.1, 8.2.1)."""

from __future__ import annotations

import pytest

from webapp.domain.permissions import PERMISSIONS, Permission, Role, roles_with

P, R = Permission, Role


def test_every_role_has_its_rights_and_the_owner_all_of_them_I18() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert PERMISSIONS[R.OWNER] == set(Permission)
    assert PERMISSIONS[R.VIEWER] == {P.VIEW}


@pytest.mark.parametrize("right", [P.REFUND, P.CANCEL, P.CAPTURE, P.APPROVE])
def test_who_manages_accounts_and_people_moves_no_money(right: Permission) -> None:
    assert right not in PERMISSIONS[R.ADMIN]


@pytest.mark.parametrize("right", [P.CANCEL, P.CAPTURE, P.APPROVE, P.STOP_ANY, P.SETTLE_REVIEW])
def test_support_may_refund_and_not_more(right: Permission) -> None:
    assert P.REFUND in PERMISSIONS[R.SUPPORT]
    assert right not in PERMISSIONS[R.SUPPORT]


def test_reviews_are_settled_by_owners_alone() -> None:
    assert roles_with(P.SETTLE_REVIEW) == (R.OWNER,)
    assert roles_with(P.REFUND) == (R.SUPPORT, R.MERCHANT, R.OWNER)
    assert roles_with(P.VIEW) == tuple(Role)
