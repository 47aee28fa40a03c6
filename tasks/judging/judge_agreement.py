"""How far judges agree on the same texts: Krippendorff's alpha, with an interval. No I/O.

Alpha is 1 for judges of one mind and 0 for judges that agree as chance would; scores are taken at the interval level, so
that a judge that is stricter than another by a constant counts as disagreement, too. It bears gaps. The interval is the
usual bootstrap (Zapf and others 2016, BMC Medical Research Methodology 16:93), over requests: texts of one are alike, and
drawn one by one they would make it too narrow.

Over texts, what tells requests apart raises alpha. Of an uplift judges have to agree in what they say of the two texts of a
request: that is alpha over the pairs' differences, and lower.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEAST_ALPHA: Final = (
    0.667  # below it Krippendorff (Content Analysis, 2004) advises against even tentative conclusions
)
FEWEST_TEXTS: Final = 20
MOST_TEXTS: Final = 400  # the library takes memory of texts × values², some 60 MB here
RESAMPLES: Final = 1000
AT_ONCE: Final = 100
DIGITS: Final = 2


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """What the judges of a run have in common.

    Attributes:
        alpha: None where it is not defined: fewer than two judges or texts, or the same score for everything.
        low: lower end of the 95% interval.
        texts: scored by two judges or more.
    """

    alpha: float | None
    low: float | None
    high: float | None
    texts: int
    judges: int

    @property
    def caution(self) -> str:
        """What is wrong with relying on these judges; empty if nothing is known to be, or there is only one."""
        if self.judges < 2:
            return ""
        if self.texts < FEWEST_TEXTS:
            return f"only {self.texts} texts were scored by two judges: whether they agree cannot be told"
        if self.alpha is None:
            return "the judges gave everything the same score: whether they agree cannot be told"
        if self.alpha < LEAST_ALPHA:
            return (
                f"the judges do not agree (Krippendorff's alpha {self.alpha:.2f}, below {LEAST_ALPHA}): "
                "what one of them scores says little of what another would"
            )
        if self.low is not None and self.low < LEAST_ALPHA:
            return f"the judges may agree too little (Krippendorff's alpha {self.alpha:.2f}, 95% interval from {self.low:.2f})"
        return ""


def judge_agreement(scores: Numbers, requests: Sequence[int] = (), seed: int = 1) -> JudgeAgreement:
    """The agreement of judges.

    Args:
        scores: a row per judge, a column per text; not a number where a judge has not scored a text. Of more than
            400 texts a seeded draw of requests is used; scores are taken to the hundredth.
        requests: of each text, the number of the request that it is of; none where each is of another.
        seed: of the draw and of the bootstrap.
    """
    judges = int((~np.isnan(scores)).any(axis=1).sum()) if scores.size else 0
    told = (~np.isnan(scores)).sum(axis=0) >= 2 if scores.size else np.zeros(0, bool)
    texts = int(told.sum())
    if judges < 2 or texts < 2:
        return JudgeAgreement(None, None, None, texts, judges)
    of = np.asarray(requests if len(requests) else range(len(told)), np.int64)[told]
    scores = np.round(scores[:, told], DIGITS)
    random = np.random.default_rng(seed)
    if texts > MOST_TEXTS:
        drawn = _some(of, random)
        scores, of = scores[:, drawn], of[drawn]
    if np.nanmax(scores) == np.nanmin(scores):
        return JudgeAgreement(None, None, None, texts, judges)
    library: Any = import_module("krippendorff")
    alpha = float(library.alpha(reliability_data=scores, level_of_measurement="interval"))
    low, high = _bootstrapped(scores, of, random)
    return JudgeAgreement(alpha, min(low, alpha), max(high, alpha), texts, judges)


def _some(of: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.bool_]:
    """Which texts are of the requests drawn."""
    requests, sizes = np.unique(of, return_counts=True)
    order = random.permutation(len(requests))
    return np.isin(of, requests[order[np.cumsum(sizes[order]) <= MOST_TEXTS]])


def _bootstrapped(scores: Numbers, of: NDArray[np.int64], random: np.random.Generator) -> tuple[float, float]:
    """The middle 95% of alpha over requests drawn anew."""
    counts = (~np.isnan(scores)).sum(axis=0).astype(np.float64)
    sums, squares = np.nansum(scores, axis=0), np.nansum(scores**2, axis=0)
    within = 2 * (counts * squares - sums**2) / (counts - 1)
    _, number = np.unique(of, return_inverse=True)
    requests = int(number.max()) + 1
    columns = np.zeros((requests, 4))
    np.add.at(columns, number, np.stack([counts, sums, squares, within], axis=1))
    drawn: list[Numbers] = []
    for _ in range(RESAMPLES // AT_ONCE):
        times = random.multinomial(requests, np.full(requests, 1 / requests), size=AT_ONCE)
        drawn.append(times @ columns)
    n, total, squared, observed = np.concatenate(drawn).T
    expected = 2 * (n * squared - total**2) / (n - 1)
    told = expected > 1e-9
    alphas = 1 - observed[told] / expected[told]
    low, high = np.quantile(alphas, [0.025, 0.975])
    return float(low), float(high)
