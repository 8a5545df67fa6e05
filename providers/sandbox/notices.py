"""What the bank tells a shop: one signed message for each effect, through the emulator's outbox and its faults."""

from __future__ import annotations

import json
from random import Random

from providers.emulator.clock import Clock
from providers.emulator.faults import FaultPlan
from providers.emulator.ledger import Ledger
from providers.emulator.records import Effect, Payment
from providers.emulator.webhooks import Outbox, sign_hex

SIGNATURE, DELIVERY_ID = "x-sandbox-signature", "x-sandbox-id"


class Notices:
    """Only accounts with an address are told; an effect is announced when it happens, late ones too."""

    def __init__(self, clock: Clock, random: Random, ledger: Ledger) -> None:
        """Hears of effects from the ledger; `faults` says what goes wrong with their messages."""
        self.faults = FaultPlan(random)
        self.outbox = Outbox(clock, self.faults)
        self._ledger = ledger
        ledger.listeners.append(self._announce)

    def _announce(self, effect: Effect, after: Payment) -> None:
        account = self._ledger.accounts[after.account]
        if account.webhook_url is None:
            return
        event_id, name = self._ledger.new_ref(), f"payment.{effect.kind}"
        body = json.dumps({"id": event_id, "type": name, "data": _shown(after)})
        headers = {
            "Content-Type": "application/json",
            DELIVERY_ID: self._ledger.new_ref(),
            SIGNATURE: sign_hex(account.webhook_secret or "", body.encode()),
        }
        self.outbox.queue(account, event_id, name, body, headers)


def _shown(payment: Payment) -> dict[str, object]:
    """The payment as it was then; whoever reads the message later reads old news."""
    return {
        "id": payment.reference,
        "status": payment.status,
        "currency": payment.currency,
        "amount_authorised": payment.authorised_minor,
        "amount_captured": payment.captured_minor,
        "amount_cancelled": payment.cancelled_minor,
        "amount_refunded": payment.refunded_minor,
    }
