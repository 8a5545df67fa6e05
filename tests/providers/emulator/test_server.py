"""Connections stay open, also after an error and with an unread body."""

import http.client

from tests.emulator import EmulatorClient


def test_one_connection_serves_many_requests(emulator: EmulatorClient) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.running.server.port, timeout=5)
    connection.connect()
    socket = connection.sock
    for path in ("/_emulator/ledger", "/nothing", "/komoju/api/v1/payments"):
        connection.request("POST" if path == "/nothing" else "GET", path, body=b"x" * 5000)
        answer = connection.getresponse()
        answer.read()
        assert answer.version == 11
        assert not answer.will_close
    assert connection.sock is socket
    connection.close()


def test_a_chunked_body_is_understood(emulator: EmulatorClient) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.running.server.port, timeout=5)
    body = iter([b'{"provider": "komoju",', b' "secret_key": "sk"}'])
    connection.request("POST", "/_emulator/accounts", body=body, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
