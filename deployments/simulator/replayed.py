"""Answers that come from elsewhere instead of being composed: what they are, and who has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from deployments.simulator.asked import Asked, Finish, Refused
    from deployments.simulator.wires import Wire


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recorded answer as it is served.

    Attributes:
        tokens_in: None if nobody wrote that down.
        seconds: to wait before it.
        usd: what it cost when it was recorded, None if nobody wrote that down.
    """

    text: str
    finish: Finish
    tokens_in: int | None
    tokens_out: int
    tokens_cached: int
    seconds: float
    usd: float | None


class Replay(Protocol):
    """Whoever has the recorded answers."""

    def answer(self, asked: Asked) -> Replayed | None:
        """The next recorded answer to this request; None if nothing is recorded for it."""

    def nothing(self, wire: Wire, asked: Asked) -> Refused:
        """What a request is told for which nothing is recorded."""

    def forget(self) -> None:
        """Every request counts as never asked again."""

    def summary(self) -> dict[str, Any]:
        """What was served, for `GET /_simulator/stats`."""
