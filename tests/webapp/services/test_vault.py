"""Secrets at rest: bound to their place, readable under any key of the ring (ASVS 11.3)."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from webapp.services import vault
from webapp.services.vault import Vault, VaultError

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
PLACE = vault.credential_place("a1", "komoju", "secret_key")


def test_a_secret_comes_back_where_it_was_sealed() -> None:
    sealed = Vault([OLD]).seal("sk_live_é", PLACE)
    assert "sk_live" not in sealed
    assert Vault([OLD]).open(sealed, PLACE) == "sk_live_é"


@pytest.mark.parametrize(
    "other",
    [
        vault.credential_place("a2", "komoju", "secret_key"),
        vault.credential_place("a1", "komoju", "publishable_key"),
        vault.bank_details_place("a1"),
        vault.call_place("a1"),
        vault.totp_place("a1"),
    ],
)
def test_a_ciphertext_moved_to_another_place_is_refused(other: str) -> None:
    sealed = Vault([OLD]).seal("secret", PLACE)
    with pytest.raises(VaultError, match="another place"):
        Vault([OLD]).open(sealed, other)


def test_flipped_cut_and_foreign_ciphertexts_are_refused() -> None:
    sealed = Vault([OLD]).seal("secret", PLACE)
    flipped = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    for broken in (flipped, sealed[:-8], "", "not base64!", Vault([NEW]).seal("secret", PLACE)):
        with pytest.raises(VaultError):
            Vault([OLD]).open(broken, PLACE)


def test_rotation_reads_the_old_key_and_writes_the_new_K19() -> None:
    sealed = Vault([OLD]).seal("secret", PLACE)
    ring = Vault([NEW, OLD])
    resealed = ring.reseal(sealed)
    assert ring.open(sealed, PLACE) == ring.open(resealed, PLACE) == "secret"
    assert Vault([NEW]).open(resealed, PLACE) == "secret"
    with pytest.raises(VaultError):
        Vault([NEW]).reseal(sealed)


def test_an_empty_ring_is_refused() -> None:
    with pytest.raises(VaultError):
        Vault([])
