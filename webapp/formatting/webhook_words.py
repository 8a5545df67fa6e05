"""What came of a provider's message, in words."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.formatting.lazy import _l
from webapp.models import WebhookMessage

RESULTS: Mapping[str, str] = {
    "nothing_to_fetch": _l("It is about nothing that Paydesk keeps."),
    "signature_wrong": _l("The signature does not fit the account's webhook secret. Nothing was done."),
    "unknown_payment": _l("No order has this payment yet. After a day it is taken in from the provider."),
    "payment_added": _l("The payment was taken in from the provider."),
    "no_order_number": _l("The provider names no order number, so the payment must be added by hand."),
    "order_coming_in": _l("An import is bringing this order in. The payment is added when it is over."),
    "currency_differs": _l("The order has another currency than the payment. Look at both."),
    "VaultError": _l("The account's keys cannot be read. Enter them again."),
    "CredentialsRefused": _l("The provider refused the account's keys."),
    "PaymentNotFound": _l("The provider does not know this payment."),
}


def webhook_result(message: WebhookMessage) -> str:
    """One sentence; "" while nothing is known."""
    if message.result is None:
        return ""
    if message.result == "read":
        if not message.movements:
            return str(_("The payment was read. Nothing was new."))
        words = ngettext("%(num)d movement was booked.", "%(num)d movements were booked.", message.movements)
        return str(words)
    return str(RESULTS.get(message.result) or _("The provider could not be reached or gave no clear answer."))
