"""Which of two models a request goes to, by the gain to expect of the stronger one and a wished share of requests. No I/O.

As RouteLLM does it (arXiv 2406.18665), the wish is a share, and the threshold is where that share of usual requests lies
above. Usual are tonight's requests where they are many enough, else those that the router was learnt beside; before
anything is known, requests as `tasks.choosing.complexity.standing` has them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tasks.choosing.complexity import standing
from tasks.choosing.gain import Router

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Typed = tuple[str, str | None]

DECIMALS: Final = 5  # of a gain: taken for many requests at once it differs by less from that for each
KEPT: Final = 400  # gains of usual requests, which place others to a quarter of a percent
FEWEST_USUAL: Final = 10


@dataclass(frozen=True, slots=True)
class Routing:
    """What is known of a pair of models at a step.

    Attributes:
        step: its path in a recipe; None is any step of any recipe.
        usual: gains of usual requests, ascending.
    """

    cheap: str
    strong: str
    step: str | None = None
    router: Router = field(default_factory=Router)
    usual: tuple[float, ...] = ()

    def placed(self, text: str, request_type: str | None) -> tuple[float, float]:
        """The gain to expect, and the share of usual requests with less to gain, from 0 to 1.

        Between two usual gains it counts which is nearer, of equal ones a hash of the text. Before anything is learnt only the gains' order means something.
        """
        (gain,) = self._gains([(text, request_type)])
        if not self.usual:
            return gain, standing(text)
        low, high = bisect_left(self.usual, gain), bisect_right(self.usual, gain)
        if low == high and 0 < low < len(self.usual):
            before, after = self.usual[low - 1 : low + 1]
            return gain, (low - 0.5 + (gain - before) / (after - before)) / len(self.usual)
        return gain, (low + (high - low) * draw(text)) / len(self.usual)

    def among(self, requests: Sequence[Typed]) -> Routing:
        """The same with these as the usual requests; as it was if they are few."""
        if len(requests) < FEWEST_USUAL:
            return self
        gains = sorted(self._gains(requests))
        places = np.linspace(0, len(gains) - 1, min(KEPT, len(gains))).round().astype(int)
        return replace(self, usual=tuple(gains[place] for place in places))

    def _gains(self, requests: Sequence[Typed]) -> list[float]:
        texts, types = [text for text, _ in requests], [of for _, of in requests]
        return [round(each, DECIMALS) for each in self.router.gains(texts, types)]

    def plain(self) -> dict[str, Any]:
        """JSON-able, without any text."""
        return {
            "cheap": self.cheap, "strong": self.strong, "step": self.step, "router": self.router.plain(),
            "usual": list(self.usual),
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Routing:
        """What `plain` gave."""
        known = Router.from_plain(plain["router"])
        return cls(plain["cheap"], plain["strong"], plain["step"], known, tuple(plain["usual"]))


def draw(text: str) -> float:
    """A number from 0 to below 1, the same for the same text."""
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48
