"""Random ids that come from a seed, so that a history replays to the last row."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random


@contextmanager
def seeded_ids(seed: str) -> Iterator[None]:
    """Inside, `uuid.uuid4` answers the ids of this seed; may be nested."""
    random, before = Random(seed), uuid.uuid4

    def seeded() -> uuid.UUID:
        return uuid.UUID(int=random.getrandbits(128), version=4)

    uuid.uuid4 = seeded
    try:
        yield
    finally:
        uuid.uuid4 = before
