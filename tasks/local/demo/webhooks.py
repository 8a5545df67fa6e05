"""The emulator's messages to the demo's accounts: it signs them as the provider does, and the desk hears them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from providers.infos import WEBHOOK_SECRET
from webapp.models import ProviderAccount
from webapp.services import runtime
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import credential_place

SECRET = "demo-webhook-secret"  # noqa: S105 - of the emulator's accounts, which exist on this machine only


def addresses(public_url: str, account_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Where the messages of each account go; an account without a webhook secret gets the demo's."""

    def work(tx: Tx) -> dict[uuid.UUID, str]:
        rows = tx.scalars(select(ProviderAccount).where(ProviderAccount.id.in_(list(account_ids)))).all()
        for row in rows:
            if WEBHOOK_SECRET not in row.credentials:
                place = credential_place(row.id, row.provider, WEBHOOK_SECRET)
                row.credentials = {**row.credentials, WEBHOOK_SECRET: runtime.current().vault.seal(SECRET, place)}
                row.version += 1
        return {row.id: f"{public_url}/webhooks/{row.provider}/{row.webhook_token}" for row in rows}

    return in_transaction(work)
