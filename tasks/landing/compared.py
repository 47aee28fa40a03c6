"""What the arms of a comparison came to, as words and as a table: for reports. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tasks.landing.labels import MADE
from tasks.landing.sheet import Sheet
from tasks.landing.wording import NONE, count, gain, percent, score, seconds, usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLUMNS: Final = (
    "arm", "rows", "failed", "quality", "low", "high", "USD per row", "seconds p50", "recipe over it", "low ", "high ",
    "preferred",
)  # fmt: skip
LESSER: Final = ("failed", "low", "high", "preferred")
NOTE: Final = (
    "Over the same requests, judged blind by the same judges. `recipe over it`: quality of the recipe's text less that of the "
    "arm's, with its 95% interval; `preferred`: how often the recipe's text won side by side, a tie half."
)


def compared_words(manifest: Mapping[str, Any]) -> Iterator[str]:
    """A sentence or two for each other arm, then what to be careful about."""
    arms: Mapping[str, Mapping[str, Any]] = manifest["arms"]
    cautions: list[str] = []
    for name, arm in arms.items():
        found = arm.get("made_over_it")
        if found:
            yield f"Against {name}: {found['words']}"
            cautions += [found["caution"]] if found.get("caution") else []
    cautions += (manifest.get("judges") or {}).get("cautions") or []
    for each in dict.fromkeys(cautions):
        yield f"Caution: {each}"


def compared_sheet(manifest: Mapping[str, Any], title: str) -> Sheet:
    """The arms, the run's own recipe first."""
    rows = tuple(
        (manifest["recipe"] if name == MADE else name, *_figures(arm))
        for name, arm in manifest["arms"].items()
    )
    return Sheet(title, COLUMNS, rows, len(COLUMNS) - 1, (), NOTE, LESSER)


def _figures(arm: Mapping[str, Any]) -> tuple[str, ...]:
    found = arm.get("made_over_it") or {}
    preferred = arm.get("made_preferred")
    over = tuple(gain(found[name]) if found else "" for name in ("mean", "low", "high"))
    return (
        count(arm["rows"]),
        count(arm["failed"]),
        score(arm["quality_mean"]),
        score(arm["quality_low"]),
        score(arm["quality_high"]),
        usd(arm["usd_per_made"]),
        seconds(arm["seconds_p50"]),
        *over,
        percent(preferred, 1) if preferred is not None else NONE if found else "",
    )
