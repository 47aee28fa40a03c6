"""Choosing for the rows of one run: one frozen set of estimates, what can be used now, and a share of explored rows.

In an explored row qualities are drawn from what is known instead of taken at their mean (Thompson sampling, Biometrika
25, 1933): models of which little is known are tried, and what they come to is learnt from. The draws follow from the
run's seed and the request, so that a replay draws the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Final

from tasks.choosing.estimates import strength

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tasks.choosing.belief import Belief
    from tasks.choosing.ranking import Known, Ranking, Wanted
    from tasks.choosing.routing import Routing

MOST_KEPT: Final = 10_000
TOKENS_STEP: Final = (
    256  # questions are taken to be up to so much longer, so that rows of like length share a ranking
)


def nothing_away() -> Mapping[str, str]:
    """Every model can be used."""
    return {}


@dataclass(slots=True)
class Chooser:
    """Ranks the models for needs.

    Attributes:
        unavailable: model → why it cannot be used now.
        closed: those of them that may be used another time.
        explore: share of the requests that are explored.
        seed: of the run.
        needs_price: the run has a budget.
    """

    known: Known
    unavailable: Callable[[], Mapping[str, str]] = nothing_away
    closed: Callable[[], Mapping[str, str]] = nothing_away
    explore: float = 0.0
    seed: str = ""
    needs_price: bool = False
    _kept: dict[Wanted, Ranking] = field(default_factory=dict)

    def choose(self, wanted: Wanted, request: str) -> Ranking:
        """The models for a need of this request, the best choice first."""
        away = self.unavailable()
        longest = -(-wanted.tokens_in // TOKENS_STEP) * TOKENS_STEP
        wanted = replace(wanted, tokens_in=longest, needs_price=wanted.needs_price or self.needs_price)
        if self.explores(request):
            random = self._random(request, wanted.task)
            return self.known.rank(wanted, away, lambda estimate: estimate.draw(random))
        if away:
            return self.known.rank(wanted, away)
        if wanted not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[wanted] = self.known.rank(wanted)
        return self._kept[wanted]

    def skill(self, name: str, request_type: str | None) -> float | None:
        """How good the model is at whatever it does, for such requests; None if nothing is known of it."""
        model = self.known.catalog.models.get(name)
        found = self.known.estimates.quality_of(name, model, None, request_type)
        return found.mean if found.n or strength(model, None) is not None else None

    def belief(self, names: Collection[str]) -> Belief | None:
        """What is known of the answers of these models to the same requests; None if nothing is."""
        return self.known.estimates.belief_of(names)

    def routing(self, step: str, cheap: str, strong: str) -> Routing:
        """What is known of the gain of the stronger of two models at a step; where nothing is, complexity ranks."""
        return self.known.estimates.routing_of(step, cheap, strong)

    def explores(self, request: str) -> bool:
        """Whether this request is one of the explored share."""
        return self.explore > 0 and self._random(request, "").random() < self.explore

    def _random(self, request: str, what: str) -> Random:
        return Random(sha256(f"{self.seed}\n{what}\n{request}".encode()).digest())
