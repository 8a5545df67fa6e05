"""What a buyer does on a hosted page."""

from tests.providers.emulator.komoju.test_sessions import create, pay


def test_the_page_shows_a_form_and_a_failed_attempt_may_be_repeated(emulator, api):
    session = create(api).json()
    assert "<form" in emulator.http.get(f"/komoju/sessions/{session['id']}").text
    assert pay(emulator, session, method="paypay", do="fail").status_code == 402
    read = api.get(f"/sessions/{session['id']}").json()
    assert (read["status"], read["payment"]["status"]) == ("pending", "failed")
    assert pay(emulator, session, method="konbini", do="pay").status_code == 400
    assert pay(emulator, session, method="paypay", do="pay").status_code == 303
    assert pay(emulator, session, method="paypay", do="pay").status_code == 410


def test_a_buyer_who_gives_up_comes_back_and_nothing_is_paid(emulator, api):
    session = create(api).json()
    assert pay(emulator, session, do="leave").status_code == 303
    assert api.get(f"/sessions/{session['id']}").json()["status"] == "pending"
