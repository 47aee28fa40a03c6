"""When a cascade has enough: thresholds on how likely the best answer so far is right, all answers counted. No I/O.

The cascade of FrugalGPT (arXiv 2305.05176), but what decides is not the last model's own score: it is a belief over all
that was answered so far, learnt for this task, and the answer that is taken is the likeliest of all, not the last.
Thresholds follow from one figure, what a right answer is worth: from the last model backwards each is set where
going on does not pay (as in Longstaff and Schwartz, Review of Financial Studies 14, 2001). So a chain has one degree of
freedom, however long, and there is little to fit too closely.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tasks.choosing.belief import Belief, learnt_belief

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tasks.choosing.panel import Panel

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

LONGEST: Final = 3
BEAM: Final = 4  # chains that are tried with one model more
WORTHS: Final = 48  # of a right answer that are tried, from a model's cheapest call to very much
MUCH_BETTER: Final = 0.15
MARGIN: Final = 1.0  # standard errors by which a wish has to be met where it was fitted


@dataclass(frozen=True, slots=True)
class Stage:
    """What a cascade knows after a model has answered: arrays of one entry per request.

    Attributes:
        chance: that the best answer so far is right.
        right: how right it is.
        usd: what this model's call cost.
    """

    chance: Floats
    right: Floats
    usd: Floats


@dataclass(frozen=True, slots=True)
class Stopping:
    """A chain of models that stops.

    Attributes:
        accept: chances from which the best answer is taken, one for each model but the last.
        beliefs: after each model.
        holds: the wish was met with the margin where it was fitted; if not, this is what comes closest.
    """

    models: tuple[str, ...]
    accept: tuple[float, ...]
    beliefs: tuple[Belief, ...]
    holds: bool = True

    def plain(self) -> dict[str, Any]:
        """JSON-able."""
        beliefs = [each.plain() for each in self.beliefs]
        return {
            "models": list(self.models),
            "accept": list(self.accept),
            "beliefs": beliefs,
            "holds": self.holds,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Stopping:
        """What `plain` gave."""
        beliefs = tuple(Belief.from_plain(each) for each in plain["beliefs"])
        return cls(tuple(plain["models"]), tuple(plain["accept"]), beliefs, plain["holds"])


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a chain would have come to on recorded requests: arrays of one entry per request.

    Attributes:
        asked: how many models were asked.
        voter: whose answer was taken, as a column of the chain.
    """

    right: Floats
    usd: Floats
    asked: Places
    voter: Places
    chance: Floats


