"""One call and what its failure means: R7, R9, R10 and the first rows of money-safety section 6."""

import gzip
import socket
import ssl
import time

import httpx
import pytest

from providers.errors import OutcomeUnknown, ProviderUnavailable
from providers.http import HttpClient, Limits, basic_auth
from providers.network import Reach
from tests.providers.servers import OK, answering, serving

CANARY = "Basic Y2FuYXJ5LXNlY3JldDo="
QUICK = Limits(connect_s=0.5, read_s=0.5, total_s=0.8, answer_bytes=1000, idle_s=5)


def client(url: str, **options: object) -> HttpClient:
    usual = {"reach": Reach.LOOPBACK, "limits": QUICK, **options}
    return HttpClient(url, {"Authorization": CANARY}, **usual)


def post(url: str, **options: object):
    made = client(url)
    try:
        return made.call("POST", "/x", body=b"{}", **options)
    finally:
        made.close()


def fails(kind: type[Exception], url: str, **options: object) -> Exception:
    """The error of a call, which must not show the key, not even through what it is chained to."""
    with pytest.raises(kind) as failure:
        post(url, **options)
    assert failure.value.__cause__ is None
    assert failure.value.__context__ is None
    assert "Y2FuYXJ5" not in repr(failure.value)
    return failure.value


def test_an_answer_is_read_whole_and_the_request_is_what_was_asked():
    with serving(answering(OK)) as server:
        answer = post(server.url, headers={"X-Key": "k"})
    assert (answer.status, answer.json(), answer.headers["content-length"]) == (200, {}, "2")
    head = server.requests[0].lower()
    assert head.startswith(b"post /x http/1.1\r\n")
    for line in (b"x-key: k", b"accept-encoding: identity", b"content-length: 2", CANARY.lower().encode()):
        assert line in head
    assert b"cookie" not in head
    assert "Y2FuYXJ5" not in repr(answer)


def test_a_connection_is_kept_for_the_next_call_but_not_once_it_is_idle_too_long():
    with serving(answering(OK, OK, OK)) as server:
        patient = client(server.url)
        hasty = client(server.url, limits=Limits(idle_s=0.05))
        for made in (patient, hasty):
            made.call("GET", "/1")
            time.sleep(0.1)
            made.call("GET", "/2")
            made.close()
        assert server.connections == 3


def test_a_kept_connection_that_the_server_closed_is_not_used_again():
    with serving(answering(OK)) as server:
        made = client(server.url)
        for path in ("/1", "/2"):
            assert made.call("GET", path).status == 200
            time.sleep(0.1)
        made.close()
        assert server.connections == 2


def test_connect_refused_is_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert str(fails(ProviderUnavailable, f"http://127.0.0.1:{port}")) == "ConnectError"


def test_a_name_that_is_not_found_is_not_sent():
    def unknown(host, port):
        raise socket.gaierror("no such name")

    with pytest.raises(ProviderUnavailable):
        client("http://nowhere.test", resolve=unknown).call("POST", "/x")


def test_a_connect_that_times_out_is_not_sent():
    def slow(host, port):
        time.sleep(1.5)
        return ["127.0.0.1"]

    with pytest.raises(ProviderUnavailable, match="ConnectTimeout"):
        client("http://slow.test", resolve=slow).call("POST", "/x")


