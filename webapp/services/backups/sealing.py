"""The file that a backup is: a header in the clear, then the database in frames that nobody can read or change.

    "PAYDESK BACKUP 1\\n"                  17 bytes; the number is the version of this format
    length of the header                   4 bytes, big endian
    header                                 JSON, UTF-8: what `Header` holds, and `salt` (32 random bytes in hex)
    frames                                 each 1 MiB of plaintext (the last one less) and its 16 bytes of AES-GCM tag

Each file has a key of its own: HKDF-SHA256 of the key ring's first key with the salt. A frame's nonce is its number
(11 bytes) and whether it is the last (1 byte), its associated data the SHA-256 of all that stands before the frames.
So a frame that is changed, missing, doubled or from another place or file does not open, nor does a changed header,
nor a file that was cut, even between two frames (the STREAM construction).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webapp.services.backups.errors import BackupError
from webapp.setting_values import key_bytes

MAGIC = b"PAYDESK BACKUP 1\n"
FRAME = 1024 * 1024  # bytes of plaintext
TAG = 16
SALT = 32
LONGEST_HEADER = 64 * 1024
INFO = b"paydesk backup v1"
DAMAGED = "The backup is damaged or was cut: part {} of it does not fit. Take another one."


@dataclass(frozen=True, slots=True)
class Header:
    """What can be read without a key; it is believed only once the first frame has opened."""

    taken_at: datetime  # UTC by the database's clock, before the first row was read
    revision: str  # of the schema
    kind: str  # "sqlite" or "postgresql"
    key_id: str


def key_id(key: str) -> str:
    """A name for a key of the ring that gives nothing of it away."""
    return hmac.digest(key_bytes(key), b"paydesk backup key id", hashlib.sha256).hex()[:16]


def seal(source: BinaryIO, target: BinaryIO, header: Header, key: str) -> None:
    """Write `source` into `target` under `key`, the first one of the ring; holds two frames in memory."""
    salt = secrets.token_bytes(SALT)
    written = _write_header(target, header, salt)
    cipher, context = _cipher(key, salt), hashlib.sha256(written).digest()
    for number, is_last, frame in _frames(source, FRAME):
        target.write(cipher.encrypt(_nonce(number, is_last=is_last), frame, context))


def read_header(source: BinaryIO) -> Header:
    """What a file says of itself; not proven. BackupError when it is no backup of ours."""
    return _read_header(source)[0]


def unseal(source: BinaryIO, target: BinaryIO, keyring: Sequence[str]) -> Header:
    """Write the plaintext into `target`; its use is only allowed when this returns. BackupError names what is wrong."""
    header, salt, read = _read_header(source)
    key = next((one for one in keyring if key_id(one) == header.key_id), None)
    if key is None:
        raise BackupError(
            f"The backup was made under the key {header.key_id}, which is not in PAYDESK_KEYRING. Put it back there, "
            "behind the others."
        )
    cipher, context = _cipher(key, salt), hashlib.sha256(read).digest()
    for number, is_last, frame in _frames(source, FRAME + TAG):
        try:
            target.write(cipher.decrypt(_nonce(number, is_last=is_last), frame, context))
        except InvalidTag:
            raise BackupError(DAMAGED.format(number + 1)) from None
    return header


def _write_header(target: BinaryIO, header: Header, salt: bytes) -> bytes:
    fields = {
        "taken_at": header.taken_at.astimezone(UTC).isoformat(),
        "revision": header.revision,
        "kind": header.kind,
        "key_id": header.key_id,
        "salt": salt.hex(),
    }
    text = json.dumps(fields).encode()
    written = MAGIC + len(text).to_bytes(4, "big") + text
    target.write(written)
    return written


def _read_header(source: BinaryIO) -> tuple[Header, bytes, bytes]:
    """The header, the salt, and the bytes of both as they stand there."""
    magic = source.read(len(MAGIC))
    if magic != MAGIC:
        newer = magic.startswith(MAGIC[:-2])
        raise BackupError("The backup was made by a newer version." if newer else "The file is no backup of Paydesk.")
    length = source.read(4)
    text = source.read(min(int.from_bytes(length, "big"), LONGEST_HEADER))
    try:
        fields = json.loads(text)
        header = Header(
            taken_at=datetime.fromisoformat(fields["taken_at"]).astimezone(UTC),
            revision=str(fields["revision"]),
            kind=str(fields["kind"]),
            key_id=str(fields["key_id"]),
        )
        return header, bytes.fromhex(fields["salt"]), magic + length + text
    except (ValueError, KeyError, TypeError):
        raise BackupError("The head of the backup is damaged. Take another one.") from None


def _frames(source: BinaryIO, size: int) -> Iterator[tuple[int, bool, bytes]]:
    """Number, whether it is the last, and the bytes of each frame; at least one, which may be empty."""
    number, frame = 0, _read_fully(source, size)
    while True:
        after = _read_fully(source, size) if len(frame) == size else b""
        yield number, not after, frame
        if not after:
            return
        number, frame = number + 1, after


def _read_fully(source: BinaryIO, size: int) -> bytes:
    """A pipe may give less than was asked for."""
    parts = []
    while size and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _cipher(key: str, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=INFO).derive(key_bytes(key)))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
