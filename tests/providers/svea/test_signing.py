"""The worked examples of section 1.2, and what is signed when."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from providers.svea.signing import Signer, authorization

MERCHANT, SECRET, TIME = "998877", "example-shared-secret", "2025-03-01 10:15:30"
EXAMPLES = {
    b"": "OTk4ODc3OmRhNWY4ZjIzNTQ3MDYzNWNhYzQ4ZWViMmRlMGNjMDZkYmQyYTRhM2Y3ZTM1ZjBhMGUyNDI5ZTBhNzRhYWQ4ZjYyZDZhMDg3"
    "MjQ3NzYyNjE4YmI5M2VmMGFkZjY0MTI4YTlhZDYxZmNmMDY1NWFmMWM4YjY0YjZiMDI5ZDY4NjM1",
    b'{"IsCancelled":true}': "OTk4ODc3OjQxNTc1MWI5YTAwMmVlMTlhYjM0ZWI1ODJmMzkyZjFjMDgwNDM5ZjEwNmI3YTRjNjg0NTY5ZDAwYzZl"
    "ZGI0MDFkNjNjOTBlZWE0NTYxZGJmZDc1ZTU3MjE3MDRjYzU4NmRlMzFjY2RhMjQyYjljNWM3ZTQzYjYyNmMwYTMzNzk0",
    b'{"OrderRowIds":[]}': "OTk4ODc3OmNiMmM5MmEwMDRhMDI5MTk5NzNiN2JkNzE3ZjRiYzc2YzMzNDViNDEzODZlM2Y0MTYzMDUzZDE5MmYxMD"
    "kzOTJmNjAzNjQyNWQzOThmMTc2YTZkZGM4M2I0YTYxMDY0NmNkMjAwMjAwZGUxZTFjYWNjMjFhOTYxNGNjYzY1MzY1",
    b'{"CreditedAmount":15000}': "OTk4ODc3OmM0NWFhNjM5NTZiYjQxNzJjMzg0ODQ1N2Y2YmE5Y2VlOGJlM2NjN2I5ZTBhMmU0Zjk2MWNkMmQy"
    "ZmFjMTk1MTdmNWM2ZDFjNGIxZTY5NjBjZWI3NzYyYzUxZWY1Y2FkMDk0NWQ3MWFmYTdjNzFjN2FlODBjZWQ2NzVmZmU1ODRl",
}


@pytest.mark.parametrize("body", EXAMPLES)
def test_every_worked_example_is_reproduced(body):
    assert authorization(MERCHANT, SECRET, body, TIME) == f"Svea {EXAMPLES[body]}"


def test_a_signer_signs_the_time_that_it_sends_in_utc():
    at_stockholm = datetime(2025, 3, 1, 11, 15, 30, tzinfo=timezone(timedelta(hours=1)))
    body = b'{"OrderRowIds":[]}'
    headers = Signer(MERCHANT, SECRET, lambda: at_stockholm).headers(body)
    assert headers == {"Timestamp": TIME, "Authorization": "Svea " + EXAMPLES[body]}


def test_no_body_is_signed_as_empty():
    assert Signer(MERCHANT, SECRET, lambda: datetime(2025, 3, 1, 10, 15, 30, tzinfo=UTC)).headers(None) == {
        "Timestamp": TIME,
        "Authorization": "Svea " + EXAMPLES[b""],
    }


@pytest.mark.parametrize("merchant", ["99:88", "99 88", "99\n88", "åäö"])
def test_a_merchant_id_that_cannot_be_sent_is_refused_without_its_value(merchant):
    with pytest.raises(ValueError, match="cannot be sent") as refusal:
        Signer(merchant, SECRET)
    assert merchant not in str(refusal.value)
