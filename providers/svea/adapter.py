"""The port on Svea's Payment Admin API: one account, one call per method, signed anew each time (section 1.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound, RequestRefused
from providers.http import Answer, HttpClient
from providers.kinds import RequestState
from providers.port import MoneyRequest, Reply, WireCall
from providers.reading import Unreadable
from providers.snapshots import MethodOffer, Notification, PaymentSnapshot
from providers.svea import answers, catalogue, mapping, notification, replies, requests, subscriptions, tasks
from providers.svea.capabilities import SveaCapabilities
from providers.svea.signing import Signer
from providers.svea.wire import ORDER_ID

JSON = {"Content-Type": "application/json"}
CAMPAIGNS = "/api/util/GetAvailablePartPaymentCampaigns?IsCompany="
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Hosts:
    """Clients of the account's two APIs, and the address of the first."""

    admin: HttpClient
    checkout: HttpClient
    admin_base: str


class SveaProvider:
    """A Svea account; `before_send` runs when a write has its connection and no byte has left (R9)."""

    def __init__(
        self,
        hosts: Hosts,
        signer: Signer,
        currency: str,
        signing: notification.Signing | None = None,
        before_send: Callable[[], None] | None = None,
    ) -> None:
        """`currency` is the account's one currency, blank where nobody said it; `signing` how its events are signed."""
        self._hosts = hosts
        self._signer = signer
        self._currency = currency
        self._signing = signing or notification.Signing()
        self._before_send = before_send
        self._capabilities = SveaCapabilities()

    @property
    def capabilities(self) -> SveaCapabilities:
        """What Svea can do."""
        return self._capabilities

    def prepare(self, request: MoneyRequest) -> WireCall:
        """See `requests.prepare`. Raises RequestNotPossible."""
        return requests.prepare(request)

    def redact(self, call: WireCall) -> str:
        """See `requests.redact`."""
        return requests.redact(call)

    def send(self, call: WireCall) -> Reply:
        """Make one change. Raises ProviderUnavailable or OutcomeUnknown; every answer becomes a Reply."""
        return replies.classify(call, self._write(call.method, call.path, call.body), self._hosts.admin_base)

    def fetch_payment(self, payment_ref: str) -> PaymentSnapshot:
        """Read one order (section 2).

        Raises PaymentNotFound, CredentialsRefused, ProviderUnavailable or OutcomeUnknown.
        """
        return _checked(payment_ref, self._order(payment_ref, mapping.snapshot))

    def fetch_task(self, pending_id: str) -> RequestState:
        """How a task, or a credit by amount, stands (section 4); redirects are never followed.

        Raises as `fetch_payment`; PaymentNotFound where the task is not known any more.
        """
        credit = tasks.CREDITED.fullmatch(pending_id)
        if credit is not None:
            order, delivery, target = credit.groups()
            return self._order(order, lambda found: tasks.read_credit(found, delivery, int(target)))
        if not tasks.TASK_PATH.fullmatch(pending_id):
            raise PaymentNotFound("not a task of Svea's form")
        answer = self._call("GET", pending_id)
        _refuse_bad_credentials(answer)
        return tasks.read_task(answer)

    def fetch_methods(self) -> Sequence[MethodOffer]:
        """The catalogue, once the private buyers' campaigns could be read (section 9): that proves the account.

        None where the account's currency is not set. Raises CredentialsRefused, ProviderUnavailable or OutcomeUnknown.
        """
        codes = self.fetch_campaigns()
        return catalogue.offers(codes, self._currency) if self._currency else []

    def fetch_campaigns(self, *, companies: bool = False) -> Sequence[str]:
        """Codes of the part-payment campaigns for private buyers, or for companies. Raises as `fetch_methods`."""
        path = CAMPAIGNS + ("true" if companies else "false")
        answer = self._hosts.checkout.call("GET", path, headers=self._signer.headers(None))
        return _understood(_good_read(answer), catalogue.campaigns)

    def add_subscription(self, request: subscriptions.SubscriptionRequest) -> str:
        """Subscribe to events; answers the id.

        Raises RequestRefused, CredentialsRefused, ProviderUnavailable or OutcomeUnknown.
        """
        answer = self._write("POST", subscriptions.PATH, subscriptions.body(request))
        return _understood(_good_write(answer), subscriptions.read_ref)

    def list_subscriptions(self) -> Sequence[subscriptions.Subscription]:
        """All subscriptions. Raises as `fetch_methods`."""
        answer = self._call("GET", f"{subscriptions.PATH}/")
        return _understood(_good_read(answer), subscriptions.read_list)

    def put_subscription(self, ref: str, request: subscriptions.SubscriptionRequest) -> None:
        """Replace a subscription; needed for the events of a method that is new. Raises as `add_subscription`."""
        _good_write(self._write("PUT", subscriptions.path(ref), subscriptions.body(request)))

    def verify_subscription(self, ref: str) -> None:
        """Let Svea send its Ping. Raises as `add_subscription`."""
        _good_write(self._write("POST", subscriptions.path(ref, "/verify"), None))

    def delete_subscription(self, ref: str) -> None:
        """End a subscription. Raises as `add_subscription`."""
        _good_write(self._write("DELETE", subscriptions.path(ref), None))

    def read_notification(
        self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], query: Mapping[str, str]
    ) -> Notification:
        """See `notification.read`. Raises SignatureWrong."""
        if self._signing.header:
            notification.verify(headers, raw, secrets, self._signing)
        return notification.read(raw, query)

    def close(self) -> None:
        """Close the connections."""
        self._hosts.admin.close()
        self._hosts.checkout.close()

    def _write(self, method: str, path: str, body: bytes | None) -> Answer:
        return self._call(method, path, body, self._before_send)

    def _call(
        self, method: str, path: str, body: bytes | None = None, before_send: Callable[[], None] | None = None
    ) -> Answer:
        """One call, signed over exactly the bytes that go out."""
        headers = {**self._signer.headers(body), **(JSON if body is not None else {})}
        return self._hosts.admin.call(method, path, body=body, headers=headers, before_first_byte=before_send)

    def _order(self, ref: str, read: Callable[[Any], Found]) -> Found:
        if not ORDER_ID.fullmatch(ref):
            raise PaymentNotFound("not an id of Svea's form")
        answer = self._call("GET", f"/api/v1/orders/{ref}")
        if answer.status == 404 and answers.error_of(answer).is_svea:
            raise PaymentNotFound("HTTP 404")
        return _understood(_good_read(answer), read)


def _checked(ref: str, snapshot: PaymentSnapshot) -> PaymentSnapshot:
    if snapshot.provider_ref != ref:
        raise OutcomeUnknown("the answer is about another order")
    return snapshot


def _refuse_bad_credentials(answer: Answer) -> None:
    if answer.status in (401, 403):
        raise CredentialsRefused(f"HTTP {answer.status}")


def _good_read(answer: Answer) -> Answer:
    _refuse_bad_credentials(answer)
    if answer.status != 200:
        raise OutcomeUnknown(f"HTTP {answer.status}")
    return answer


def _good_write(answer: Answer) -> Answer:
    """The answer to a change that moves no money."""
    _refuse_bad_credentials(answer)
    if answer.status in (400, 404):
        error = answers.error_of(answer)
        raise RequestRefused(error.code, error.message)
    if answer.status not in (200, 201, 202, 204):
        raise OutcomeUnknown(f"HTTP {answer.status}")
    return answer


def _understood(answer: Answer, read: Callable[[Any], Found]) -> Found:
    try:
        return read(answers.read(answer.body))
    except Unreadable as error:
        raise OutcomeUnknown(str(error)) from error
