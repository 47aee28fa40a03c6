"""A cascade's accept thresholds, fitted to recorded outcomes: FrugalGPT (arXiv 2305.05176). No I/O.

The first model answers; an answer whose signal reaches the model's threshold is taken, else the next model is asked, and
the last one's answer is taken as it is. Thresholds are looked for on a grid between the signals' quantiles: all combinations
for chains of up to four models, two thresholds at a time for longer ones. What is wished has to hold with a margin: not the mean over
the recorded requests has to reach the wished quality but the lower end of its interval, since the best of many
combinations looks better on what it was chosen by than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tasks.choosing.outcomes import Outcomes

Z: Final = 1.96
FINEST: Final = 60
COARSEST: Final = 8
MOST_CELLS: Final = 40_000_000  # combinations x requests that are tried exhaustively
CHUNK_CELLS: Final = 2_000_000
LONGEST_EXHAUSTIVE: Final = 4
DECIMALS: Final = 6
SWEEPS: Final = 4
PAIRED: Final = 15
BEGINNINGS: Final = (0.0, 0.4, 0.8)
MOST_ORDERS: Final = 60


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wished: a mean quality at the least cost, or the most quality for a mean cost of a request in USD."""

    quality: float | None = None
    usd: float | None = None

    def __post_init__(self) -> None:
        if (self.quality is None) == (self.usd is None):
            raise ValueError("a goal is a quality or a cost")


@dataclass(frozen=True, slots=True)
class Expected:
    """A mean with its 95% interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A chain with thresholds.

    Attributes:
        accept: one for each model but the last.
        shares: of the requests that each model answers.
        holds: the goal is reached with the margin; if not, this is what comes closest.
        n: requests it was fitted to.
    """

    models: tuple[str, ...]
    accept: tuple[float, ...]
    quality: Expected
    usd: Expected
    shares: tuple[float, ...]
    holds: bool
    n: int


def fit(outcomes: Outcomes, goal: Goal) -> Fitted:
    """The thresholds of the chain of `outcomes.models` in their order.

    Raises:
        ValueError: there are no requests.
    """
    if not outcomes.n:
        raise ValueError("there is nothing to fit to")
    grids = _grids(outcomes, FINEST)
    if len(outcomes.models) <= LONGEST_EXHAUSTIVE:
        accept, holds = _best(outcomes, goal, np.array(list(product(*grids))))
    else:
        accept, holds = _two_at_a_time(outcomes, goal, grids)
    return _described(outcomes, accept, holds=holds)


def fit_chain(outcomes: Outcomes, goal: Goal, longest: int = 3) -> Fitted:
    """The best chain of some of the models, at most `longest` of them, with its thresholds.

    All orders are tried where they are few; else the cheaper of two models always comes first.
    """
    chains = list(_chains(outcomes, longest))
    tried = []
    for models in chains:
        some = outcomes.of(models)
        combined = np.array(list(product(*_grids(some, COARSEST * 2))))
        accept, holds = _best(some, goal, combined)
        tried.append((_merit(some, goal, accept, holds=holds), len(models), models))
    tried.sort()
    finer = [fit(outcomes.of(models), goal) for _, _, models in tried[:3]]
    return min(
        finer,
        key=lambda each: (_merit_of(each, goal), len(each.models)),
    )


def alone(outcomes: Outcomes) -> list[Fitted]:
    """Each model answering everything, in the given order: what a chain has to be better than."""
    return [_described(outcomes.of([name]), (), holds=True) for name in outcomes.models]


def tried_on(outcomes: Outcomes, fitted: Fitted) -> Fitted:
    """The same thresholds on other requests."""
    return _described(outcomes.of(fitted.models), fitted.accept, holds=fitted.holds)


def _described(outcomes: Outcomes, accept: Sequence[float], *, holds: bool) -> Fitted:
    by, quality, usd = _outcome(outcomes, np.array([accept], dtype=np.float64))
    shares = tuple(float(np.mean(by[0] == place)) for place in range(len(outcomes.models)))
    n, mean, variance = outcomes.n, quality.mean(axis=1), quality.var(axis=1)
    low, high = _lower(mean, variance, n)[0], 1 - _lower(1 - mean, variance, n)[0]
    half = Z * usd[0].std() / np.sqrt(n)
    cost = float(usd[0].mean())
    return Fitted(
        outcomes.models,
        tuple(float(each) for each in accept),
        Expected(float(mean[0]), float(low), float(high)),
        Expected(cost, max(0.0, float(cost - half)), float(cost + half)),
        shares,
        holds,
        n,
    )


def _grids(outcomes: Outcomes, finest: int) -> list[NDArray[np.float64]]:
    """Thresholds to try for each model but the last, about evenly many requests apart, from all answers taken to none."""
    free = len(outcomes.models) - 1
    if not free:
        return []
    affordable = (MOST_CELLS / max(outcomes.n, 1)) ** (1 / min(free, LONGEST_EXHAUSTIVE - 1))
    shares = np.linspace(0, 1, int(max(COARSEST, min(finest, affordable))))
    return [_between(outcomes.signal[:, place], shares) for place in range(free)]


