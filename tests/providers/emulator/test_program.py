"""A restart keeps everything; the program starts from the command line and ends cleanly."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.emulator import SECRET_KEY, EmulatorClient, running_emulator

REFUND = {"amount": 700, "description": "op_1 mug"}
KEY = {"X-KOMOJU-IDEMPOTENCY": "key-1"}


def refund(emulator: EmulatorClient, reference: str) -> httpx.Response:
    url = f"/komoju/api/v1/payments/{reference}/refund"
    return emulator.http.post(url, json=REFUND, headers=KEY, auth=(SECRET_KEY, ""))


def test_a_restart_keeps_accounts_ledger_keys_clock_faults_and_pages(tmp_path):
    data = str(tmp_path / "emulator.sqlite3")
    with running_emulator(data) as emulator:
        emulator.account(webhook_secret="s")
        reference = emulator.payment(2200, order_number="ORD-1")
        first = refund(emulator, reference)
        page = emulator.http.post(
            "/komoju/api/v1/sessions", json={"amount": 5, "currency": "JPY"}, auth=(SECRET_KEY, "")
        ).json()["id"]
        emulator.advance(3600)
        fault = emulator.fault("hang_up", "cancel")
        before, sent = emulator.ledger(), emulator.webhooks()
        moment = emulator.control("GET", "clock")["now"]
    with running_emulator(data) as emulator:
        assert emulator.ledger() == before
        assert emulator.webhooks() == sent
        assert emulator.control("GET", "clock")["now"] >= moment
        assert [one["id"] for one in emulator.control("GET", "faults")["faults"]] == [fault]
        assert refund(emulator, reference).content == first.content
        assert emulator.ledger() == before
        assert emulator.http.get(f"/komoju/sessions/{page}").status_code == 200


def test_a_fault_that_has_struck_does_not_strike_again_after_a_restart(tmp_path):
    data = str(tmp_path / "emulator.sqlite3")
    with running_emulator(data) as emulator:
        emulator.account()
        reference = emulator.payment(2200)
        emulator.fault("wrong_amount", "refund", times=1, amount_minor=7)
        assert refund(emulator, reference).json()["amount_refunded"] == 707
    with running_emulator(data) as emulator:
        other = emulator.payment(2200)
        url = f"/komoju/api/v1/payments/{other}/refund"
        assert emulator.http.post(url, json=REFUND, auth=(SECRET_KEY, "")).json()["amount_refunded"] == 700
        emulator.clear_faults()
    with running_emulator(data) as emulator:
        assert emulator.control("GET", "faults")["faults"] == []


def test_a_late_effect_is_made_after_a_restart(tmp_path):
    data = str(tmp_path / "emulator.sqlite3")
    with running_emulator(data) as emulator:
        emulator.account()
        reference = emulator.payment(2200)
        emulator.fault("late_effect", "refund", nth=1, seconds=600)
        with pytest.raises(httpx.RemoteProtocolError):
            refund(emulator, reference)
        emulator.clear_faults()
    with running_emulator(data) as emulator:
        assert refund(emulator, reference).status_code == 409
        emulator.advance(601)
        assert refund(emulator, reference).json()["amount_refunded"] == 700


def start(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "providers.emulator", *arguments],
        env={**os.environ, "PAYDESK_DATA_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGINT])
def test_the_program_keeps_its_file_in_the_data_directory_and_ends_cleanly(tmp_path, ended_by):
    program = start(tmp_path, "--port", "0")
    with program:
        assert program.stdout is not None
        address = program.stdout.readline().split()[-1]
        assert httpx.get(f"{address}/_emulator/ledger", trust_env=False).status_code == 200
        started = time.monotonic()
        program.send_signal(ended_by)
        assert program.wait(timeout=10) == 0
        assert time.monotonic() - started < 5
    assert (tmp_path / "emulator.sqlite3").exists()


def test_a_taken_port_gives_a_clear_message(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        program = start(tmp_path, "--port", str(taken.getsockname()[1]))
        _, errors = program.communicate(timeout=20)
    assert program.returncode == 1
    assert "cannot listen" in errors


def test_a_killed_emulator_has_lost_nothing_that_it_answered(tmp_path):
    with start(tmp_path, "--port", "0") as program:
        assert program.stdout is not None
        address = program.stdout.readline().split()[-1]
        with httpx.Client(base_url=f"{address}/_emulator", trust_env=False) as control:
            control.post("/accounts", json={"provider": "komoju", "secret_key": SECRET_KEY})
            payment = {"account": SECRET_KEY, "method": "paypay", "amount_minor": 5, "currency": "JPY"}
            references = [control.post("/komoju/payments", json=payment).json()["provider_ref"] for _ in range(20)]
        program.kill()
    with running_emulator(str(tmp_path / "emulator.sqlite3")) as emulator:
        assert [one["reference"] for one in emulator.ledger()["effects"]] == references
