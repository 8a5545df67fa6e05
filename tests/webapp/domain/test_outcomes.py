"""The outcome words of product.md section 5."""

import pytest

from webapp.domain.operations import OperationState as S
from webapp.domain.outcomes import OutcomeWord, outcome_word


@pytest.mark.parametrize(
    ("state", "state_forbids", "was_put_back", "word"),
    [
        (S.SUCCEEDED, False, False, OutcomeWord.DONE),
        (S.REJECTED, True, False, OutcomeWord.REJECTED),
        (S.REJECTED, False, False, OutcomeWord.FAILED),
        (S.EXPIRED, False, False, OutcomeWord.FAILED),
        (S.QUEUED, False, True, OutcomeWord.FAILED),
        (S.QUEUED, False, False, None),
        (S.UNKNOWN, False, False, None),
        (S.PENDING, False, False, None),
        (S.WITHDRAWN, False, False, None),
    ],
)
def test_the_word_follows_the_state(
    state: S, state_forbids: bool, was_put_back: bool, word: OutcomeWord | None
) -> None:
    assert outcome_word(state, state_forbids=state_forbids, was_put_back=was_put_back) is word
