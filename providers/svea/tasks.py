"""What Svea carries out later (sections 4 and 8): the ids under which we follow it, and how it stands.

A pending id is either the path of a task in Svea's queue, or, for a credit by amount, which has no task,
`credited/<order>/<delivery>/<total to reach>`: a bank pays such a credit out days later or never, and meanwhile
the sum is not there and the delivery allows no other credit.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from providers.errors import OutcomeUnknown, PaymentNotFound
from providers.http import Answer
from providers.kinds import RequestState
from providers.reading import Unreadable, an_object, optional_text
from providers.svea import actions, answers, reading_orders
from providers.svea.order import Order

TASK_PATH = re.compile(r"(/[A-Za-z0-9_-]+)+")
CREDITED = re.compile(r"credited/(\d{1,18})/(\d{1,18})/(\d{1,18})")
RUNNING, FINISHED = "inprogress", "completed"


def path_of(base: str, location: str) -> str | None:
    """The task's path below `base`; None for an address on another host, or one that is no plain path."""
    ours = urlsplit(base)
    try:
        theirs = urlsplit(urljoin(f"{base}/", location.strip()))
    except ValueError:  # an address that is none, say with half a bracket
        return None
    if (ours.scheme, ours.netloc.lower()) != (theirs.scheme, theirs.netloc.lower()) or theirs.query or theirs.fragment:
        return None
    if not theirs.path.startswith(f"{ours.path}/"):
        return None
    path = theirs.path.removeprefix(ours.path)
    return path if TASK_PATH.fullmatch(path) else None


def credit_id(order: str, delivery: str, target: int) -> str:
    """The id under which a credit by amount is followed."""
    return f"credited/{order}/{delivery}/{target}"


def read_task(answer: Answer) -> RequestState:
    """How a task stands by its answer. Raises OutcomeUnknown, PaymentNotFound for a task that is not known."""
    if answer.status in (302, 303):
        return RequestState.COMPLETED
    if answer.status == 404:
        raise PaymentNotFound("task")
    if answer.status != 200:
        raise OutcomeUnknown(f"HTTP {answer.status}")
    try:
        task = an_object(answers.read(answer.body), "task")
        status = (optional_text(task, "status") or "").replace(" ", "").lower()
        resource = optional_text(task, "resourceuri")
    except Unreadable as error:
        raise OutcomeUnknown(str(error)) from error
    if status == FINISHED or resource:
        return RequestState.COMPLETED
    # The words for failure are not documented: whatever it is, the order itself says what happened.
    return RequestState.PENDING if status == RUNNING else RequestState.REJECTED


def read_credit(answer: object, delivery_id: str, target: int) -> RequestState:
    """How a credit by amount stands by a read of its order (names in lower case).

    REJECTED: the sum is not there, and the delivery can be credited again. An old read looks the same (R26).
    Raises Unreadable.
    """
    order: Order = reading_orders.order(answer)
    delivery = order.delivery(delivery_id)
    if delivery is None:
        return RequestState.PENDING
    if delivery.credited >= target:
        return RequestState.COMPLETED
    return RequestState.REJECTED if actions.CREDIT_AMOUNT in delivery.actions else RequestState.PENDING
