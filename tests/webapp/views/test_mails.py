"""The page of mails: who sees what, stop, and send again with a warning."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.mails.letters import all_mails, mail, queue
from tests.webapp.visitor import Visitor
from webapp.domain.mails import MailState
from webapp.domain.permissions import Role
from webapp.models import Mail
from webapp.services.mails import keeping

M = MailState


def ended(desk: Desk, state: MailState, result: str, **fields: object) -> uuid.UUID:
    mail_id = queue(desk)
    values = {"state": state, "result": result, "due_at": None, "ended_at": factories.LONG_AGO}
    desk.change(Mail, mail_id, **(values | fields))
    return mail_id


def test_the_list_masks_addresses_and_the_page_of_one_shows_all(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    mail_id = ended(desk, M.FAILED, "refused", answer="550 <…> no such mailbox", tries=1)
    admin = visitor_as(Role.ADMIN)
    listed = admin.get("/mails")
    assert ("an…@shop.test" in listed.words, "ana@shop.test" in listed.words) == (True, False)
    assert listed.link(f"/mails/{mail_id}") == mail(mail_id).subject
    page = admin.get(f"/mails/{mail_id}")
    for words in ("ana@shop.test", "550 <…> no such mailbox", "refused it for good", "Order 1", "Failed"):
        assert words in page.words
    assert "twice" not in page.words


def test_a_mail_that_was_maybe_sent_warns_and_is_sent_again_once(
    desk: Desk, visitor_as: Callable[..., Visitor]
) -> None:
    mail_id = ended(desk, M.MAYBE_SENT, "unclear")
    admin = visitor_as(Role.ADMIN)
    page = admin.get(f"/mails/{mail_id}")
    assert "the recipient may get it twice" in page.words
    values = page.the_form("/again").values
    again = admin.submit(page, "/again")
    assert "The mail is being sent once more." in again.words
    assert "Somebody did this already" in admin.post(f"/mails/{mail_id}/again", values).words
    assert [(row.state, row.version) for row in all_mails()] == [(M.MAYBE_SENT, 1), (M.QUEUED, 2)]
    assert "It was sent once more" in admin.get(f"/mails/{mail_id}").words


def test_a_queued_mail_is_stopped_and_a_text_that_is_gone_is_said(
    desk: Desk, visitor_as: Callable[..., Visitor]
) -> None:
    mail_id = queue(desk)
    admin = visitor_as(Role.ADMIN)
    page = admin.get(f"/mails/{mail_id}")
    values = page.the_form("/stop").values
    assert "The mail is stopped." in admin.submit(page, "/stop").words
    assert mail(mail_id).state is M.STOPPED
    assert "It is too late to stop it" in admin.post(f"/mails/{mail_id}/stop", values).words
    desk.change(Mail, mail_id, body=None)
    assert "The text was dropped after 90 days." in admin.get(f"/mails/{mail_id}").words


def test_foreign_mails_are_not_there_and_the_right_is_needed_I18(
    desk: Desk, visitor_as: Callable[..., Visitor]
) -> None:
    foreign = queue(desk, shop_id=factories.shop("print").id)
    of_none = queue(desk, shop_id=None, mode=None)
    admin = visitor_as(Role.ADMIN)
    token = {"csrf_token": admin.token()}
    for mail_id in (foreign, of_none, uuid.uuid4()):
        assert admin.get(f"/mails/{mail_id}").status == 404
        assert admin.post(f"/mails/{mail_id}/stop", token).status == 404
        assert admin.post(f"/mails/{mail_id}/again", token).status == 404
    assert "No mails" in admin.get("/mails").words
    assert visitor_as(Role.MERCHANT).get("/mails").status == 403


def test_filters_stand_in_the_address_and_pages_follow_each_other(
    desk: Desk, visitor_as: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAGE", 2)
    ids = [ended(desk, M.FAILED, "refused") for _ in range(3)]
    queued = queue(desk)
    admin = visitor_as(Role.ADMIN)
    assert f"/mails/{queued}" in admin.get("/mails?state=queued").text
    first = admin.get(f"/mails?state=for_people&shop={desk.shop_id}")
    assert [f"/mails/{one}" in first.text for one in ids] == [False, True, True]
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older is not None
    second = admin.get(html.unescape(older.group(1)))
    assert [f"/mails/{one}" in second.text for one in ids] == [True, False, False]
    assert 'rel="prev"' in second.text
    assert str(queued) in admin.get("/mails?at=x&id=y&state=z&shop=w").text


def test_the_home_page_counts_what_did_not_arrive(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    ended(desk, M.FAILED, "refused")
    ended(desk, M.MAYBE_SENT, "lost")
    admin, merchant = visitor_as(Role.ADMIN), visitor_as(Role.MERCHANT)
    words = "Mails of the last 7 days that did not arrive, or maybe not"
    assert admin.get("/").link("/mails?state=for_people") == f"2 {words}"
    assert words not in merchant.get("/").words
