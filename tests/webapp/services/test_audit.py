"""The audit chain: any change, gap, insert, order or cut shows, and names the entry (I17, ASVS 16.4.2)."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from sqlalchemy.exc import DatabaseError

from tests import factories
from tests.desk import Desk
from webapp.services import audit, runtime
from webapp.services.audit import SYSTEM
from webapp.services.unit_of_work import in_transaction, reading


@pytest.fixture
def chain(desk: Desk) -> Desk:
    """Five entries."""
    for number in range(5):
        write("drill.done", {"number": number, "名": "あ"})
    desk.drop_guards()
    return desk


def write(action: str, details: dict[str, object]) -> int:
    at = factories.LONG_AGO
    subject = ("drill", uuid.uuid4())
    return in_transaction(lambda tx: audit.write(tx, SYSTEM, action, subject, shop_id=None, details=details, at=at))


def broken() -> list[str]:
    with reading() as tx:
        return list(audit.breaks(tx))


def test_numbers_have_no_gaps_and_an_untouched_chain_is_whole_I17(chain: Desk) -> None:
    assert broken() == []
    assert write("drill.done", {}) == 6


def test_a_rolled_back_entry_leaves_no_gap_I16_I17(chain: Desk) -> None:
    with pytest.raises(RuntimeError):
        in_transaction(write_and_fail)
    assert write("drill.done", {}) == 6
    assert broken() == []


def write_and_fail(tx: audit.Tx) -> None:
    audit.write(tx, SYSTEM, "x", ("drill", None), shop_id=None, details={}, at=factories.LONG_AGO)
    raise RuntimeError


@pytest.mark.parametrize(
    ("harm", "names"),
    [
        ("update audit_entries set action = 'drill.undone' where number = 3", "audit entry 3 was changed"),
        ("update audit_entries set details = '{}' where number = 2", "audit entry 2 was changed"),
        ("update audit_entries set at = '2026-02-02' where number = 4", "audit entry 4 was changed"),
        ("delete from audit_entries where number = 3", "audit entry 3 is missing before 4"),
        ("delete from audit_entries where number = 5", "the newest audit entry is 4, but the head says 5"),
        ("delete from audit_entries", "the newest audit entry is 0, but the head says 5"),
        ("delete from audit_head", "the newest audit entry is 5, but the head says nothing"),
        ("update audit_entries set previous_hash = 'x' where number = 2", "audit entry 2 does not follow on entry 1"),
    ],
)
def test_any_harm_is_seen_and_the_entry_named_I17(chain: Desk, harm: str, names: str) -> None:
    chain.raw(harm)
    assert names in broken()


def test_two_entries_that_change_places_are_seen_I17(chain: Desk) -> None:
    chain.raw(
        "update audit_entries set number = 99 where number = 2",
        "update audit_entries set number = 2 where number = 3",
        "update audit_entries set number = 3 where number = 99",
    )
    assert "audit entry 2 was changed" in broken()


def test_an_entry_sealed_with_another_key_is_seen_I17(chain: Desk) -> None:
    with runtime.using(replace(runtime.current(), audit_key=b"somebody else's")):
        write("drill.forged", {})
    assert broken() == ["audit entry 6 was changed"]


def test_the_database_refuses_to_change_or_delete_an_entry_I9_I17(desk: Desk) -> None:
    write("drill.done", {})
    for harm in ("update audit_entries set action = 'x'", "delete from audit_entries"):
        with pytest.raises(DatabaseError, match="append-only"):
            desk.raw(harm)


def test_personal_data_stands_as_a_keyed_digest(desk: Desk) -> None:
    assert audit.personal("ana@example.test") == audit.personal("ana@example.test")
    assert "ana" not in audit.personal("ana@example.test")
    assert audit.personal("ana@example.test") != audit.personal("bob@example.test")