@pytest.mark.parametrize("transport_error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_pool_that_is_full_is_not_sent(transport_error):
    def fail(request):
        raise transport_error("secret words")

    with pytest.raises(ProviderUnavailable, match=transport_error.__name__):
        client("http://127.0.0.1", transport=httpx.MockTransport(fail)).call("GET", "/")


def test_once_writing_began_no_failure_counts_as_not_sent():
    def fail(request):
        request.extensions["trace"]("http11.send_request_headers.started", {})
        raise httpx.ConnectError("late")

    with pytest.raises(OutcomeUnknown):
        client("http://127.0.0.1", transport=httpx.MockTransport(fail)).call("GET", "/")


def test_tls_that_fails_before_the_request_is_not_sent():
    def plain(server, connection):
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(plain) as server:
        fails(ProviderUnavailable, server.url.replace("http:", "https:"))
        assert server.requests == []


def test_tls_that_never_answers_is_not_sent():
    with serving(lambda server, connection: server.stopping.wait(5)) as server:
        fails(ProviderUnavailable, server.url.replace("http:", "https:"))


def test_a_connection_closed_without_an_answer_is_unknown():
    with serving(lambda server, connection: server.head(connection)) as server:
        fails(OutcomeUnknown, server.url)


def test_a_reset_is_unknown():
    def reset(server, connection):
        server.head(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with serving(reset) as server:
        fails(OutcomeUnknown, server.url)


def test_no_answer_in_time_is_unknown():
    def silent(server, connection):
        server.head(connection)
        server.stopping.wait(5)

    with serving(silent) as server:
        assert str(fails(OutcomeUnknown, server.url)) == "ReadTimeout"


def test_a_request_that_is_not_taken_in_time_is_unknown():
    def deaf(server, connection):
        server.stopping.wait(5)

    with serving(deaf) as server, pytest.raises(OutcomeUnknown):
        client(server.url).call("POST", "/x", body=b"x" * 30_000_000)


@pytest.mark.parametrize("part", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_r7_slow_bytes_do_not_stretch_the_whole_call(part):
    def drip(server, connection):
        server.head(connection)
        connection.sendall(part)
        while not server.stopping.wait(0.1):
            connection.sendall(b"a")

    with serving(drip) as server:
        began = time.monotonic()
        fails(OutcomeUnknown, server.url)
        assert 0.6 < time.monotonic() - began < 4


def test_r7_one_silent_step_cannot_outlast_the_whole_call():
    def silent(server, connection):
        server.head(connection)
        server.stopping.wait(10)

    with serving(silent) as server:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            client(server.url, limits=Limits(read_s=8, total_s=0.4)).call("GET", "/")
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n" + gzip.compress(b"{}"),
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
    ids=["cut", "garbage", "too large", "too large in chunks", "compressed", "endless head"],
)
def test_an_answer_that_cannot_be_read_whole_is_unknown(answer):
    with serving(answering(answer)) as server:
        with pytest.raises(OutcomeUnknown):
            post(server.url)
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [b"301", b"302", b"307", b"308", b"401", b"500", b"503"])
def test_r10_neither_a_redirect_nor_an_error_makes_a_second_request(status):
    head = b"HTTP/1.1 " + status + b" X\r\nLocation: /other\r\nRetry-After: 0\r\nSet-Cookie: a=b\r\n"
    with serving(answering(head + b"Content-Length: 0\r\n\r\n", OK)) as server:
        made = client(server.url)
        assert made.call("POST", "/x").status == int(status)
        assert len(server.requests) == 1
        made.call("POST", "/x")
        assert b"cookie" not in server.requests[1].lower()
        made.close()


def test_r9_the_last_check_runs_once_connected_and_stops_the_call_before_its_first_byte():
    seen = []

    def stop():
        seen.append(server.connections)
        raise ProviderUnavailable("too late")

    with serving(answering(OK)) as server:
        with pytest.raises(ProviderUnavailable, match="too late"):
            post(server.url, before_first_byte=stop)
        time.sleep(0.1)
        assert (len(seen), server.connections, server.requests) == (1, 1, [])


def test_r9_a_check_that_is_content_lets_the_call_go_on_and_a_later_failure_is_unknown():
    passed = []
    with serving(lambda server, connection: server.head(connection)) as server:
        fails(OutcomeUnknown, server.url, before_first_byte=lambda: passed.append(1))
    assert passed == [1]


def test_a_header_that_cannot_be_sent_does_not_show_the_key():
    with serving(answering(OK)) as server:
        failure = fails(OutcomeUnknown, server.url, headers={"Authorization": "Y2FuYXJ5\r\nX: 1"})
        assert str(failure) == "LocalProtocolError"
        assert server.requests == []


def test_only_https_is_called_but_for_the_emulator():
    for url in ("http://komoju.com", "ftp://komoju.com", "komoju.com"):
        with pytest.raises(ValueError, match="https only"):
            client(url, reach=Reach.PUBLIC)
    client("https://komoju.com", reach=Reach.PUBLIC).close()


def test_an_address_out_of_bounds_is_not_sent():
    def inside(host, port):
        return ["127.0.0.1"]

    made = client("https://komoju.com", reach=Reach.PUBLIC, resolve=inside)
    with pytest.raises(ProviderUnavailable):
        made.call("GET", "/")


def test_r7_the_usual_limits_are_those_of_the_rule():
    usual = Limits()
    assert (usual.connect_s, usual.read_s, usual.total_s, usual.answer_bytes) == (5, 30, 45, 2**20)
    with pytest.raises(ValueError, match="60 s"):
        Limits(total_s=60.1)


@pytest.mark.parametrize("secret", ["canary\n", "キー", "a\0b"])
def test_credentials_that_cannot_be_sent_are_refused_without_being_shown(secret):
    with pytest.raises(ValueError, match="cannot be sent") as refusal:
        basic_auth(secret, "")
    assert secret not in str(refusal.value)


def test_basic_auth_is_that_of_the_page():
    assert basic_auth("sk_test_example", "") == "Basic c2tfdGVzdF9leGFtcGxlOg=="


def test_a_certificate_that_is_not_trusted_is_not_sent(tls_server):
    url, trusted = tls_server
    with pytest.raises(ProviderUnavailable):
        client(url).call("GET", "/")
    made = client(url, ssl_context=trusted)
    assert [made.call("GET", "/").status, made.call("GET", "/").status] == [200, 200]
    made.close()
    wrong_name = client(url.replace("localhost", "other.test"), ssl_context=trusted, resolve=lambda h, p: ["127.0.0.1"])
    with pytest.raises(ProviderUnavailable):
        wrong_name.call("GET", "/")
    assert trusted.verify_mode is ssl.CERT_REQUIRED
