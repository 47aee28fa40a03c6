"""What the arms of a comparison came to, as words and as a table: for reports and the terminal. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tasks.landing.labels import MADE
from tasks.landing.sheet import Sheet
from tasks.landing.wording import NONE, count, gain_between, one_line, percent, score, seconds, usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OVER: Final = "recipe over it, 95%"
COLUMNS: Final = (
    "arm", OVER, "quality", "low", "high", "won side by side", "USD per row", "seconds p50", "rows", "failed",
)  # fmt: skip
LESSER: Final = ("low", "high", "won side by side", "rows", "failed")
NOTE: Final = (
    f"Every request was worked in every arm, and every text judged blind by the same judges. `{OVER}`: quality of the "
    "recipe's text less that of the arm's, with its interval; above 0 the recipe is better. Side by side a tie counts "
    "half. A row that failed for good counts as 0."
)
LONGEST_NAME: Final = 60


def compared_words(manifest: Mapping[str, Any]) -> Iterator[str]:
    """A sentence or two for each other arm, who judged, then what to be careful about."""
    arms: Mapping[str, Mapping[str, Any]] = manifest["arms"]
    judges: Mapping[str, Any] = manifest.get("judges") or {}
    cautions: list[str] = []
    for name, arm in arms.items():
        found = arm.get("made_over_it")
        if found:
            yield f"Against {name}: {found['words']}"
            cautions += [found["caution"]] if found.get("caution") else []
    if judges.get("names"):
        alpha = judges.get("alpha")
        agreed = "" if alpha is None else f" They agreed to alpha {score(alpha)} (1 is complete, 0 chance)."
        yield f"Judged blind by {', '.join(judges['names'])}.{agreed}"
    cautions += judges.get("cautions") or []
    for each in dict.fromkeys(cautions):
        yield f"Caution: {each}"


def compared_sheet(manifest: Mapping[str, Any], title: str) -> Sheet:
    """The arms, the run's own recipe first."""
    rows = tuple(
        (one_line(manifest["recipe"] if name == MADE else name, LONGEST_NAME), *_figures(arm))
        for name, arm in manifest["arms"].items()
    )
    return Sheet(title, COLUMNS, rows, len(COLUMNS) - 1, (), NOTE, LESSER)


def _figures(arm: Mapping[str, Any]) -> tuple[str, ...]:
    found = arm.get("made_over_it") or {}
    preferred = arm.get("made_preferred")
    return (
        gain_between(found["mean"], found["low"], found["high"]) if found else "",
        score(arm["quality_mean"]),
        score(arm["quality_low"]),
        score(arm["quality_high"]),
        percent(preferred, 1) if preferred is not None else NONE if found else "",
        usd(arm["usd_per_made"]),
        seconds(arm["seconds_p50"]),
        count(arm["rows"]),
        count(arm["failed"]),
    )
