"""The payment's state in SQL is the state of the rule, for all small sums on both databases."""

from __future__ import annotations

from itertools import product

from sqlalchemy import create_engine, text

from providers.kinds import ProviderState
from webapp.domain.payment_state import PaymentState, Sums, payment_state
from webapp.models.payment_state import STATE_SQL

AMOUNTS = range(4)
CASES = list(product(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, (0, 1), ProviderState, (False, True)))
AT_ONCE = 400  # SQLite takes no more than 500 parts of one union
ONE = (
    "select {number} as n, {authorised} as authorised_minor, {cancelled} as cancelled_minor,"
    " {captured} as captured_minor, {refunded} as refunded_minor, {excess} as excess_minor,"
    " '{word}' as provider_state, {frozen} as frozen_at"
)


def test_the_sql_state_equals_the_rule_for_all_small_sums(database_url: str) -> None:
    engine = create_engine(database_url)
    met: set[PaymentState] = set()
    for start in range(0, len(CASES), AT_ONCE):
        expected, rows = [], []
        for number, case in enumerate(CASES[start : start + AT_ONCE]):
            authorised, cancelled, captured, refunded, excess, word, held = case
            sums = Sums(authorised, cancelled, captured, refunded, excess=excess)
            expected.append(payment_state(sums, word, held=held))
            rows.append(
                ONE.format(
                    number=number,
                    authorised=authorised,
                    cancelled=cancelled,
                    captured=captured,
                    refunded=refunded,
                    excess=excess,
                    word=word.value,
                    frozen="'2026-11-21'" if held else "null",
                )
            )
        query = f"select {STATE_SQL} from ({' union all '.join(rows)}) as payments order by n"
        with engine.connect() as connection:
            assert list(connection.execute(text(query)).scalars()) == [state.value for state in expected]
        met.update(expected)
    engine.dispose()
    assert met == set(PaymentState) - {PaymentState.CAPTURE_SCHEDULED}  # which no sum shows
