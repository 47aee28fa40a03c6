"""Whether the extra calls pay, in plain words. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from tasks.judging.uplift import Uplift

Answer = Literal["helps", "does not help", "costs more and is not better", "too few pairs to tell"]

WORTH: Final = 0.05  # a gain below it is too small to matter: half a step of a judge that scores in tenths
FEWEST: Final = 10
POINT: Final = 0.01


@dataclass(frozen=True, slots=True)
class Pay:
    """What a row of the recipe costs beyond the single call, judging not counted.

    Attributes:
        usd_extra: USD more per row on average; None if a price is not known.
        seconds_extra: seconds more per row on average.
        usd_per_uplift: USD for one whole unit of quality, from 0 to 1; None where nothing is gained or nothing is paid.
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
    gains = found is not None and found.mean > 0 and usd_extra is not None and usd_extra > 0
    return Pay(usd_extra, seconds_extra, usd_extra / found.mean if gains and found and usd_extra else None)


def verdict(found: Uplift | None, price: Pay, against: str = "the single call") -> Verdict:
    """The answer that the pairs allow.

    `helps` only if the whole interval is above 0. That it does not help is said only if the whole interval is below
    WORTH; what lies between is not told yet.
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
    cost = _cost(price)
    if found.low > 0:
        return Verdict("helps", f"The recipe is better: {measured}. {cost}")
    if found.high < WORTH:
        dearer = price.usd_extra is not None and price.usd_extra > 0
        how = "worse" if found.high < 0 else "not better by anything that matters"
        answer: Answer = "costs more and is not better" if dearer else "does not help"
        return Verdict(answer, f"The recipe is {how}: {measured}. {cost}")
    return Verdict("too few pairs to tell", f"No gain is shown: {measured}. {_wanted(found)} {cost}".strip())


def pairs_wanted(found: Uplift, gain: float = WORTH) -> int | None:
    """About how many pairs it takes for an interval that reaches no further than `gain`, if all else stays as it is.

    None where judges differ: more pairs do not narrow that part.
    """
    if found.low is None or found.high is None or found.between_judges:
        return None
    half = (found.high - found.low) / 2
    return max(found.n, ceil(found.n * (half / gain) ** 2))


def _wanted(found: Uplift) -> str:
    pairs = pairs_wanted(found)
    if pairs is None:
        return "The judges differ: more judges tell more than more pairs."
    return f"A gain of {WORTH} would show with about {pairs} pairs." if pairs > found.n else ""


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
