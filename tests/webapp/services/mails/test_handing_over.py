"""One mail over lines that are encrypted and ask for a password, or that are not what they should be (12.3.1, R42)."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.mail_catcher import free_port
from webapp.domain.mails import Handover
from webapp.services.mails.handing_over import Answer, Envelope, hand_over
from webapp.setting_values import SmtpServer

HERE, USER, WORD = "127.0.0.1", "desk", "correct horse"
MAIL = Envelope("desk@shop.test", "staff@shop.test", b"Subject: hello\r\n\r\nworld\r\n")


class Box:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.texts.append(envelope.content)
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HERE)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HERE))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    pem, secret = folder / "server.pem", folder / "server.key"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, bare))
    return pem, secret


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def server(box: Box, certificate: tuple[Path, Path]) -> Iterator[SmtpServer]:
    """A server that takes mail only after STARTTLS and the right password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    yield from _served(box, tls_context=context, require_starttls=True, auth_required=True, authenticator=_known)


@pytest.fixture
def plain(box: Box) -> Iterator[SmtpServer]:
    """A server that offers neither."""
    yield from _served(box)


def _known(_server, _session, _envelope, _mechanism, given: LoginPassword) -> AuthResult:
    return AuthResult(success=(given.login, given.password) == (USER.encode(), WORD.encode()), handled=False)


def _served(box: Box, **manners) -> Iterator[SmtpServer]:
    controller = Controller(box, hostname=HERE, port=free_port(), **manners)
    controller.start()
    yield SmtpServer(host=HERE, port=controller.port, tls=False, starttls=True, username=USER, password=WORD)
    controller.stop()


def handed(server: SmtpServer) -> Answer:
    return hand_over(server, MAIL, "desk.test", lambda: True)


@pytest.mark.usefixtures("trusted")
def test_a_mail_goes_over_starttls_with_a_password(server: SmtpServer, box: Box) -> None:
    assert handed(server).how is Handover.TAKEN
    assert box.texts == [MAIL.raw]


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_told_and_nothing_is_given(server: SmtpServer, box: Box) -> None:
    answer = handed(server.model_copy(update={"password": "wrong battery"}))
    assert answer.how is Handover.NOT_REACHED
    assert answer.words.startswith("535")
    assert "battery" not in answer.words
    assert box.texts == []


def test_a_certificate_that_nobody_signed_is_not_believed(server: SmtpServer, box: Box) -> None:
    assert handed(server).how is Handover.NOT_REACHED
    assert box.texts == []


def test_where_starttls_is_asked_for_nothing_goes_in_the_clear(plain: SmtpServer, box: Box) -> None:
    assert handed(plain).how is Handover.NOT_REACHED
    assert (
        handed(plain.model_copy(update={"starttls": False, "username": None, "password": None})).how is Handover.TAKEN
    )
    assert box.texts == [MAIL.raw]


def test_a_server_that_does_not_speak_tls_is_not_reached_by_it(plain: SmtpServer, box: Box) -> None:
    assert handed(plain.model_copy(update={"tls": True, "starttls": False})).how is Handover.NOT_REACHED
    assert box.texts == []
