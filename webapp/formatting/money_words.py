"""The words of the money pages: methods, reasons, kinds, and why something is not possible or was not done."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

from providers import registry
from providers.kinds import NotOffered, OperationKind
from webapp.formatting.lazy import _l
from webapp.models import Operation

METHODS: Mapping[str, str] = {
    "credit_card": _l("card"),
    "konbini": _l("konbini"),
    "bank_transfer": _l("bank transfer"),
    "pay_easy": "Pay-easy",
    "paypay": "PayPay",
    "linepay": "LINE Pay",
    "merpay": "Merpay",
    "rakutenpay": "Rakuten Pay",
    "aupay": "au PAY",
    "docomo": "d Barai",
    "paidy": "Paidy",
    "alipay": "Alipay",
    "wechatpay": "WeChat Pay",
    "card": _l("card"),
    "pay_by_card": _l("card"),
    "invoice": _l("invoice"),
    "invoice_business": _l("invoice to a company"),
    "b2b_invoice": _l("invoice to a company"),
    "account": _l("account credit"),
    "base_account": _l("account credit"),
    "account_credit": _l("account credit"),
    "fixed_amount": _l("instalments"),
    "payment_plan": _l("instalments"),
    "pay_in_x": _l("instalments"),
    "direct_debit": _l("direct debit"),
    "direct_bank": _l("bank transfer"),
    "swish": "Swish",
    "vipps": "Vipps",
    "mobilepay": "MobilePay",
    "mobile_pay": "MobilePay",
    "leasing": _l("leasing"),
}
_OF_OURS = frozenset(slug for slug, name in METHODS.items() if not isinstance(name, str))
"""Methods with a common word for a name, and none of their own."""
BY_BANK = frozenset({"konbini", "bank_transfer", "pay_easy"})

KINDS: Mapping[OperationKind, str] = {
    OperationKind.REFUND: _l("Refund"),
    OperationKind.CANCEL: _l("Release"),
    OperationKind.CAPTURE: _l("Capture"),
    OperationKind.UPDATE: _l("Amount change"),
}

NOT_OFFERED: Mapping[NotOffered, str] = {
    NotOffered.BUYER_HAS_TO_PAY: _l("The buyer has not paid yet."),
    NotOffered.NOTHING_AUTHORISED: _l("Nothing is reserved on this payment."),
    NotOffered.NOTHING_CAPTURED: _l("Nothing was captured on this payment, so there is nothing to give back."),
    NotOffered.NOTHING_LEFT: _l("Nothing is left on this payment."),
    NotOffered.ALREADY_CAPTURED: _l("The money is captured already. It can only be refunded."),
    NotOffered.PART_WITH_TAX: _l(
        "The payment holds tax, and the provider does not say how a part of it is counted. Only the whole can move."
    ),
    NotOffered.PART_NOT_SUPPORTED: _l("The provider moves only the whole, not a part."),
    NotOffered.STATE_FORBIDS: _l("The state of the payment at the provider does not allow it."),
    NotOffered.NOT_SUPPORTED: _l("The provider does not offer this for this payment."),
    NotOffered.PROVIDER_CHECKS: _l("The provider is still checking the order. Do not ship it yet."),
    NotOffered.HOLD_EXPIRED: _l("The time of the reservation is over, so the provider holds nothing any more."),
    NotOffered.NOT_ALLOWED_NOW: _l("The provider does not allow it for this payment now."),
    NotOffered.CANNOT_RAISE: _l("The amount of this payment can go down, not up."),
    NotOffered.LINES_NEEDED: _l("The provider needs the order lines for this."),
    NotOffered.LINES_DO_NOT_SUM: _l("The order lines do not sum to the amount."),
    NotOffered.WHOLE_UNITS_ONLY: _l("The provider takes only whole numbers of pieces in an order line."),
}

RULES: Mapping[str, str] = {
    "frozen": _l("The payment is frozen, because our sums and the provider's differ. Nothing was done."),
    "disk_full": _l("The disk of the desk is nearly full, so nothing new is taken. Nothing was done. Tell your admin."),
    "request_id_taken": _l("This form was used for something else already. Check the amount and send it again."),
    "bank_details_missing": _l("Enter the customer's bank account"),
    "reason_missing": _l("Choose a reason for the refund"),
    "comment_missing": _l("Enter a comment, because the reason is Other"),
    "comment_too_long": _l("Comment must be 1,000 characters or fewer"),
    "amount_too_low": _l("The amount must not be less than what is captured or promised to requests under way."),
    "too_late": _l("It is too late to stop it: it is being sent or was sent already."),
    "not_yours": _l("Somebody else asked for it. A merchant or owner can stop it."),
    "nothing_to_settle": _l("This was settled in the meantime."),
    "second_person": _l("A second person has to confirm. You made the proposal."),
    "wait_24_hours": _l("You are alone in this shop, so you can confirm 24 hours after the proposal."),
    "proposal_changed": _l("The proposal was changed in the meantime. Read it again."),
    "evidence_missing": _l("Enter what you saw at the provider"),
    "reference_missing": _l("Enter the provider's reference"),
    "reference_taken": _l("This reference belongs to something else in our books"),
    "not_in_books": _l("Our books do not show this movement. Have the provider asked first"),
    "nothing_to_ask": _l("The result is known now, so there is nothing to ask."),
}

NOT_DONE: Mapping[str, str] = {
    "provider_rejected": _l(
        "The provider accepted the request first and refused it later. Often the bank data were wrong."
    ),
    "state_forbids": _l("The provider shows the payment in a state in which this is not possible any more."),
    "not_refundable": _l("The provider says that this payment cannot be refunded."),
    "not_cancellable": _l("The provider says that this payment cannot be cancelled."),
    "request_failed": _l("The company behind the payment method refused it."),
    "unprocessable_entity": _l("The provider refused the request."),
    "bad_request": _l("The provider did not understand the request. Tell your admin."),
    "not_found": _l("The provider does not know this payment under our keys. Tell your admin."),
    "stopped": _l("It was stopped before it was sent."),
    "settled": _l("Two people looked at the provider's own pages and decided that it was not carried out."),
    "right_revoked": _l("Whoever asked for it lost the right before it was sent."),
    "no_more_tries": _l("The provider could not be reached in many tries."),
    "not_reached": _l("The provider could not be reached."),
    "waited_too_long": _l("The desk was held up before it could send."),
    "approval_lapsed": _l("Nobody approved it within 72 hours."),
    "blocked_kill_switch": _l("Sending was switched off for seven days."),
    "blocked_earlier_step": _l("An earlier step of the same request stayed open for seven days."),
    "blocked_breaker": _l("Sending to this provider account was stopped for seven days."),
    "too_many_requests": _l("The provider had too many requests at once."),
    "missing_parameter": _l("The provider refused the request."),
    "invalid_payment_type": _l("The provider refused the request."),
    "invalid_currency": _l("The provider refused the request."),
    "PAYMENT_METHOD_FAILED": _l("The provider could not charge the buyer."),
    "CAPTURE_NOT_ALLOWED": _l("The provider shows the payment in a state in which this is not possible any more."),
    "CANCEL_NOT_ALLOWED": _l("The provider shows the payment in a state in which this is not possible any more."),
    "REFUND_NOT_ALLOWED": _l("The provider says that this payment cannot be refunded."),
    "NOT_ALLOWED": _l("The provider shows the payment in a state in which this is not possible any more."),
    "NO_SUCH_ORDER": _l("The provider does not know this payment under our keys. Tell your admin."),
    "BAD_VALUE": _l("The provider did not understand the request. Tell your admin."),
    "BAD_REQUEST": _l("The provider did not understand the request. Tell your admin."),
    "UNPROCESSABLE_ENTITY": _l("The provider refused the request."),
    "TOO_MANY_REQUESTS": _l("The provider had too many requests at once."),
    "http_400": _l("The provider refused the request."),
    "http_401": _l("The provider refused our keys. Tell your admin."),
    "http_403": _l("The provider refused our keys. Tell your admin."),
    "http_404": _l("The provider does not know this payment under our keys. Tell your admin."),
    "http_429": _l("The provider had too many requests at once."),
    "payment_not_read": _l("The payment could not be read at the provider before sending."),
    "read_was_old": _l("The provider kept showing an older state of the payment than our books."),
    "not_covered": _l("What this needs was held by other requests of the payment."),
    "proven_absent": _l("An earlier try did not arrive at the provider."),
    "unauthorized": _l("The provider refused our keys. Tell your admin."),
    "forbidden": _l("The provider refused our keys. Tell your admin."),
}

BLOCKED: Mapping[str, str] = {
    "kill_switch": _l("Sending is switched off. It waits and is sent when sending is switched on again."),
    "breaker": _l("Sending to this provider account is stopped after faults. It waits and is tried again by itself."),
    "recovery": _l("The desk was restored from a backup and sends nothing until an operator allows it."),
    "earlier_step": _l("An earlier step of the same request is still open. This one is sent after it."),
    "other_operation": _l("Another request of this payment is still open. This one is sent after it."),
}


def kind_name(kind: OperationKind) -> str:
    """What an operation does, as a noun."""
    return str(KINDS[kind])


def method_name(slug: str) -> str:
    """A payment method in the middle of a sentence; one that we do not know keeps the provider's word."""
    return str(METHODS.get(slug) or slug.replace("_", " ")) or _("unknown method")


