"""The emulator's own check of the two promises it can see: I1 (sums) and I2 (one effect per operation)."""

from .records import Effect, Json, Payment


def sums_over(payment: Payment) -> str | None:
    """Why the payment breaks I1, or None. A chargeback may exceed the captured sum: no one here asked."""
    if payment.captured_minor + payment.cancelled_minor > payment.authorised_minor:
        return "captured and cancelled exceed authorised"
    if payment.refunded_minor - payment.charged_back_minor > payment.captured_minor:
        return "refunded exceeds captured"
    return None


class Watch:
    """Collects what is broken while effects happen, so that reading the list costs nothing."""

    def __init__(self) -> None:
        self.broken: list[Json] = []
        self._seen: dict[tuple[str, str, str, str], int] = {}

    def note(self, effect: Effect, after: Payment) -> None:
        """Look at one effect and the payment as it stands after it."""
        if (reason := sums_over(after)) is not None:
            self._tell("I1", effect, reason)
        if effect.source != "api":
            return
        for name, value in (("operation", effect.operation), ("key", effect.key)):
            if value is None:
                continue
            first = self._seen.setdefault((effect.reference, effect.kind, name, value), effect.seq)
            if first != effect.seq:
                self._tell("I2", effect, f"a second {effect.kind} with {name} {value}, first was effect {first}")

    def _tell(self, rule: str, effect: Effect, reason: str) -> None:
        self.broken.append(
            {
                "rule": rule,
                "reference": effect.reference,
                "effect": effect.seq,
                "reason": reason,
                "kind": effect.kind,
            }
        )
