"""The emulator's messages to the demo's accounts: it sends what each provider sends, and the desk hears it.

KOMOJU's are signed with a secret of ours. Svea's are an event subscription without a secret, for its signature is not
documented and off by default. Klarna tells of new orders and of its verdicts only, in an address that names the order;
what is done in its portal it tells nobody, and the comparison finds it (sections 6 and 8 of their pages).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from sqlalchemy import select

from providers.infos import WEBHOOK_SECRET
from webapp.models import ProviderAccount
from webapp.services import runtime
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import credential_place

SECRET = "demo-webhook-secret"  # noqa: S105 - of the emulator's accounts, which exist on this machine only
SIGNED = "komoju"
QUERY = {"klarna": "?order_id={checkout.order.id}"}


def ears(public_url: str, account_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Mapping[str, str]]:
    """What the emulator is told of each account: where its messages go, and what signs them.

    An account whose messages are signed and that has no secret gets the demo's.
    """

    def work(tx: Tx) -> dict[uuid.UUID, Mapping[str, str]]:
        rows = tx.scalars(select(ProviderAccount).where(ProviderAccount.id.in_(list(account_ids)))).all()
        for row in rows:
            if row.provider == SIGNED and WEBHOOK_SECRET not in row.credentials:
                place = credential_place(row.id, row.provider, WEBHOOK_SECRET)
                row.credentials = {**row.credentials, WEBHOOK_SECRET: runtime.current().vault.seal(SECRET, place)}
                row.version += 1
        return {row.id: _ear(public_url, row) for row in rows}

    return in_transaction(work)


def _ear(public_url: str, account: ProviderAccount) -> Mapping[str, str]:
    address = f"{public_url}/webhooks/{account.provider}/{account.webhook_token}{QUERY.get(account.provider, '')}"
    signed = {"webhook_secret": SECRET} if account.provider == SIGNED else {}
    return {"webhook_url": address, **signed}