def method_title(slug: str) -> str:
    """A payment method on its own, with a capital."""
    name = method_name(slug)
    return name[:1].upper() + name[1:] if slug in _OF_OURS else name


def provider_name(provider: str) -> str:
    """A provider as it writes itself."""
    known = registry.PROVIDERS.get(provider)
    return known.title if known else provider.replace("_", " ").title()


def why_not(reason: NotOffered | None) -> str:
    """Why an action is not possible, as a sentence."""
    return str(NOT_OFFERED[reason or NotOffered.NOT_SUPPORTED])


def rule_words(code: str) -> str:
    """What a rule that forbids a wish says, as a sentence."""
    return str(RULES[code])


def why_not_done(operation: Operation) -> str:
    """Why an operation ended without effect, or waits for its next try, in our words."""
    known = NOT_DONE.get(operation.provider_code or "")
    return str(known) if known else _("The provider gave a reason that we have no words for. It stands under Details.")


def last_answer(operation: Operation) -> str:
    """What the provider answered last, in our words where we have them; else in its own."""
    known = {
        "no_answer": _("The connection broke before an answer came"),
        "not_reached": _("The provider could not be reached"),
    }
    return known.get(operation.provider_code or "") or operation.provider_message or _("None")


def why_blocked(operation: Operation) -> str:
    """Why an operation is not sent although its time has come; "" when nothing is in its way."""
    return str(BLOCKED.get(operation.blocked_by or "", ""))
