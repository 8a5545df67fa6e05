"""One order under one call: the picture that may be changed, and how it is kept."""

from copy import deepcopy
from dataclasses import dataclass

from .. import records
from ..records import Account, Cause, Json, Payment
from ..wire import Call
from ..world import World
from .errors import Problem, not_allowed
from .rules import CANCELLED, EXPIRED, FAILED, open_rows, order_actions

ENDED = {CANCELLED: records.CANCELLED, EXPIRED: records.EXPIRED, FAILED: records.FAILED}


@dataclass
class Desk:
    """One order under a call's hand; `picture` is a copy that may be changed and is kept by `post`."""

    world: World
    account: Account
    call: Call
    payment: Payment
    picture: Json

    def cause(self, description: str | None = None) -> Cause:
        """Who moves it: the product, or the portal where a control call does."""
        if self.call.name == "portal":
            return Cause("portal", description=description)
        return Cause("api", digest=self.call.digest, description=description)

    def post(self, kind: str, minor: int, description: str | None = None) -> None:
        """Book an effect and keep the picture, as a copy of its own."""
        after = deepcopy(self.picture)
        status = status_of(self.payment, after)
        ledger = self.world.ledger
        ledger.post(self.payment.reference, kind, minor, self.cause(description), picture=after, status=status)
        self.payment = ledger.get(self.payment.reference)

    @property
    def rest(self) -> int:
        """What is authorised, not captured and not released."""
        return self.payment.authorised_minor - self.payment.captured_minor - self.payment.cancelled_minor

    @property
    def left(self) -> int:
        """What is captured and not given back."""
        return self.payment.captured_minor - self.payment.refunded_minor

    def need(self, *wanted: str) -> None:
        """Refuse unless the order lists these actions."""
        for action in wanted:
            if action not in order_actions(self.picture):
                raise not_allowed(action)


def status_of(payment: Payment, picture: Json) -> str:
    """The ledger's word for the order's state."""
    if picture["deliveries"]:
        credited = all(one["DeliveryAmount"] <= one["CreditedAmount"] for one in picture["deliveries"])
        return records.REFUNDED if credited or picture["status"] == CANCELLED else records.CAPTURED
    return ENDED.get(picture["status"], payment.status)


def desk_of(world: World, account: Account, call: Call, *, fresh: bool = True) -> Desk:
    """The order of a call's path; with `fresh` false as old as the call's fault says."""
    reference = call.args["id"]
    payment = world.ledger.payments.get(reference)
    if payment is None or payment.account != account.id:
        raise Problem(404, "There is no such order.")
    if payment.picture["visible_at"] > world.clock.now().timestamp():
        raise Problem(404, "There is no such order.")
    if not fresh and call.as_of is not None:
        payment = world.ledger.as_of(reference, call.as_of)
    return Desk(world, account, call, payment, deepcopy(payment.picture))


def rows_of(desk: Desk, chosen: list[int]) -> list[Json]:
    """The open rows of these ids."""
    by_id = {row["OrderRowId"]: row for row in open_rows(desk.picture)}
    if not set(chosen) <= by_id.keys() or len(set(chosen)) != len(chosen):
        raise Problem(400, "OrderRowIds names a row that is not open.", "OrderRowIds")
    return [by_id[row_id] for row_id in chosen]
