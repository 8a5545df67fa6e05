"""The control side: JSON under `/_emulator/`, for development. Bad input is a 400 with a sentence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from .control_webhooks import WebhookControl
from .faults import read_fault
from .inputs import BadInput, account_of, integer, number, optional_text, text
from .mail_faults import read_mail_fault
from .parts import PARTS, Part
from .records import Account, Json, Payment, Refused
from .wire import Answer, json_answer
from .world import World


class Control:
    """Finds the control call for a method and a path, and keeps the lock around it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._webhooks = WebhookControl(world)

    def answer(self, method: str, path: str, query: dict[str, str], body: Json) -> Answer:
        """200 with a JSON object; 400, 404, 405 or 409 with `{"error": sentence}`."""
        if (method, path) == ("GET", "ledger"):
            return self._ledger(query)
        try:
            with self._world.lock:
                return json_answer(200, self._run(method, path.split("/"), body))
        except BadInput as mistake:
            return json_answer(mistake.status, {"error": str(mistake)})
        except Refused as refusal:
            status = 404 if refusal.code == "not_found" else 409
            return json_answer(status, {"error": refusal.message, "code": refusal.code})

    def _run(self, method: str, parts: list[str], body: Json) -> Json:
        simple: dict[tuple[str, str], Callable[[Json], Json]] = {
            ("POST", "accounts"): self._add_account,
            ("GET", "accounts"): self._accounts,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "clock"): self._clock,
            ("PUT", "clock"): self._set_clock,
            ("PUT", "latency"): self._set_latency,
            ("POST", "reset"): self._reset,
            ("GET", "mails"): self._mails,
            ("DELETE", "mails"): self._forget_mails,
            ("GET", "mails/faults"): self._mail_faults,
            ("POST", "mails/faults"): self._add_mail_fault,
            ("DELETE", "mails/faults"): self._clear_mail_faults,
            ("GET", "webhooks"): self._webhooks.listing,
            ("POST", "webhooks"): self._webhooks.command,
        }
        if (call := simple.get((method, "/".join(parts)))) is not None:
            return call(body)
        match (method, parts):
            case ("DELETE", ["faults", number_text]):
                return self._clear_faults({"id": _whole(number_text)})
            case ("POST", ["webhooks", number_text]):
                return self._webhooks.act(_whole(number_text), body)
            case (_, [provider, *rest]) if provider in PARTS:
                return self._of_provider(method, PARTS[provider], rest, body)
        raise _no_such_call(method, parts)

    def _of_provider(self, method: str, part: Part, rest: list[str], body: Json) -> Json:
        match (method, rest):
            case ("PUT", ["methods"]):
                return self._set_methods(part, body)
            case ("POST", ["payments"]):
                payment = part.add(self._world, body)
                return {"provider_ref": payment.reference, "account": payment.account}
            case ("GET", ["payments", reference]):
                return payment_line(self._payment(part, reference))
            case ("POST", ["payments", reference, "portal"]):
                self._payment(part, reference)
                effect = part.portal(self._world, reference, body)
                status = self._world.ledger.get(reference).status
                return {"effect": effect and effect.seq, "status": status}
        raise _no_such_call(method, [part.name, *rest])

    def _payment(self, part: Part, reference: str) -> Payment:
        payment = self._world.ledger.get(reference)
        if payment.provider != part.name:
            raise BadInput(f"This is a payment of {payment.provider}.", 404)
        return payment

    def _add_account(self, body: Json) -> Json:
        provider = text(body, "provider")
        if provider not in PARTS:
            raise BadInput(f"provider has to be one of {', '.join(PARTS)}.")
        mode = optional_text(body, "mode") or "test"
        if mode not in ("test", "live"):
            raise BadInput("mode has to be test or live.")
        switches = body.get("switches", {})
        if not isinstance(switches, dict):
            raise BadInput("switches has to be an object.")
        account = Account(
            id="",
            provider=provider,
            mode=mode,
            secret_key=text(body, "secret_key"),
            publishable_key=optional_text(body, "publishable_key"),
            webhook_url=optional_text(body, "webhook_url"),
            webhook_secret=optional_text(body, "webhook_secret"),
            methods=method_list(PARTS[provider], body),
            switches=switches,
        )
        return {"account": self._world.ledger.open_account(account).id}

    def _set_methods(self, part: Part, body: Json) -> Json:
        """What an account offers from now on: `account` (its secret key), `methods` (null: the usual ones)."""
        account = account_of(self._world.ledger, part.name, body)
        changed = replace(account, methods=method_list(part, body))
        self._world.ledger.open_account(changed)
        return {"account": account.id, "methods": None if changed.methods is None else len(changed.methods)}

    def _accounts(self, _body: Json) -> Json:
        shown = ("id", "provider", "mode", "publishable_key", "webhook_url", "switches")
        accounts = self._world.ledger.accounts.values()
        return {"accounts": [{name: getattr(one, name) for name in shown} for one in accounts]}

    def _ledger(self, query: dict[str, str]) -> Answer:
        """Copies the lists under the lock and writes them out without it: all records are frozen."""
        with self._world.lock:
            effects = list(self._world.ledger.effects)
            payments = list(self._world.ledger.payments.values())
            broken = list(self._world.ledger.watch.broken)
        if (provider := query.get("provider")) is not None:
            effects = [one for one in effects if one.provider == provider]
            payments = [one for one in payments if one.provider == provider]
        if (reference := query.get("reference")) is not None:
            effects = [one for one in effects if one.reference == reference]
            payments = [one for one in payments if one.reference == reference]
            broken = [one for one in broken if one["reference"] == reference]
        return json_answer(
            200,
            {
                "effects": [{**vars(one), "at": one.at.isoformat()} for one in effects],
                "payments": [payment_line(one) for one in payments],
                "broken": broken,
            },
        )

    def _faults(self, _body: Json) -> Json:
        return {"faults": self._world.faults.listing()}

    def _add_fault(self, body: Json) -> Json:
        if "seed" in body:
            self._world.faults.random.seed(integer(body, "seed"))
            body = {name: value for name, value in body.items() if name != "seed"}
            if not body:
                return {"seeded": True}
        try:
            fault = self._world.faults.add(read_fault(body))
        except ValueError as mistake:
            raise BadInput(str(mistake)) from None
        return {"id": fault.id}

    def _clear_faults(self, body: Json) -> Json:
        return {"removed": self._world.faults.clear(body.get("id"))}

    def _clock(self, _body: Json) -> Json:
        return {"now": self._world.clock.now().isoformat()}

    def _set_clock(self, body: Json) -> Json:
        if "now" in body:
            try:
                self._world.clock.put(datetime.fromisoformat(text(body, "now")))
            except ValueError:
                raise BadInput("now has to be a moment with a zone, as 2026-01-15T03:00:00Z.") from None
        elif "advance_seconds" in body:
            self._world.clock.advance(number(body, "advance_seconds"))
        else:
            raise BadInput("Say now or advance_seconds.")
        offset = self._world.clock.offset.total_seconds()
        self._world.set(replace(self._world.settings, offset_seconds=offset))
        return self._clock({})

    def _set_latency(self, body: Json) -> Json:
        milliseconds = integer(body, "milliseconds")
        if not 0 <= milliseconds <= 600_000:
            raise BadInput("milliseconds has to be between 0 and 600000.")
        self._world.set(replace(self._world.settings, latency_ms=milliseconds))
        return {"milliseconds": milliseconds}

    def _reset(self, _body: Json) -> Json:
        self._world.reset()
        return {"reset": True}

    def _mails(self, _body: Json) -> Json:
        return {"mails": self._world.mails.listing()}

    def _forget_mails(self, _body: Json) -> Json:
        self._world.mails.clear()
        return {"cleared": True}

    def _mail_faults(self, _body: Json) -> Json:
        return {"faults": self._world.mails.faults.listing()}

    def _add_mail_fault(self, body: Json) -> Json:
        self._world.mails.faults.add(read_mail_fault(body))
        return self._mail_faults({})

    def _clear_mail_faults(self, _body: Json) -> Json:
        return {"removed": self._world.mails.faults.clear()}


