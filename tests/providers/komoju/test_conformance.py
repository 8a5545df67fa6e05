"""KOMOJU's claims, proven over HTTP."""

import socket

import pytest

from providers import registry
from tests.emulator import SECRET_KEY, EmulatorClient
from tests.providers.conformance import KeyedConformance
from tests.providers.rigs import Rig


def adapter(base: str, secret: str = SECRET_KEY):
    return registry.build("komoju", "emulator", {"secret_key": secret}, emulator_base=base)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def rig(emulator: EmulatorClient):
    emulator.account()
    made = Rig(
        provider=adapter(emulator.komoju_url),
        emulator=emulator,
        captured=emulator.payment,
        authorised=lambda minor: emulator.payment(minor, capture="manual"),
        refund_by_hand=lambda minor: emulator.payment(minor, method="konbini", state="captured"),
        unreachable=adapter(f"http://127.0.0.1:{closed_port()}/komoju"),
        wrong_keys=adapter(emulator.komoju_url, "sk_test_wrong"),
        unknown_ref="0" * 25,
    )
    yield made
    for one in (made.provider, made.unreachable, made.wrong_keys):
        one.close()


class TestKomoju(KeyedConformance):
    """Class C1."""
