"""The rule of `domain.payment_state.payment_state` as SQL, for filters and the index behind them.

A test holds the two against each other for random sums. The text must stay equal to the index's, letter by letter,
or SQLite stops using the index; so both stand here.
"""

from __future__ import annotations

from sqlalchemy import Text, literal_column

STATE_SQL = (
    "(case"
    " when frozen_at is not null or excess_minor > 0 then 'held'"
    " when captured_minor > 0 and refunded_minor >= captured_minor then 'refunded'"
    " when captured_minor > 0 and refunded_minor > 0 then 'part_refunded'"
    " when captured_minor > 0 and captured_minor + cancelled_minor >= authorised_minor then 'captured'"
    " when captured_minor > 0 then 'part_captured'"
    " when provider_state = 'failed' then 'failed'"
    " when cancelled_minor > 0 and cancelled_minor >= authorised_minor and provider_state = 'expired' then 'expired'"
    " when cancelled_minor > 0 and cancelled_minor >= authorised_minor then 'cancelled'"
    " when provider_state in ('waiting', 'expired', 'cancelled') then provider_state"
    " when provider_state = 'authorised' and authorised_minor > 0 then 'authorised'"
    " else 'unclear' end)"
)
"""Columns of `payments`, unqualified: no table that queries join with it has columns of these names."""

payment_state_column = literal_column(STATE_SQL, Text)
"""The payment's state in a query over one `payments`."""
