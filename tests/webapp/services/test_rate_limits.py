"""Counters in the database hold exactly, also under parallel requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from flask import Flask

from webapp.services import rate_limits

MINUTE = timedelta(minutes=1)


def test_ten_of_sixteen_parallel_requests_pass_and_others_are_told_how_long_to_wait(app: Flask) -> None:
    with ThreadPoolExecutor(16) as pool:
        waits = sorted(pool.map(lambda _: rate_limits.take("money_form", "ana", 10, MINUTE), range(16)))
    assert waits[:10] == [0] * 10
    assert all(1 <= wait <= 60 for wait in waits[10:])
    assert rate_limits.take("money_form", "bo", 10, MINUTE) == 0, "others are not slowed down"
