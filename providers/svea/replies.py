"""What an answer to a change means: the table of section 5, made stricter by money-safety section 6.

Svea's answers carry no amounts: a success is DONE without money, and the next read has to show it (R5).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

from providers.http import Answer
from providers.kinds import OperationKind, Outcome
from providers.port import Reply, WireCall
from providers.reading import Unreadable
from providers.svea import answers, tasks

ON_THE_ORDER = re.compile(r"/api/v1/orders/\d+(/deliveries(/DeliverAndLowerAmount)?|/rows/[A-Za-z]+)?")
CREDIT_BY_AMOUNT = re.compile(r"/api/v1/orders/(\d+)/deliveries/(\d+)")
SHOWN_IDS = ("deliveryid", "creditid", "orderrowid", "id", "status")
USUAL_WAIT_S = 5
LONGEST_WAIT_S = 300  # section 5: 5 s to 5 min


def classify(call: WireCall, answer: Answer, base: str) -> Reply:
    """The one reading of an answer; `base` is where the account's calls go. Never raises."""
    if 200 <= answer.status < 300:
        return _good(call, answer, base)
    error = answers.error_of(answer)
    outcome = _outcome(call, answer.status, error)
    reply = Reply(
        outcome=outcome,
        http_status=answer.status,
        code=error.code or f"http_{answer.status}",
        message=error.message,
        credentials_refused=answer.status in (401, 403),
        redacted=f"HTTP {answer.status} {json.dumps({'code': error.code, 'message': error.message})}",
    )
    if answer.status == 429:
        return replace(reply, retry_after_s=retry_after_s(answer))
    return reply


def _outcome(call: WireCall, status: int, error: answers.SveaError) -> Outcome:
    if status == 400:
        return Outcome.ASK  # a total that an earlier try has reached is refused too
    if status in (401, 403, 429):
        return Outcome.NOT_APPLIED
    if status == 404 and error.is_svea:
        return Outcome.REFUSED if ON_THE_ORDER.fullmatch(call.path) else Outcome.ASK
    return Outcome.IN_DOUBT  # 3xx, 408, 409, 5xx, somebody else's 404, every other 4xx


def _good(call: WireCall, answer: Answer, base: str) -> Reply:
    """A 2xx. Svea answers nothing, or ids; anything else is no answer of its."""
    doubt = Reply(outcome=Outcome.IN_DOUBT, http_status=answer.status, redacted=f"HTTP {answer.status}")
    try:
        ids = _ids(answer)
    except Unreadable as error:
        return replace(doubt, message=str(error))
    doubt = replace(doubt, redacted=f"HTTP {answer.status} {json.dumps(ids)}")
    if answer.status == 202:
        task = tasks.path_of(base, answer.headers.get("location", ""))
        if task is None:
            return replace(doubt, message="accepted, and no task of this host named")
        return replace(doubt, outcome=Outcome.ACCEPTED, pending_id=task)
    if answer.status not in (200, 201, 204):
        return doubt
    by_amount = CREDIT_BY_AMOUNT.fullmatch(call.path)
    if by_amount and call.method == "PATCH" and call.kind is OperationKind.REFUND:
        return replace(doubt, outcome=Outcome.ACCEPTED, pending_id=_credit_id(call, *by_amount.groups()))
    return replace(doubt, outcome=Outcome.DONE)


def _credit_id(call: WireCall, order: str, delivery: str) -> str:
    target: int = json.loads(call.body or b"{}")["CreditedAmount"]
    return tasks.credit_id(order, delivery, target)


def _ids(answer: Answer) -> dict[str, Any]:
    """The ids in a good answer. Raises Unreadable for a body that is neither empty nor JSON."""
    if answers.is_blank(answer):
        return {}
    body = answers.read(answer.body)
    if not isinstance(body, dict):
        return {}
    return {name: body[name] for name in SHOWN_IDS if isinstance(body.get(name), int | str)}


def retry_after_s(answer: Answer) -> int:
    """Seconds to wait by `Retry-After`, in seconds or as a date by the server's own clock; 5 s to 5 min."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        seconds = int(value[:9])
    else:
        try:
            answered = parsedate_to_datetime(answer.headers.get("date", ""))
            seconds = int((parsedate_to_datetime(value) - answered).total_seconds())
        except (ValueError, TypeError):  # TypeError: one of them without its zone
            seconds = 0
    return min(max(seconds, USUAL_WAIT_S), LONGEST_WAIT_S)
