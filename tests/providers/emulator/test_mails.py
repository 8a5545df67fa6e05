"""Caught mail."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import httpx
import pytest

from tests.emulator import EmulatorClient, running_emulator
from tests.mail_catcher import free_port


def test_mail_is_caught_and_shown_to_programs_and_people():
    port = free_port()
    with running_emulator(smtp_port=port) as emulator:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = "Refund <failed>", "a@x.test", "b@x.test"
        message.set_content("Order ORD-1")
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(message)
        mail = emulator.control("GET", "mails")["mails"][0]
        assert (mail["subject"], mail["recipients"], mail["text"]) == (
            "Refund <failed>",
            ["b@x.test"],
            "Order ORD-1\n",
        )
        page = emulator.http.get("/mails").text
        assert "Refund &lt;failed&gt;" in page
        assert "ORD-1" in page


@pytest.fixture
def catching() -> Iterator[tuple[EmulatorClient, int]]:
    port = free_port()
    with running_emulator(smtp_port=port) as emulator:
        yield emulator, port


def hand_over(port: int, *recipients: str) -> dict[str, tuple[int, bytes]]:
    """Send one mail; the addresses that were refused."""
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        return client.sendmail("a@x.test", recipients or ["b@x.test"], "Subject: s\r\n\r\ntext\r\n")


def caught(emulator: EmulatorClient) -> list[list[str]]:
    return [mail["recipients"] for mail in emulator.control("GET", "mails")["mails"]]


def test_one_address_is_refused_so_many_times_and_the_other_is_taken(catching: tuple[EmulatorClient, int]) -> None:
    emulator, port = catching
    emulator.control("POST", "mails/faults", {"kind": "refuse", "recipient": "b@x.test", "times": 1})
    assert hand_over(port, "b@x.test", "c@x.test").keys() == {"b@x.test"}
    assert hand_over(port, "b@x.test") == {}
    assert caught(emulator) == [["b@x.test"], ["c@x.test"]]
    assert emulator.control("GET", "mails/faults")["faults"][0]["fired"] == 1


@pytest.mark.parametrize(
    ("kind", "code", "kept"),
    [
        ("refuse_for_now", 451, 0),
        ("refuse_text", 554, 0),
        ("put_off_text", 451, 0),
        ("cut_and_keep", None, 1),
        ("cut_and_lose", None, 0),
        ("down", None, 0),
    ],
)
def test_each_fault_answers_as_it_says(
    catching: tuple[EmulatorClient, int], kind: str, code: int | None, kept: int
) -> None:
    emulator, port = catching
    emulator.control("POST", "mails/faults", {"kind": kind})
    refusals = (smtplib.SMTPException, ConnectionError)
    with pytest.raises(refusals) as refused:
        hand_over(port)
    if code is not None:
        assert str(code) in str(refused.value)
    assert len(caught(emulator)) == kept
    assert emulator.control("DELETE", "mails/faults") == {"removed": 1}
    hand_over(port)
    assert len(caught(emulator)) == kept + 1
    emulator.control("DELETE", "mails")
    assert caught(emulator) == []


def test_reset_forgets_mail_faults_and_a_slow_answer_comes(catching: tuple[EmulatorClient, int]) -> None:
    emulator, port = catching
    emulator.control("POST", "mails/faults", {"kind": "slow", "seconds": 0.05})
    assert hand_over(port) == {}
    emulator.reset()
    assert emulator.control("GET", "mails/faults") == {"faults": []}


@pytest.mark.parametrize(
    "body",
    [{}, {"kind": "x"}, {"kind": "down", "when": 1}, {"kind": "down", "times": 0}, {"kind": "slow", "seconds": -1}],
)
def test_a_wrong_mail_fault_is_a_clear_refusal(catching: tuple[EmulatorClient, int], body: dict[str, object]) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        catching[0].control("POST", "mails/faults", body)