def _between(signal: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Halfway between neighbouring signals: where a new one is as likely to be on either side."""
    values = np.unique(signal)
    bounds = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2, [(values[-1] + 1) / 2]])
    wanted = np.searchsorted(values, np.quantile(signal, shares, method="higher"))
    return np.unique(np.round(bounds[np.append(wanted, len(values))], DECIMALS))


def _outcome(
    outcomes: Outcomes, accept: NDArray[np.float64]
) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
    """Who answers, how well, for how much: arrays of shape (combinations, requests)."""
    many, last = (len(accept), outcomes.n), len(outcomes.models) - 1
    asked = np.ones(many, dtype=bool)
    by, quality, usd = np.zeros(many, dtype=np.int8), np.zeros(many), np.zeros(many)
    for place in range(last + 1):
        usd += asked * outcomes.usd[:, place]
        taken = asked if place == last else asked & (outcomes.signal[:, place] >= accept[:, place, None])
        quality[taken] = np.broadcast_to(outcomes.quality[:, place], many)[taken]
        by[taken] = place
        asked = asked & ~taken
    return by, quality, usd


def _sums(outcomes: Outcomes, accept: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each combination: mean quality, the lower end of its interval, mean cost, the upper end of its interval."""
    found = []
    for start in range(0, len(accept), max(1, CHUNK_CELLS // outcomes.n)):
        _, quality, usd = _outcome(outcomes, accept[start : start + max(1, CHUNK_CELLS // outcomes.n)])
        mean, cost = quality.mean(axis=1), usd.mean(axis=1)
        low = _lower(mean, quality.var(axis=1), outcomes.n)
        high = cost + Z * usd.std(axis=1) / np.sqrt(outcomes.n)
        found.append(np.stack([mean, low, cost, high], axis=1))
    return np.concatenate(found)


def _lower(mean: NDArray[np.float64], variance: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Wilson's lower end, with the scores' own variance, which for graded ones is less than that of yes and no."""
    centre = (mean + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * np.sqrt(variance / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return np.asarray(centre - half)


def _best(outcomes: Outcomes, goal: Goal, accept: NDArray[np.float64]) -> tuple[tuple[float, ...], bool]:
    if not accept.size:
        accept = np.zeros((1, 0))
    mean, low, cost, high = _sums(outcomes, accept).T
    if goal.quality is not None:
        holds = low >= goal.quality
        order = np.lexsort((-low, np.where(holds, cost, 0), np.where(holds, 0, -low), ~holds))
    else:
        holds = high <= (goal.usd or 0.0)
        order = np.lexsort((cost, np.where(holds, -mean, 0), np.where(holds, 0, high), ~holds))
    best = int(order[0])
    return tuple(float(each) for each in accept[best]), bool(holds[best])


def _two_at_a_time(
    outcomes: Outcomes, goal: Goal, grids: list[NDArray[np.float64]]
) -> tuple[tuple[float, ...], bool]:
    """From several beginnings, two thresholds after another two, as long as that helps."""
    coarse = [grid[:: max(1, len(grid) // PAIRED)] for grid in grids]
    found = []
    for share in BEGINNINGS:
        accept = np.array([grid[int(share * (len(grid) - 1))] for grid in coarse])
        holds = False
        for _ in range(SWEEPS):
            before = accept
            for pair in combinations(range(len(grids)), 2):
                choices = np.array(
                    list(product(*(np.append(coarse[place], accept[place]) for place in pair)))
                )
                candidates = np.repeat(accept[None, :], len(choices), axis=0)
                candidates[:, pair] = choices
                best, holds = _best(outcomes, goal, candidates)
                accept = np.array(best)
            if (accept == before).all():
                break
        chosen = tuple(float(each) for each in accept)
        found.append((_merit(outcomes, goal, chosen, holds=holds), chosen, holds))
    _, chosen, holds = min(found)
    return chosen, holds


def _merit(
    outcomes: Outcomes, goal: Goal, accept: Sequence[float], *, holds: bool
) -> tuple[bool, float, float]:
    """The less the better."""
    ((mean, low, cost, high),) = _sums(outcomes, np.array([accept], dtype=np.float64))
    if goal.quality is not None:
        return (not holds, cost if holds else -low, -low)
    return (not holds, -mean if holds else high, cost)


def _merit_of(fitted: Fitted, goal: Goal) -> tuple[bool, float]:
    if goal.quality is not None:
        return (not fitted.holds, fitted.usd.mean if fitted.holds else -fitted.quality.mean)
    return (not fitted.holds, -fitted.quality.mean if fitted.holds else fitted.usd.mean)


def _chains(outcomes: Outcomes, longest: int) -> Iterable[tuple[str, ...]]:
    """Chains to try; a model that comes after a dearer one only where there are few."""
    cheapest_first = sorted(
        outcomes.models, key=lambda name: float(outcomes.usd[:, outcomes.models.index(name)].mean())
    )
    lengths = range(1, min(longest, len(outcomes.models)) + 1)
    ordered = [chain for length in lengths for chain in combinations(cheapest_first, length)]
    every = [chain for length in lengths for chain in permutations(cheapest_first, length)]
    return every if len(every) <= MOST_ORDERS else ordered
