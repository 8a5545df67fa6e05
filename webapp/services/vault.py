"""Secrets at rest. Plaintext travels in an envelope that says where it belongs, so ciphertexts cannot be swapped."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """A stored secret cannot be read: wrong key ring, damaged, or moved from another place."""


class Vault:
    """Encrypts under the first key of the ring and reads under any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise VaultError("The key ring is empty")
        self._first = Fernet(keys[0])
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str, place: str) -> str:
        """Ciphertext of `secret`, bound to `place` (for example shop, provider and field)."""
        envelope = json.dumps({"place": place, "secret": secret})
        return self._fernet.encrypt(envelope.encode()).decode()

    def open(self, sealed: str, place: str) -> str:
        """The secret again. VaultError when it was sealed for another place or under no key of the ring."""
        try:
            envelope = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError) as broken:
            raise VaultError(f"The secret for {place} cannot be read with this key ring") from broken
        if envelope["place"] != place:
            raise VaultError(f"The secret for {place} was sealed for another place")
        secret: str = envelope["secret"]
        return secret

    def is_fresh(self, sealed: str) -> bool:
        """Whether the secret stands under the first key of the ring already."""
        try:
            self._first.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: str) -> str:
        """The same secret under the first key of the ring (key rotation)."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken as broken:
            raise VaultError("A secret cannot be read with this key ring") from broken


def credential_place(account_id: object, provider: str, field: str) -> str:
    """Where a provider credential belongs."""
    return f"account:{account_id}:{provider}:{field}"


def bank_details_place(operation_id: object) -> str:
    """Where the bank details of a refund belong."""
    return f"operation:{operation_id}:bank_details"


def call_place(operation_id: object) -> str:
    """Where the stored bytes of an operation's call belong; one place for all attempts, which share them (R12)."""
    return f"operation:{operation_id}:call"


def draft_place(request_id: object) -> str:
    """Where what was typed into a form belongs."""
    return f"draft:{request_id}"


def webhook_place(message_id: object) -> str:
    """Where the body of a provider's message belongs."""
    return f"webhook:{message_id}:body"


def totp_place(user_id: object) -> str:
    """Where a second-factor secret belongs."""
    return f"user:{user_id}:totp"