def method_list(part: Part, body: Json) -> list[Json] | None:
    """The methods that an account offers as the wire shows them, None for the usual ones. Raises BadInput."""
    methods = body.get("methods")
    if methods is None or (
        isinstance(methods, list) and all(isinstance(one, dict) and part.method_fields <= one.keys() for one in methods)
    ):
        return methods
    raise BadInput(f"methods has to be a list of objects with {' and '.join(sorted(part.method_fields))}.")


def payment_line(payment: Payment) -> Json:
    """A payment's sums for the ledger, in minor units."""
    return {
        "reference": payment.reference,
        "provider": payment.provider,
        "account": payment.account,
        "status": payment.status,
        "currency": payment.currency,
        "method": payment.method,
        "order_number": payment.order_number,
        "authorised_minor": payment.authorised_minor,
        "captured_minor": payment.captured_minor,
        "cancelled_minor": payment.cancelled_minor,
        "refunded_minor": payment.refunded_minor,
        "charged_back_minor": payment.charged_back_minor,
        "waiting_requests": sum(one.status == "pending" for one in payment.refund_requests),
    }


def _no_such_call(method: str, parts: list[str]) -> BadInput:
    return BadInput(f"There is no control call {method} {'/'.join(parts)}.", 404)


def _whole(word: str) -> int:
    if not word.isascii() or not word.isdigit():
        raise BadInput("The address has to end in a number.", 404)
    return int(word)