def replayed(stopping: Stopping, panel: Panel, usd: Floats) -> Replayed:
    """The chain on requests of which every model's answer is recorded.

    Args:
        usd: shape (requests, voters), as the panel's columns.
    """
    columns = [panel.voters.index(name) for name in stopping.models]
    some, paid = panel.of(stopping.models), usd[:, columns]
    n, open_ = panel.n, np.ones(panel.n, dtype=bool)
    right, cost, chance = np.zeros(n), np.zeros(n), np.zeros(n)
    asked, voter = np.zeros(n, dtype=np.intp), np.zeros(n, dtype=np.intp)
    for place, belief in enumerate(stopping.beliefs):
        cost += np.where(open_, paid[:, place], 0.0)
        found = belief.believed(some.of(stopping.models[: place + 1]))
        is_last = place == len(stopping.beliefs) - 1
        done = open_ if is_last else open_ & (found.chance >= stopping.accept[place])
        right[done] = _right_of(some, found.best)[done]
        chance[done], voter[done], asked[done] = found.chance[done], found.best[done], place + 1
        open_ &= ~done
    return Replayed(right, cost, asked, voter, chance)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a chain has to come to, by a margin of so many standard errors where it is fitted.

    Attributes:
        lacking: how much worse than the best single model it may be, at the least cost.
        usd: mean cost of a request that is not to be passed, at the most quality; None: no matter.
    """

    lacking: float = 0.0
    usd: float | None = None
    margin: float = MARGIN


def fit_stopping(
    panel: Panel, usd: Floats, folds: Places, wish: Wish | None = None, longest: int = LONGEST
) -> Stopping:
    """The chain that fulfils a wish best; of none, the one that comes closest.

    Args:
        panel: with what is known to be right.
        usd: what each answer cost, shape (requests, voters).
        folds: of each request; chances that thresholds are fitted to come from beliefs learnt on the other folds.
        wish: by default as good as the best single model at the least cost.
    """
    return Search(panel, usd, folds).best(wish or Wish(), longest)


def undominated(panel: Panel, usd: Floats) -> list[str]:
    """The models that are worth a place in a chain, the cheapest first: no cheaper one is much better.

    One that is a little worse and dearer stays: where the two agree, that tells more than either alone.
    """
    right, spent = np.nan_to_num(panel.right).mean(axis=0), usd.mean(axis=0)
    kept: list[int] = []
    for place in np.argsort(spent, kind="stable"):
        if all(right[other] - right[place] < MUCH_BETTER for other in kept):
            kept.append(int(place))
    return [panel.voters[place] for place in kept]


def thresholds(stages: Sequence[Stage], worth: float) -> tuple[float, ...]:
    """For each model but the last, from which chance on its answer is taken.

    Args:
        worth: of a right answer, in USD.
    """
    value = worth * stages[-1].chance
    found = []
    for place in range(len(stages) - 2, -1, -1):
        now, after = worth * stages[place].chance, value - stages[place + 1].usd
        order = np.argsort(-stages[place].chance, kind="stable")
        gained = np.append(0.0, np.cumsum((now - after)[order]))
        taken = int(gained.argmax())
        chance = np.concatenate([[1.0 + 1e-9], stages[place].chance[order], [0.0]])
        accept = float((chance[taken] + chance[taken + 1]) / 2) if taken < len(order) else 0.0
        value = np.where(stages[place].chance >= accept, now, after)
        found.append(accept)
    return tuple(reversed(found))


Merit = tuple[bool, float, float]


@dataclass(slots=True)
class Search:
    """What chains come to on one panel; what is learnt is kept for further wishes."""

    panel: Panel
    usd: Floats
    folds: Places
    known: dict[tuple[str, ...], Stage] = field(default_factory=dict)

    def best(self, wish: Wish, longest: int = LONGEST) -> Stopping:
        """As `fit_stopping`: all chains of two, then the best few with one model more."""
        order = undominated(self.panel, self.usd)
        tried: dict[tuple[str, ...], tuple[Merit, tuple[float, ...]]] = {
            (name,): self._best_of((name,), wish) for name in order
        }
        widened: Sequence[tuple[str, ...]] = list(tried)
        for _ in range(longest - 1):
            longer = {
                chain: self._best_of(chain, wish)
                for shorter in widened
                for chain in _longer(shorter, order)
                if chain not in tried
            }
            tried |= longer
            widened = sorted(longer, key=lambda chain: longer[chain][0])[:BEAM]
        chain = min(tried, key=lambda each: (tried[each][0], len(each)))
        (missed, *_), accept = tried[chain]
        beliefs = tuple(learnt_belief(self.panel.of(chain[: place + 1])) for place in range(len(chain)))
        return Stopping(chain, accept, beliefs, holds=not missed)

    def _best_of(self, chain: tuple[str, ...], wish: Wish) -> tuple[Merit, tuple[float, ...]]:
        """Its best thresholds, and how good they are: the less the better."""
        right = np.nan_to_num(self.panel.right)
        single = right[:, int(right.mean(axis=0).argmax())]
        stages = [self.stage(chain[: place + 1]) for place in range(len(chain))]
        found = []
        for accept in _candidates(stages):
            reached, cost = _outcome(stages, accept)
            if wish.usd is None:
                better = reached - single + wish.lacking
                low = float(better.mean() - wish.margin * _error(better))
                merit = (low < 0, float(cost.mean()) if low >= 0 else -low, 0.0)
            else:
                over = float(cost.mean() + wish.margin * _error(cost)) - wish.usd
                merit = (over > 0, over if over > 0 else -float(reached.mean()), float(cost.mean()))
            found.append((merit, accept))
        return min(found)

    def stage(self, chain: tuple[str, ...]) -> Stage:
        """After the last model of the chain; chances from beliefs that were learnt on other folds."""
        if chain not in self.known:
            some = self.panel.of(chain)
            chance, right = np.zeros(self.panel.n), np.zeros(self.panel.n)
            for fold in np.unique(self.folds):
                held, rest = np.flatnonzero(self.folds == fold), np.flatnonzero(self.folds != fold)
                found = learnt_belief(some.rows(rest)).believed(some.rows(held))
                chance[held], right[held] = found.chance, _right_of(some.rows(held), found.best)
            self.known[chain] = Stage(chance, right, self.usd[:, self.panel.voters.index(chain[-1])])
        return self.known[chain]


def _candidates(stages: Sequence[Stage]) -> Iterable[tuple[float, ...]]:
    if len(stages) == 1:
        return [()]
    least = min(float(stage.usd.mean()) for stage in stages)
    worths = max(least, 1e-9) * np.logspace(0, 5, WORTHS)
    return dict.fromkeys(thresholds(stages, float(worth)) for worth in worths)


def _error(values: Floats) -> float:
    """The standard error of the mean."""
    return float(values.std() / np.sqrt(len(values)))


def _outcome(stages: Sequence[Stage], accept: Sequence[float]) -> tuple[Floats, Floats]:
    open_ = np.ones(len(stages[0].chance), dtype=bool)
    right, cost = np.zeros(len(open_)), np.zeros(len(open_))
    for place, stage in enumerate(stages):
        cost += np.where(open_, stage.usd, 0.0)
        done = open_ & (stage.chance >= accept[place]) if place < len(accept) else open_.copy()
        right[done] = stage.right[done]
        open_ &= ~done
    return right, cost


def _longer(chain: tuple[str, ...], cheapest_first: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """With one model more: each is asked before all that are dearer."""
    return [
        tuple(each for each in cheapest_first if each in {*chain, name})
        for name in cheapest_first
        if name not in chain
    ]


def _right_of(panel: Panel, best: Places) -> Floats:
    """How right the answers of these columns are; 0 where nobody said anything."""
    found = np.nan_to_num(panel.right)[np.arange(panel.n), np.maximum(best, 0)]
    return np.where(best >= 0, found, 0.0)
