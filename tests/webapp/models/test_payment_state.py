"""The payment's state in SQL is the state of the rule, for random sums on both databases."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from providers.kinds import ProviderState
from webapp.domain.payment_state import PaymentState, Sums, payment_state
from webapp.models.payment_state import STATE_SQL

AMOUNTS = st.integers(0, 3)
CASES = st.lists(
    st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.integers(0, 1), st.sampled_from(ProviderState), st.booleans()),
    min_size=40,
    max_size=200,
)
ONE = (
    "select {number} as n, {authorised} as authorised_minor, {cancelled} as cancelled_minor,"
    " {captured} as captured_minor, {refunded} as refunded_minor, {excess} as excess_minor,"
    " '{word}' as provider_state, {frozen} as frozen_at"
)


def test_the_sql_state_equals_the_rule_for_random_sums(database_url: str) -> None:
    engine = create_engine(database_url)
    met: set[PaymentState] = set()

    @settings(max_examples=25, deadline=None, database=None)
    @given(cases=CASES)
    def check(cases: list[tuple[int, int, int, int, int, ProviderState, bool]]) -> None:
        expected, rows = [], []
        for number, (authorised, cancelled, captured, refunded, excess, word, held) in enumerate(cases):
            sums = Sums(authorised, cancelled, captured, refunded, excess=excess)
            expected.append(payment_state(sums, word, held=held).value)
            frozen = "'2026-11-21'" if held else "null"
            rows.append(
                ONE.format(
                    number=number,
                    authorised=authorised,
                    cancelled=cancelled,
                    captured=captured,
                    refunded=refunded,
                    excess=excess,
                    word=word.value,
                    frozen=frozen,
                )
            )
        query = f"select {STATE_SQL} from ({' union all '.join(rows)}) as payments order by n"
        with engine.connect() as connection:
            assert list(connection.execute(text(query)).scalars()) == expected
        met.update(PaymentState(state) for state in expected)

    check()
    engine.dispose()
    assert met >= set(PaymentState) - {PaymentState.CAPTURE_SCHEDULED}  # which no sum shows
