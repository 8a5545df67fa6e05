"""A mail is a row in the transaction of its cause; what cannot stand in a header never gets there (R41)."""

from __future__ import annotations

import uuid
from email.message import EmailMessage

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select

from tasks.relay import Relay
from tests.desk import Desk
from tests.webapp.services.mails.letters import ANA, all_mails, letter, queue
from webapp.domain.mails import MailState
from webapp.models import WakeUp
from webapp.services.mails import addresses, queueing
from webapp.services.mails.letters import Text
from webapp.services.mails.sending import _POLICY
from webapp.services.unit_of_work import Tx, in_transaction


def test_it_comes_and_goes_with_its_cause_R41(desk: Desk) -> None:
    def work(tx: Tx) -> None:
        queueing.add(tx, letter(desk))
        raise LookupError("the cause did not happen")

    with pytest.raises(LookupError):
        in_transaction(work)
    assert all_mails() == []
    mail_id = queue(desk)
    query = select(WakeUp.queue, WakeUp.task).where(WakeUp.row_id == mail_id)
    assert in_transaction(lambda tx: tx.execute(query).all()) == [("default", "tasks.mails.send")]


def test_the_same_mail_is_there_once_R41(desk: Desk) -> None:
    subject = uuid.uuid4()
    first = queue(desk, subject_id=subject)
    assert queue(desk, subject_id=subject, text=Text("Other", "text")) == first
    assert queue(desk, subject_id=subject, version=2) != first
    assert [row.version for row in all_mails()] == [1, 2]


def test_the_wake_up_names_a_task_that_exists(desk: Desk, redis_url: str) -> None:
    mail_id = queue(desk)
    with Redis.from_url(redis_url) as connection:
        Relay(connection).publish()
        (job,) = Queue("default", connection=connection, serializer=JSONSerializer).jobs
    assert job.args == [str(mail_id)]
    assert callable(job.func)


@pytest.mark.parametrize(
    "subject", ["a\r\nBcc: x@evil.test", "a\nb", "a\rb", "a\0b", "a\x1bb", "a\x85b", "a\u2028b", "a\u2029b", "a\ud800"]
)
def test_a_subject_with_control_characters_is_refused(desk: Desk, subject: str) -> None:
    with pytest.raises(ValueError, match="control"):
        queue(desk, text=Text(subject, "text"))
    assert all_mails() == []
    assert addresses.is_clean(addresses.one_line(subject))


BAD = [
    *("", "ana", "@shop.test", "ana@", "a@b@c.test", "ana@shop.test\r\nBcc: x@evil.test", "ana@shop\n.test"),
    *(
        "ana@shop.test, ben@shop.test",
        "Ana <ana@shop.test>",
        "ana shop@shop.test",
        '"ana"@shop.test',
        "ana@[127.0.0.1]",
    ),
    *("ana\0@shop.test", "ana@shop.test;x", "åsa@shop.test", "ana@" + "x" * 64 + ".test", "a" * 260 + "@shop.test"),
    *("ana@shop..test", "ana..b@shop.test", "ana\u2028@shop.test", "(x)ana@shop.test", "\ud800@shop.test"),
]


@pytest.mark.parametrize("address", BAD)
def test_what_is_no_address_is_not_usable(address: str) -> None:
    assert addresses.find_usable(address) is None


@pytest.mark.parametrize(
    ("given", "written"),
    [(" ana@shop.test ", ANA), ("a.b+c@shop.test", "a.b+c@shop.test"), ("ana@bücher.test", "ana@xn--bcher-kva.test")],
)
def test_an_address_is_parsed_and_written_anew(given: str, written: str) -> None:
    assert addresses.find_usable(given) == written


def test_what_is_no_address_is_kept_as_failed_for_people_to_see(desk: Desk) -> None:
    queue(desk, recipient="ana@shop.test\r\nBcc: x@evil.test")
    (row,) = all_mails()
    assert (row.state, row.result, row.due_at) == (MailState.FAILED, "bad_address", None)


@pytest.mark.parametrize("name", ["To", "Subject", "From", "Message-ID"])
def test_the_policy_refuses_line_ends_in_headers_once_more(name: str) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        EmailMessage(policy=_POLICY)[name] = "a@b.test\r\nBcc: x@evil.test"
