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


def put_off(claim: Claim, failure: ProviderError) -> None:
    """Nothing was sent, because the payment could not be read before. LeaseLost when somebody else has it."""
    in_transaction(lambda tx: _put_off(tx, claim, failure))


def _put_off(tx: Tx, claim: Claim, failure: ProviderError) -> None:
    now = runtime.current().clock.now(tx)
    locked_payment(tx, claim.operation.payment_id)
    operation = locked_operation(tx, claim.operation.id)
    tries = operation.tries + 1
    due_at = next_try(tries, now, None)
    message = f"The payment could not be read before sending: {type(failure).__name__}"
    keep(tx, claim.lease, due_at=due_at or now, tries=tries, provider_code=NOT_READ, provider_message=message)
    if isinstance(failure, CredentialsRefused):
        accounts.open_breaker(tx, claim.account.id, accounts.CREDENTIALS, now)
    if due_at is None:
        operation = tx.get_one(Operation, operation.id, populate_existing=True)
        expire(tx, operation, NOT_READ, now)
    else:
        wake_ups.for_operation(tx, operation.id, due_at)
