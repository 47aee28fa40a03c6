"""Whether the extra calls pay, in plain words. No I/O.

A recipe can pay in two ways: by better texts, or by texts that are as good for less money. As good is a question of how
much worse would matter, so that both are told by one figure, WORTH (a margin of non-inferiority, Piaggio et al., JAMA 308,
2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final, Literal, TypeGuard

from tasks.judging.intervals import DIFFERENCES, LEVEL, sums_interval

if TYPE_CHECKING:
    from tasks.judging.text_lengths import Lengths
    from tasks.judging.uplift import Uplift

Answer = Literal[
    "helps",
    "longer, and not shown to be better",
    "costs less and is as good",
    "better by less than matters, and costs more",
    "better by less than matters",
    "does not help",
    "costs more and is not better",
    "costs less and is worse",
    "costs less; whether as good cannot be told yet",
    "too few pairs to tell",
]

WORTH: Final = 0.05  # a gain below it is too small to matter: half a step of a judge that scores in tenths
FEWEST: Final = 10
POINT: Final = 0.01
SAME_USD: Final = 1e-9
POWER: Final = 0.8416  # standard errors within which four of five nights' lower ends lie
MOST_PAIRS: Final = 10**6
USUAL_SPREAD: Final = 0.15  # of differences by judges that score in tenths


@dataclass(frozen=True, slots=True)
class Pay:
    """What a row of the recipe costs beyond the single call, judging not counted.

    Attributes:
        usd_extra: USD more per row on average; None if a price is not known.
        seconds_extra: seconds more per row on average.
        usd_per_uplift: USD for one whole unit of quality, from 0 to 1; None where no gain is shown
            (the interval has 0 in it) or nothing is paid.
    """

    usd_extra: float | None
    seconds_extra: float | None
    usd_per_uplift: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and a sentence or two that give the reason."""

    answer: Answer
    words: str


def pay(found: Uplift | None, usd_extra: float | None, seconds_extra: float | None) -> Pay:
    """What a point of quality costs."""
    shown = found is not None and found.low is not None and found.low > 0
    gains = shown and usd_extra is not None and usd_extra > 0
    return Pay(usd_extra, seconds_extra, usd_extra / found.mean if gains and found and usd_extra else None)


def verdict(
    found: Uplift | None, price: Pay, against: str = "the single call", lengths: Lengths | None = None
) -> Verdict:
    """The answer that the pairs allow.

    What is said is true of the whole interval: `helps` only if all of it is above 0 and it reaches WORTH, or the recipe is
    not dearer; as good only if all of it is above -WORTH; that it does not help only if all of it is below WORTH. Where
    length may have made the uplift, that with length taken out has to be above 0 as well.
    """
    if found is None or found.low is None or found.high is None or found.n < FEWEST:
        pairs = found.n if found else 0
        return Verdict(
            "too few pairs to tell",
            f"Nothing can be said yet: {_pairs(pairs)} with {against}, and it takes {FEWEST} at least.",
        )
    measured = (
        f"{found.mean:+.3f} in quality against {against}, {found.level:.0%} interval {found.low:+.3f} to "
        f"{found.high:+.3f}, over {_pairs(found.n)}"
    )
    if found.low > 0 and _only_longer(lengths):
        said = f"The recipe's texts are longer, and that they are better is not shown: {measured}; {lengths.taken_out}."
        return Verdict("longer, and not shown to be better", f"{said} {_cost(price)}")
    answer, how = _answer(found.low, found.high, price.usd_extra)
    wanted = _wanted(found, answer)
    return Verdict(answer, " ".join(filter(None, (f"{how}: {measured}.", wanted, _cost(price)))))


def _only_longer(lengths: Lengths | None) -> TypeGuard[Lengths]:
    """Whether a taste for length may be all of it."""
    if lengths is None or not lengths.telling or lengths.made <= lengths.baseline:
        return False
    return lengths.interval is not None and lengths.interval[0] <= 0


def pairs_wanted(found: Uplift, gain: float = WORTH, bound: float = 0.0) -> int | None:
    """With how many pairs a true gain is shown to be above `bound` on four nights in five, if pairs go on to vary so.

    It is the interval of `mean_interval`, with its quarters of an observation, that has to be above. None where judges
    differ: more pairs do not narrow that part.
    """
    if found.spread is None or found.between_judges:
        return None
    return pairs_to_show(found.spread, gain, bound, found.level)


def pairs_to_show(spread: float, gain: float = WORTH, bound: float = 0.0, level: float = LEVEL) -> int:
    """The same where differences between the texts of a pair have this standard deviation."""
    enough, too_few = MOST_PAIRS, 1
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if _is_shown(middle, spread, gain, bound, level):
            enough = middle
        else:
            too_few = middle
    return enough


def _is_shown(n: int, spread: float, gain: float, bound: float, level: float) -> bool:
    squares = n * gain * gain + (n - 1) * spread * spread
    usual = sums_interval(n, n * gain, squares, DIFFERENCES, level)
    low = None if usual is None else usual.low
    return low is not None and low - POWER * spread / sqrt(n) >= bound


def _answer(low: float, high: float, usd_extra: float | None) -> tuple[Answer, str]:
    dearer = usd_extra is not None and usd_extra > SAME_USD
    cheaper = usd_extra is not None and usd_extra < -SAME_USD
    if low > 0:
        if high >= WORTH or cheaper or (usd_extra is not None and not dearer):
            return "helps", "The recipe is better"
        if dearer:
            return (
                "better by less than matters, and costs more",
                "The recipe is better, but by less than matters",
            )
        return "better by less than matters", "The recipe is better, but by less than matters"
    if cheaper:
        if low > -WORTH:
            return "costs less and is as good", f"The recipe is as good, or worse by less than {WORTH}"
        if high < 0:
            return "costs less and is worse", "The recipe is worse"
        return "costs less; whether as good cannot be told yet", "Whether the recipe is as good is not shown"
    if high < WORTH:
        how = "worse" if high < 0 else "not better by anything that matters"
        return "costs more and is not better" if dearer else "does not help", f"The recipe is {how}"
    return "too few pairs to tell", "No gain is shown"


def _wanted(found: Uplift, answer: Answer) -> str:
    match answer:
        case "too few pairs to tell":
            pairs, shown = pairs_wanted(found), f"A gain of {WORTH} would show"
        case "costs less; whether as good cannot be told yet":
            pairs, shown = pairs_wanted(found, 0.0, -WORTH), "That it is as good would show"
        case _:
            return ""
    if found.between_judges:
        return "The judges differ: more judges tell more than more pairs."
    return f"{shown}, on four nights in five, with about {pairs} pairs." if pairs and pairs > found.n else ""


def _pairs(n: int) -> str:
    return "1 pair" if n == 1 else f"{n} pairs"


def _cost(price: Pay) -> str:
    if price.usd_extra is None:
        return "What it costs more is not known."
    more = "more" if price.usd_extra >= 0 else "less"
    text = f"A row costs {abs(price.usd_extra):.4f} USD {more}"
    if price.seconds_extra is not None:
        slower = "longer" if price.seconds_extra > 0 else "less"
        text += (
            f" and takes {abs(price.seconds_extra):.1f} s {slower}"
            if abs(price.seconds_extra) >= 0.05
            else " and takes as long"
        )
    if price.usd_per_uplift is not None:
        text += f": {price.usd_per_uplift * POINT:.4f} USD for each {POINT} of quality"
    return f"{text}."
