"""Caught mail."""

import smtplib
import socket
from email.message import EmailMessage

from tests.emulator import running_emulator


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
