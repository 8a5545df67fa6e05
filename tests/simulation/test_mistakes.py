"""T3: every seeded mistake is caught by the simulation, and the right engine passes the same histories."""

from __future__ import annotations

import pytest

from tests.simulation.history import run_history
from tests.simulation.mistakes import MISTAKES

MOST = 30


@pytest.mark.parametrize("name", MISTAKES)
def test_a_seeded_mistake_is_caught_and_the_right_engine_is_not(name: str) -> None:
    """Begins at the seed that caught it when it was written, and gives it a few more."""
    mistake = MISTAKES[name]
    for seed in range(mistake.caught_at, mistake.caught_at + MOST):
        assert run_history(seed, weights=mistake.weights).violations == ()
        caught = run_history(seed, weights=mistake.weights, mistake=mistake.make).violations
        if caught:
            print(f"{name}: seed {seed}: {caught[0]}")
            assert any(rule in words for rule in mistake.rules for words in caught), caught
            return
    pytest.fail(f"{name} was not caught in {MOST} histories")


def test_the_engine_is_whole_again_after_a_mistake() -> None:
    """Nothing of a wrong engine stays behind in the process."""
    mistake = MISTAKES["sum_without_lock"]
    run_history(0, weights=mistake.weights, mistake=mistake.make)
    assert run_history(0, weights=mistake.weights).violations == ()
