"""An operation that could not even be prepared: tried again by R7's times, and expired when they are used up (I12)."""

from __future__ import annotations

from providers.errors import CredentialsRefused, ProviderError
from webapp.domain.operations import next_try
from webapp.models import Operation
from webapp.services import accounts, runtime, wake_ups
from webapp.services.operations.claiming import Claim
from webapp.services.operations.leases import keep
from webapp.services.operations.outcomes import expire, locked_operation, locked_payment
from webapp.services.unit_of_work import Tx, in_transaction

NOT_READ = "payment_not_read"
OLD_READ = "read_was_old"
NOT_COVERED = "not_covered"
MESSAGES = {
    OLD_READ: "The read before sending showed an older state than our books",
    NOT_COVERED: "What the step needs now is held by other operations",
}


def put_off(claim: Claim, failure: ProviderError) -> None:
    """Nothing was sent, because the payment could not be read before. LeaseLost when somebody else has it."""
    message = f"The payment could not be read before sending: {type(failure).__name__}"
    refused = isinstance(failure, CredentialsRefused)
    in_transaction(lambda tx: _put_off(tx, claim, NOT_READ, message, credentials_refused=refused))


def put_off_within(tx: Tx, claim: Claim, code: str) -> None:
    """The same in the caller's transaction, for one of `MESSAGES`; an old read (R26) is none a minute later."""
    _put_off(tx, claim, code, MESSAGES[code])


def _put_off(tx: Tx, claim: Claim, code: str, message: str, *, credentials_refused: bool = False) -> None:
    now = runtime.current().clock.now(tx)
    locked_payment(tx, claim.operation.payment_id)
    operation = locked_operation(tx, claim.operation.id)
    tries = operation.tries + 1
    due_at = next_try(tries, now, None)
    keep(tx, claim.lease, due_at=due_at or now, tries=tries, provider_code=code, provider_message=message)
    if credentials_refused:
        accounts.open_breaker(tx, claim.account.id, accounts.CREDENTIALS, now)
    if due_at is None:
        operation = tx.get_one(Operation, operation.id, populate_existing=True)
        expire(tx, operation, code, now)
    else:
        wake_ups.for_operation(tx, operation.id, due_at)
