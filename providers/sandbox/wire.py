"""The way between adapter and bank: moments at which a simulation may switch, freeze or kill the caller."""

from __future__ import annotations

from typing import Protocol

from providers.port import WireCall


class Wire(Protocol):
    """Told of each moment of a call; may take its time, or raise to end the caller there."""

    def preparing(self) -> None:
        """The bytes are made; nothing is committed yet."""

    def leaving(self, call: WireCall | None) -> None:
        """The bytes are on their way, and the bank has not seen them; None stands for a read."""

    def returning(self, call: WireCall | None) -> None:
        """The bank is done; its answer is on its way back."""

    def hanging(self) -> None:
        """No answer comes, until the caller gives up."""


class QuickWire:
    """A way that takes no time."""

    def preparing(self) -> None:
        """Nothing."""

    def leaving(self, call: WireCall | None) -> None:
        """Nothing."""
        del call

    def returning(self, call: WireCall | None) -> None:
        """Nothing."""
        del call

    def hanging(self) -> None:
        """Nothing."""
