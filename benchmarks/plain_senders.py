"""What the machine itself allows at that moment: refunds sent by as many processes with nothing of Paydesk between.

Each process makes one call after the other over one connection, with three committed statements around each (taken,
about to be sent, answered), which is what any desk that keeps to R1 and R8 has to write. On SQLite they wait for each
other as SQLite makes plain code wait, by sleeping; there the figure says little of the machine. `python -m
benchmarks.plain_senders EMULATOR_URL DATABASE_URL SECRET_KEY PAYMENT COUNT` is one of the processes.
"""

from __future__ import annotations

import subprocess
import sys
import time

import httpx
from sqlalchemy import create_engine, text

from benchmarks.setting import SECRET_KEY, Setting
from providers.komoju.adapter import KEY_HEADER
from tests.databases import ROOT
from webapp.models.base import new_id
from webapp.services.unit_of_work import prepare_engine, transaction

_ADD = "insert into plain_sends values ('{name}', 'taken')"
_SET = "update plain_sends set state = '{state}' where id = '{name}'"


def rate(made: Setting, workers: int, count: int) -> float:
    """Refunds per second of `workers` processes that send `count` refunds of one yen in all, at the latency set."""
    with transaction() as tx:
        tx.execute(text("create table plain_sends (id varchar(32) primary key, state varchar(8) not null)"))
    each = count // workers
    processes = [_start(made, each) for _worker in range(workers)]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()  # it is ready
        started = time.perf_counter()
        for process in processes:
            process.communicate("go\n", timeout=600)
        seconds = time.perf_counter() - started
    finally:
        for process in processes:
            process.kill()
    if any(process.returncode for process in processes):
        raise RuntimeError("a plain sender broke")
    return each * workers / seconds


def _start(made: Setting, count: int) -> subprocess.Popen[str]:
    body = {"account": SECRET_KEY, "method": "credit_card", "amount_minor": count + 1, "currency": "JPY"}
    payment = made.control("POST", "komoju/payments", body | {"order_number": new_id().hex})
    address = made.environ["PAYDESK_DATABASE_URL"]
    given = [made.emulator_url, address, SECRET_KEY, str(payment["provider_ref"]), str(count)]
    command = [sys.executable, "-m", "benchmarks.plain_senders", *given]
    return subprocess.Popen(
        command, env=made.environ, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _send_all(emulator_url: str, address: str, secret_key: str, payment: str, count: int) -> None:
    engine = create_engine(address)
    prepare_engine(engine)
    path = f"{emulator_url}/komoju/api/v1/payments/{payment}/refund"
    with httpx.Client(auth=(secret_key, ""), trust_env=False, timeout=60) as client, engine.connect() as connection:
        print("ready", flush=True)
        sys.stdin.readline()
        for _each in range(count):
            name = new_id().hex
            for statement in (_ADD.format(name=name), _SET.format(name=name, state="sending")):
                connection.exec_driver_sql(statement)
                connection.commit()
            client.post(path, json={"amount": 1}, headers={KEY_HEADER: name}).raise_for_status()
            connection.exec_driver_sql(_SET.format(name=name, state="done"))
            connection.commit()


if __name__ == "__main__":
    _send_all(*sys.argv[1:5], int(sys.argv[5]))
