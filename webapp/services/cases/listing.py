"""The cases as pages show them; reads only, scoped to the given shops. What is only suspected is shown to nobody."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from webapp.domain.cases import CaseKind, CaseState
from webapp.models import Case, Mode, Order, Payment, ProviderAccount, Shop, User
from webapp.services import runtime
from webapp.services.errors import NotFound
from webapp.services.unit_of_work import Tx

PAGE = 50
SHOWN = (CaseState.OPEN, CaseState.SET_ASIDE, CaseState.CLOSED)
_rank: ColumnElement[int] = case((Case.state == CaseState.OPEN, 0), else_=1)

Place = tuple[int, datetime, uuid.UUID]
"""Where a case stands in the list: 0 for an open one, when it was opened, its id."""


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What to show; None: all. `after` is the place of the last row of the page before."""

    state: CaseState | None = None
    kind: CaseKind | None = None
    shop_id: uuid.UUID | None = None
    payment_id: uuid.UUID | None = None
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case with its surroundings; `closed_by` names the person who set it aside."""

    case: Case
    order: Order
    payment: Payment
    account: ProviderAccount
    shop: Shop
    closed_by: str | None

    @property
    def is_open(self) -> bool:
        """Whether somebody should look into it."""
        return self.case.state is CaseState.OPEN

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        assert self.case.opened_at is not None  # noqa: S101 - only a suspected case has none
        return (0 if self.is_open else 1, self.case.opened_at, self.case.id)

    @property
    def provider_page(self) -> str | None:
        """Address of the payment in the provider's own back office, where one is documented."""
        capabilities = runtime.current().providers.capabilities(self.account.provider)
        return capabilities.payment_page(self.payment.provider_ref, self.account.settings)


def cases(tx: Tx, shops: Collection[uuid.UUID], mode: Mode, wanted: CaseFilter) -> tuple[Sequence[CaseLine], bool]:
    """One page of cases, open ones first and newest first among them, and whether there are more."""
    query = _lines().where(Case.shop_id.in_(shops), Case.mode == mode)
    query = query.where(Case.state == wanted.state if wanted.state else Case.state.in_(SHOWN))
    if wanted.kind is not None:
        query = query.where(Case.kind == wanted.kind)
    if wanted.shop_id is not None:
        query = query.where(Case.shop_id == wanted.shop_id)
    if wanted.payment_id is not None:
        query = query.where(Case.payment_id == wanted.payment_id)
    if wanted.after is not None:
        rank, opened_at, case_id = wanted.after
        older = or_(Case.opened_at < opened_at, and_(Case.opened_at == opened_at, Case.id < case_id))
        query = query.where(or_(_rank > rank, and_(_rank == rank, older)))
    rows = tx.execute(query.order_by(_rank, Case.opened_at.desc(), Case.id.desc()).limit(PAGE + 1)).all()
    return [CaseLine(*row) for row in rows[:PAGE]], len(rows) > PAGE


def get_case(tx: Tx, case_id: uuid.UUID, shops: Collection[uuid.UUID], mode: Mode) -> CaseLine:
    """One case. NotFound when it is in none of those shops (I18), or of the other mode."""
    here = Case.shop_id.in_(shops), Case.mode == mode, Case.state.in_(SHOWN)
    query = _lines().where(Case.id == case_id, *here)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"case {case_id}")
    return CaseLine(*row)


def count_open(tx: Tx, shops: Collection[uuid.UUID], mode: Mode) -> int:
    """How many cases stand open in those shops."""
    here = Case.shop_id.in_(shops), Case.mode == mode, Case.state == CaseState.OPEN
    return tx.execute(select(func.count()).select_from(Case).where(*here)).scalar_one()


def _lines() -> Select[Case, Order, Payment, ProviderAccount, Shop, str | None]:
    return (
        select(Case, Order, Payment, ProviderAccount, Shop, User.name)
        .join(Order, Order.id == Case.order_id)
        .join(Payment, Payment.id == Case.payment_id)
        .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
        .join(Shop, Shop.id == Case.shop_id)
        .outerjoin(User, User.id == Case.closed_by)
    )
