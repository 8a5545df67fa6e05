"""How a payment is shown under versions and switches (KOMOJU page, section 5)."""


def partly_captured(emulator, api):
    reference = emulator.payment(3300, capture="manual")
    api.post(f"/payments/{reference}/capture", json={"amount": 2200, "tax": 0})
    return reference


def test_the_old_version_shows_a_partial_capture_as_a_refund(emulator, api):
    reference = partly_captured(emulator, api)
    old = {"X-KOMOJU-API-VERSION": "2024-07-15"}
    payment = api.get(f"/payments/{reference}", headers=old).json()
    assert (payment["total"], payment["amount_refunded"]) == (3300, 1100)
    assert [entry["amount"] for entry in payment["refunds"]] == [1100]


def test_a_switch_shows_the_authorised_amount_after_a_partial_capture(emulator, api):
    reference = partly_captured(emulator, api)
    emulator.account(switches={"partial_capture_shows": "authorised"})
    assert api.get(f"/payments/{reference}").json()["total"] == 3300
