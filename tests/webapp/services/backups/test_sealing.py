"""The file format: what was changed, cut, reordered or made under another key does not open."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime

import pytest

from webapp.services.backups.errors import BackupError
from webapp.services.backups.sealing import FRAME, MAGIC, TAG, Header, key_id, read_header, seal, unseal

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER = base64.urlsafe_b64encode(bytes(range(50, 82))).decode()
HEADER = Header(datetime(2026, 11, 22, 4, 0, tzinfo=UTC), "0013", "sqlite", key_id(KEY))
PLAIN = bytes(range(256)) * (2 * FRAME // 256) + b"the end"


def sealed(plain: bytes = PLAIN) -> bytes:
    out = io.BytesIO()
    seal(io.BytesIO(plain), out, HEADER, KEY)
    return out.getvalue()


def opened(data: bytes, *keyring: str) -> bytes:
    out = io.BytesIO()
    assert unseal(io.BytesIO(data), out, keyring or (KEY,)) == HEADER
    return out.getvalue()


def refusal(data: bytes, *keyring: str) -> str:
    with pytest.raises(BackupError) as refused:
        opened(data, *keyring)
    return str(refused.value)


@pytest.mark.parametrize("plain", [b"", b"x", bytes(FRAME - 1), bytes(FRAME), bytes(2 * FRAME), PLAIN])
def test_every_length_comes_back_under_any_key_of_the_ring(plain: bytes) -> None:
    assert opened(sealed(plain), OTHER, KEY) == plain


def test_two_files_of_the_same_data_share_nothing_but_the_head() -> None:
    first, second = sealed(), sealed()
    assert first[-FRAME:] != second[-FRAME:]
    assert b"the end" not in first


def test_another_key_is_named_and_not_tried() -> None:
    text = refusal(sealed(), OTHER)
    assert key_id(KEY) in text
    assert "not in PAYDESK_KEYRING" in text
    assert KEY not in text


def frames_at() -> int:
    return len(sealed(b"")) - TAG


@pytest.mark.parametrize("where", [0, FRAME // 2, FRAME + TAG - 1, FRAME + TAG, -1])
def test_a_flipped_bit_is_found_wherever_it_is(where: int) -> None:
    data = bytearray(sealed())
    data[where if where < 0 else frames_at() + where] ^= 1
    assert "damaged" in refusal(bytes(data))


@pytest.mark.parametrize("left", [0, 1, TAG, FRAME, FRAME + TAG, 2 * (FRAME + TAG), 2 * (FRAME + TAG) + 1])
def test_a_file_that_was_cut_is_refused_also_between_two_frames(left: int) -> None:
    assert "was cut" in refusal(sealed()[: frames_at() + left])


def test_frames_that_change_places_are_doubled_or_added_are_refused() -> None:
    data = sealed()
    start, size = frames_at(), FRAME + TAG
    head, first, second, last = data[:start], data[start:][:size], data[start + size :][:size], data[start + 2 * size :]
    assert opened(head + first + second + last) == PLAIN
    for wrong in (second + first + last, first + last, first + second + second + last, first + second + last + last):
        assert "damaged" in refusal(head + wrong)


def test_a_changed_head_opens_nothing() -> None:
    assert "does not fit" in refusal(sealed().replace(b"2026-11-22", b"2026-11-23"))
    assert read_header(io.BytesIO(sealed())) == HEADER


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no backup of Paydesk"),
        (b"SQLite format 3\0" + bytes(100), "no backup of Paydesk"),
        (MAGIC.replace(b"1", b"2") + bytes(100), "newer version"),
        (MAGIC, "head of the backup"),
        (MAGIC + b"\xff\xff\xff\xff" + bytes(200), "head of the backup"),
        (MAGIC + (2).to_bytes(4, "big") + b"[]", "head of the backup"),
        (MAGIC + (2).to_bytes(4, "big") + b"{}", "head of the backup"),
    ],
)
def test_what_is_no_backup_is_said_to_be_none(data: bytes, words: str) -> None:
    assert words in refusal(data)
