"""How far judges stand from people, and what that makes of the uplift, in words and as a table. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.judging.calibration import FEWEST, FEWEST_OF_AN_ARM
from tasks.judging.intervals import DIFFERENCES, mean_interval
from tasks.landing.labels import MADE
from tasks.landing.pairs import BASELINE
from tasks.landing.sheet import Sheet
from tasks.landing.wording import NONE, count, gain, gain_between, score, times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tasks.judging.calibration import Rated
    from tasks.landing.people import People
    from tasks.landing.uplift import Uplift

TITLE: Final = "Judges beside people"
BY_CHANCE: Final = "This holds for ratings of texts drawn by chance, not for those of the worst only."
NOT_SHOWN: Final = "Caution: that people would find the recipe's texts better is not shown."


def people_words(people: People, plain: Uplift | None) -> Iterator[str]:
    """Sentences for what the extra models bought; nothing where nobody has rated anything."""
    if not people.rated and not people.unjudged:
        return
    calibration, found = people.calibration, people.uplift
    if calibration is not None:
        follows = NONE if calibration.correlation is None else score(calibration.correlation)
        side = "higher" if calibration.bias >= 0 else "lower"
        yield (
            f"Of {_texts(people)} judges scored {abs(calibration.bias):.3f} {side} than the people who rated them "
            f"({gain(calibration.bias_low)} to {gain(calibration.bias_high)}; correlation {follows})."
        )
    if found is not None:
        yield (
            f"In people's eyes the uplift is {gain_between(found.mean, found.low, found.high)} over "
            f"{times(found.n, 'pair')} with both texts. {BY_CHANCE}"
        )
        if plain is not None and plain.all.direction > 0 and found.low is not None and found.low <= 0:
            yield NOT_SHOWN
    elif plain is not None and any(people.missing):
        yield f"Too few ratings to say what the uplift is in people's eyes: {_missing(people)}."
    if calibration is not None and not calibration.follows:
        yield f"Caution: {calibration.caution}."


def people_sheet(people: People) -> Sheet:
    """Both arms' rated texts, and all; without rows where there are none."""
    every = [("all", people.rated), *((_NAMES[arm], people.of_arm(arm)) for arm in (MADE, BASELINE))]
    rows = tuple(_row(name, texts) for name, texts in every if texts)
    calibration = people.calibration
    follows = NONE if calibration is None else score(calibration.correlation)
    note = f"Texts that people rated and judges scored blind, 0 to 1; bias is judges less people, correlation {follows}."
    if people.earlier:
        note += f" Of these {count(people.own)} are of this run, the others of {_nights(people)} with the same recipe, models and judges."
    if any(people.missing):
        note += f" For the uplift in people's eyes: {_missing(people)}."
    columns = ("texts of", "rated", "judges", "people", "bias", "low", "high")
    return Sheet(TITLE, columns, rows, 6, note=note, lesser=("low", "high"))


def _row(name: str, texts: Sequence[Rated]) -> tuple[str, ...]:
    found = mean_interval([each.judged - each.rating for each in texts], DIFFERENCES)
    judges, people = (sum(getattr(each, who) for each in texts) / len(texts) for who in ("judged", "rating"))
    low, high = (None, None) if found is None else (found.low, found.high)
    return name, count(len(texts)), score(judges), score(people), gain(judges - people), gain(low), gain(high)


def _texts(people: People) -> str:
    text = times(len(people.rated), "text")
    more = len(people.rated) - people.own
    return f"{text} ({more:,} of them of {_nights(people)})" if more else text


def _nights(people: People) -> str:
    return times(people.earlier, "earlier night")


def _missing(people: People) -> str:
    """How many ratings it takes yet."""
    every, made, baseline = people.missing
    apart = [
        f"{number} of {name}"
        for number, name in ((made, "the recipe's"), (baseline, "the one model's"))
        if number
    ]
    least = f"at least {' and '.join(apart)}" if apart else ""
    more = ", ".join(filter(None, (f"{max(every, made + baseline)} more rated texts are needed", least)))
    unjudged = f"; {count(people.unjudged)} rated ones were not judged blind" if people.unjudged else ""
    return f"{more} (it takes {FEWEST}, {FEWEST_OF_AN_ARM} of each){unjudged}"


_NAMES: Final = {MADE: "the recipe", BASELINE: "one model"}
