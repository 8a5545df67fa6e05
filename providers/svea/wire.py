"""The parts of a call to Payment Admin that its modules share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ORDER_ID = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Call:
    """One change; `path` goes on after the order's own address."""

    method: str
    path: str
    body: Mapping[str, Any]
