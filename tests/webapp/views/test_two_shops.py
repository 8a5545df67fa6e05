"""Every page and form with the ids of another shop: as if that were not there, and nothing changes (I18).

The routes come from the application, so a new one is walked too; one with an id that nothing here has fails the test.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.desk import Desk
from tests.webapp.api.caller import make_key
from tests.webapp.routes import Route, routes
from tests.webapp.visitor import Visitor
from webapp.domain.cases import CaseKind, CaseState
from webapp.domain.permissions import Role
from webapp.domain.status_actions import FiringState, StatusAct
from webapp.models import (
    ApiKey,
    AuditEntry,
    Case,
    FiredAction,
    ImportState,
    JobRun,
    KillSwitch,
    MailKind,
    Mode,
    Operation,
    Order,
    OrderImport,
    OrderStatus,
    Payment,
    PaymentMethod,
    ProviderAccount,
    Schedule,
    Shop,
    Via,
    WebhookMessage,
    WebhookState,
)
from webapp.models.base import new_id
from webapp.services.mails import queueing
from webapp.services.mails.letters import Letter, Text
from webapp.services.unit_of_work import in_transaction

CANARY = "zanzibar"
"""Stands in everything that the other shop has."""
LEAVES = {"auth.sign_out", "me.sign_out_everywhere"}
FIELDS = {"methods.decide_new": {"decision": "seen"}}
"""What a form has to say to be looked at at all."""
SAYS_NOTHING = {"switches.release"}
"""Its answer to what is not there is a redirect with a message."""
NOW = factories.LONG_AGO


def row(model: Any, **values: Any) -> uuid.UUID:
    """Store one row; answers its id."""
    row_id = new_id()
    factories.add(model(id=row_id, **values))
    return row_id


@pytest.fixture
def theirs(desk: Desk) -> dict[str, uuid.UUID]:
    """What the other shop has, by the names of ids in addresses: one of everything."""
    desk.change(Shop, desk.shop_id, name=CANARY)
    payment_id = desk.payment(3300, order_number=f"{CANARY}-1")
    order_id, operation_id = desk.row(payment_id).order_id, desk.ask(payment_id, 100, comment=CANARY)
    desk.change(Order, order_id, buyer_name=CANARY, buyer_email=f"{CANARY}@example.test")
    of_order = {"shop_id": desk.shop_id, "order_id": order_id, "payment_id": payment_id}
    status = select(OrderStatus.id).where(OrderStatus.shop_id == desk.shop_id).limit(1)
    return {
        "shop_id": desk.shop_id,
        "account_id": desk.account_id,
        "user_id": factories.user(desk.shop_id, email=f"{CANARY}2@example.test", name=CANARY).id,
        "payment_id": payment_id,
        "order_id": order_id,
        "operation_id": operation_id,
        "wish_id": desk.operation(operation_id).wish_id,
        "reason_id": factories.reason(desk.shop_id),
        "status_id": in_transaction(lambda tx: tx.execute(status).scalar_one()),
        "key_id": make_key({desk.shop_id}, name=CANARY)[0],
        "mail_id": _mail(desk),
        "case_id": row(
            Case,
            mode=Mode.TEST,
            kind=next(iter(CaseKind)),
            state=CaseState.OPEN,
            first_read_at=NOW,
            last_read_at=NOW,
            opened_at=NOW,
            **of_order,
        ),
        "fired_id": row(
            FiredAction,
            change_id=factories.cancelled(order_id),
            act=next(iter(StatusAct)),
            state=FiringState.DUE,
            fired_at=NOW,
            due_at=NOW,
            **of_order,
        ),
        **_of_the_shop(desk),
    }


def _mail(desk: Desk) -> uuid.UUID:
    letter = Letter(
        kind=MailKind.FAILURES,
        subject_id=desk.shop_id,
        recipient=f"{CANARY}@example.test",
        shop_id=desk.shop_id,
        mode=Mode.TEST,
        language="en",
        text=Text(CANARY, CANARY),
    )
    found = in_transaction(lambda tx: queueing.add(tx, letter))
    assert isinstance(found, uuid.UUID)
    return found


def _of_the_shop(desk: Desk) -> dict[str, uuid.UUID]:
    here = {"shop_id": desk.shop_id}
    run = {"due_at": NOW, "overdue_at": NOW, "not_before": NOW}
    return {
        "switch_id": row(KillSwitch, provider="komoju", reason=CANARY, thrown_at=NOW, **here),
        "schedule_id": row(Schedule, job="refund", interval_s=600, next_due_at=NOW, overdue_at=NOW, **here),
        "run_id": row(JobRun, job="refund", **run, **here),
        "method_id": row(
            PaymentMethod,
            account_id=desk.account_id,
            slug=CANARY,
            currency="JPY",
            enabled=True,
            position=0,
            is_new=True,
            first_seen_at=NOW,
            last_seen_at=NOW,
            **here,
        ),
        "message_id": row(
            WebhookMessage,
            account_id=desk.account_id,
            dedupe=CANARY,
            received_at=NOW,
            event=CANARY,
            headers={},
            size=1,
            state=WebhookState.FAILED,
            **here,
        ),
        "import_id": row(
            OrderImport,
            mode=Mode.TEST,
            via=Via.WEB,
            file_name=CANARY,
            state=next(iter(ImportState)),
            act=False,
            keep_good=False,
            created_at=NOW,
            **here,
        ),
    }


@pytest.fixture
def stranger(desk_app: Flask, desk: Desk) -> Visitor:
    """The owner of another shop, who may do everything there."""
    desk_app.config["WTF_CSRF_ENABLED"] = False  # tokens have tests of their own
    return Visitor(desk_app, factories.user(factories.shop("print").id, Role.OWNER).id)


def pages(app: Flask, known: dict[str, uuid.UUID] | None = None) -> list[Route]:
    """Every way in that a person who is signed in has."""
    found = [route for route in routes(app, known) if not (route.access.is_public or route.access.by_key)]
    return [route for route in found if route.endpoint not in LEAVES]


def state_of_the_shop(desk: Desk) -> tuple[Any, ...]:
    """What any effect on the other shop would change."""
    models: list[Any] = [Operation, Order, Case, FiredAction, JobRun, Schedule, KillSwitch, PaymentMethod, OrderImport]
    counts = [select(func.count()).select_from(each).where(each.shop_id == desk.shop_id) for each in models]
    audit = select(func.count()).select_from(AuditEntry).where(AuditEntry.shop_id == desk.shop_id)
    versions = [
        select(func.sum(each.version)).where(each.shop_id == desk.shop_id)
        for each in (Order, ProviderAccount, PaymentMethod, Schedule, Case)
    ]
    sums = select(func.sum(Payment.refund_reserved_minor)).where(Payment.shop_id == desk.shop_id)
    keys = select(func.count()).select_from(ApiKey).where(ApiKey.revoked_at.is_not(None))
    queries = [*counts, audit, *versions, sums, keys]
    return in_transaction(lambda tx: tuple(tx.execute(each).scalar_one() for each in queries))


def test_every_id_in_an_address_is_known_here(desk_app: Flask, theirs: dict[str, uuid.UUID]) -> None:
    ends = {route.endpoint for route in pages(desk_app)}
    rules = [rule for rule in desk_app.url_map.iter_rules() if rule.endpoint in ends]
    ids = {name for rule in rules for name in re.findall(r"<uuid:([a-z_]+)>", rule.rule)}
    assert ids == set(theirs)


def test_I18_what_belongs_to_another_shop_is_not_there_on_any_page(
    desk_app: Flask, desk: Desk, theirs: dict[str, uuid.UUID], stranger: Visitor
) -> None:
    before = state_of_the_shop(desk)
    wrong = []
    for route, nowhere in zip(pages(desk_app, theirs), pages(desk_app), strict=True):
        has_id = route.address != nowhere.address
        desk.raw("delete from rate_events")  # else the limit would answer in the place of the page
        addresses = [route.address] if has_id else [route.address, f"{route.address}?shop={theirs['shop_id']}"]
        for address in addresses:
            answer = stranger.client.open(address, method=route.method, data=FIELDS.get(route.endpoint))
            if CANARY in answer.get_data(as_text=True).lower():
                wrong.append((str(route), "tells of it"))
            if has_id:
                unknown = stranger.client.open(nowhere.address, method=route.method, data=FIELDS.get(route.endpoint))
                refused = {403, 404} if route.endpoint not in SAYS_NOTHING else {303}
                same = answer.status_code == unknown.status_code and answer.status_code in refused
                wrong += [] if same else [(str(route), f"{answer.status_code} and not {unknown.status_code}")]
            elif answer.status_code >= 500:
                wrong.append((str(route), str(answer.status_code)))
    assert not wrong, "\n".join(f"{route}: {what}" for route, what in wrong)
    assert state_of_the_shop(desk) == before
