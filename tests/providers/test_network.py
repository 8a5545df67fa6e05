"""Which addresses may be called (money-safety section 13, SSRF row), checked after resolution and pinned."""

import socket
import time

import httpcore
import pytest

from providers import network
from providers.network import CheckedBackend, Reach, may_reach

PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_within_our_own_walls_is_out_of_reach(address):
    assert not may_reach(address, Reach.PUBLIC)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_in_reach_but_not_for_the_emulator(address):
    assert may_reach(address, Reach.PUBLIC)
    assert not may_reach(address, Reach.LOOPBACK)


def test_the_emulator_is_reached_on_loopback_only():
    assert [may_reach(address, Reach.LOOPBACK) for address in ("127.0.0.1", "127.9.9.9", "::1")] == [True] * 3
    assert [may_reach(address, Reach.LOOPBACK) for address in ("10.0.0.1", "169.254.169.254")] == [False] * 2


@pytest.fixture(autouse=True)
def _within_a_call():
    token = network.call_ends_at.set(time.monotonic() + 5)
    yield
    network.call_ends_at.reset(token)


@pytest.fixture
def dialled(monkeypatch):
    """Addresses that a connection was tried to; every try fails."""
    tried = []

    def refuse(address, timeout):
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(network.socket, "create_connection", refuse)
    return tried


def connect(answers, reach=Reach.PUBLIC):
    backend = CheckedBackend(reach, lambda host, port: answers)
    with pytest.raises(httpcore.ConnectError):
        backend.connect_tcp("komoju.com", 443, timeout=1)


def test_one_forbidden_address_among_good_ones_stops_the_call(dialled):
    connect(["1.1.1.1", "127.0.0.1"])
    connect(["::ffff:169.254.169.254"])
    connect([])
    connect(["1.1.1.1"], Reach.LOOPBACK)
    assert dialled == []


def test_the_checked_addresses_are_dialled_themselves_and_the_name_only_once(dialled):
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return ["1.1.1.1", "8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    with pytest.raises(httpcore.ConnectError):
        CheckedBackend(Reach.PUBLIC, rebinding).connect_tcp("komoju.com", 443, timeout=1)
    assert asked == ["komoju.com"]
    assert dialled == [("1.1.1.1", 443), ("8.8.8.8", 443)]


@pytest.mark.parametrize("failure", [socket.gaierror("no name"), UnicodeError("label")])
def test_a_name_that_is_not_found_is_a_connect_error(failure):
    def fail(host, port):
        raise failure

    with pytest.raises(httpcore.ConnectError):
        CheckedBackend(Reach.PUBLIC, fail).connect_tcp("nowhere.test", 443, timeout=1)


def test_r7_a_slow_resolver_does_not_stretch_the_call():
    def slow(host, port):
        time.sleep(3)
        return ["1.1.1.1"]

    began = time.monotonic()
    with pytest.raises(httpcore.ConnectTimeout):
        CheckedBackend(Reach.PUBLIC, slow).connect_tcp("slow.test", 443, timeout=0.1)
    assert time.monotonic() - began < 2


def test_a_call_whose_time_is_over_connects_nowhere(dialled):
    token = network.call_ends_at.set(time.monotonic() - 1)
    with pytest.raises(httpcore.ConnectTimeout):
        CheckedBackend(Reach.PUBLIC, lambda host, port: ["1.1.1.1"]).connect_tcp("a.test", 443, timeout=1)
    network.call_ends_at.reset(token)
    assert dialled == []


def test_the_system_resolver_gives_each_address_once():
    assert network.resolve("127.0.0.1", 80) == ["127.0.0.1"]


def test_r10_neither_socket_files_nor_sleeps_between_repeats_exist():
    backend = CheckedBackend(Reach.PUBLIC)
    with pytest.raises(httpcore.ConnectError):
        backend.connect_unix_socket("/tmp/x")
    with pytest.raises(httpcore.ConnectError):
        backend.sleep(1)


@pytest.fixture
def pair():
    here, there = socket.socketpair()
    yield network.SocketStream(here), here, there
    here.close()
    there.close()


def test_a_kept_connection_is_fresh_only_while_it_is_open_and_silent(pair):
    stream, _, there = pair
    assert not stream.get_extra_info("is_readable")
    there.sendall(b"stray")
    assert stream.get_extra_info("is_readable")
    stream.close()
    assert stream.get_extra_info("is_readable")
    assert stream.get_extra_info("ssl_object") is None
    assert stream.get_extra_info("server_addr") is None


def test_a_socket_that_breaks_is_a_read_or_write_error(pair):
    stream, _, there = pair
    there.close()
    with pytest.raises(httpcore.WriteError):
        stream.write(b"x" * 1_000_000, timeout=1)
    stream.close()
    with pytest.raises(httpcore.ReadError):
        stream.read(10, timeout=1)


def test_r7_no_step_goes_on_once_the_whole_call_is_over(pair):
    stream, _, there = pair
    there.sendall(b"late")
    token = network.call_ends_at.set(time.monotonic() - 1)
    with pytest.raises(httpcore.ReadTimeout):
        stream.read(10, timeout=30)
    with pytest.raises(httpcore.WriteTimeout):
        stream.write(b"x", timeout=30)
    network.call_ends_at.reset(token)
