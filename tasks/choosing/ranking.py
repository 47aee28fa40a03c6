"""Ranking the models of a catalog for a need, with every figure, and why others fell out. No I/O.

A model falls out if it cannot be used now, if the question and its answer do not fit its window, if the call is expected
to cost more than it may, or, where a price is needed, if nobody knows its price. Of the others, with a floor (the larger
of quality and 0.8 x complexity) the cheapest that reaches it is taken, and if none does the one that comes closest;
without a floor the best. A model that fails often is dearer by the attempts that are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tasks.calling.prices import cost

if TYPE_CHECKING:
    from tasks.calling.catalog import Catalog, Model
    from tasks.calling.prices import Price
    from tasks.choosing.estimate import Estimate
    from tasks.choosing.estimates import Estimates

COMPLEXITY_SHARE: Final = 0.8
ANSWER_SHARE: Final = 0.5  # of max_tokens, that an answer is taken to fill where no run has shown it
USUAL_TOKENS_IN: Final = 1000
USUAL_MAX_TOKENS: Final = 2048
CLOSE_TO_NOTHING: Final = 1e-9

Draw = Callable[["Estimate"], float]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a step needs of a model.

    Attributes:
        task: a strength of the models file.
        partner: the model whose text it works from.
        request_type: what kind of request it is for.
        tokens_in: of the question.
        avoid: families that come last: a judge's own.
        needs_price: there is a budget, so that a call whose price nobody knows cannot be sent.
    """

    task: str
    quality: float | None = None
    complexity: float | None = None
    usd_per_call: float | None = None
    partner: str | None = None
    request_type: str | None = None
    tokens_in: int = USUAL_TOKENS_IN
    max_tokens: int = USUAL_MAX_TOKENS
    avoid: frozenset[str] = frozenset()
    needs_price: bool = False

    @property
    def floor(self) -> float | None:
        """The quality it has to have; None: the more the better."""
        given = [self.quality] if self.quality is not None else []
        given += [COMPLEXITY_SHARE * self.complexity] if self.complexity is not None else []
        return max(given, default=None)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One model in the ranking.

    Attributes:
        worth: quality, better or worse by how well it works after the partner compared with the other models.
        compatibility: with the partner; None without one.
        usd: what the call is expected to cost; None if nobody knows the price.
        seconds: None if no run has shown it.
        out: why it cannot be taken, empty if it can.
        below: how much it lacks to the floor, 0 if nothing.
    """

    name: str
    quality: Estimate
    worth: float
    compatibility: Estimate | None
    usd: float | None
    seconds: float | None
    errors: Estimate
    out: str
    below: float

    @property
    def fits(self) -> bool:
        """It can be taken and reaches the floor."""
        return not self.out and not self.below


@dataclass(frozen=True, slots=True)
class Ranking:
    """All models of a catalog for one need, those that can be taken first, the best choice first of all.

    Attributes:
        explored: qualities were drawn.
    """

    wanted: Wanted
    models: tuple[Ranked, ...]
    explored: bool = False

    @property
    def usable(self) -> tuple[Ranked, ...]:
        """Those that did not fall out."""
        return tuple(each for each in self.models if not each.out)


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to rank, and what is known of it.

    Attributes:
        prices: of the models that may be taken; those that are not in it are left out of the ranking.
    """

    catalog: Catalog
    prices: Mapping[str, Price | None]
    estimates: Estimates
    _typical: dict[str, float] = field(default_factory=dict)

    def rank(
        self, wanted: Wanted, unavailable: Mapping[str, str] | None = None, draw: Draw | None = None
    ) -> Ranking:
        """Every model, ranked.

        Args:
            unavailable: model → why it cannot be used now.
            draw: takes the place of an estimate's mean: exploration.
        """
        away = unavailable or {}
        ranked = [self._ranked(name, wanted, away.get(name, ""), draw) for name in self.prices]
        avoided = {name for name in self.prices if self.catalog.model(name).family in wanted.avoid}
        has_floor = wanted.floor is not None

        def order(each: Ranked) -> tuple[object, ...]:
            price = float("inf") if each.usd is None else each.usd / max(1 - each.errors.mean, 0.01)
            first = (bool(each.out), each.name in avoided)
            if not has_floor:
                return (*first, -each.worth, price, each.name)
            return (*first, each.below, price, -each.worth, each.name)

        return Ranking(wanted, tuple(sorted(ranked, key=order)), draw is not None)

    def _ranked(self, name: str, wanted: Wanted, away: str, draw: Draw | None) -> Ranked:
        model, estimates = self.catalog.model(name), self.estimates
        quality = estimates.quality_of(name, model, wanted.task, wanted.request_type)
        together, match = None, 1.0
        if wanted.partner is not None:
            together = estimates.compatibility(wanted.partner, name, self.catalog.compatibility)
            match = together.mean / self._typical_after(wanted.partner)
        worth = min(1.0, (draw(quality) if draw else quality.mean) * match)
        usd = self._usd(name, wanted)
        out = away or _does_not_fit(model, wanted, usd)
        below = max(0.0, (wanted.floor or 0.0) - worth)
        return Ranked(
            name, quality, worth, together, usd, estimates.seconds(name, wanted.task), estimates.error_rate(name), out,
            below if below > CLOSE_TO_NOTHING else 0.0,
        )  # fmt: skip

    def _usd(self, name: str, wanted: Wanted) -> float | None:
        shown = self.estimates.tokens_out(name, wanted.task)
        answer = wanted.max_tokens * ANSWER_SHARE if shown is None else min(shown, wanted.max_tokens)
        return cost(self.prices[name], wanted.tokens_in, round(answer))

    def _typical_after(self, partner: str) -> float:
        """How well models work after this one, on average: better than that is worth more, worse less."""
        if partner not in self._typical:
            matrix = self.catalog.compatibility
            found = [self.estimates.compatibility(partner, name, matrix).mean for name in self.prices]
            self._typical[partner] = max(sum(found) / len(found), CLOSE_TO_NOTHING) if found else 1.0
        return self._typical[partner]


def _does_not_fit(model: Model, wanted: Wanted, usd: float | None) -> str:
    if model.context is not None and wanted.tokens_in + wanted.max_tokens > model.context:
        needed = f"{wanted.tokens_in:,} + {wanted.max_tokens:,} tokens"
        return f"{needed} do not fit its window of {model.context:,}"
    if usd is None and (wanted.usd_per_call is not None or wanted.needs_price):
        return "nobody knows its price"
    if usd is not None and wanted.usd_per_call is not None and usd > wanted.usd_per_call:
        return f"a call is expected to cost ${usd:.4f}, more than ${wanted.usd_per_call:.4f}"
    return ""
