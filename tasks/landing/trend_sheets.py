"""The trend in words: what has drifted, each figure against its usual range, and the last nights as a table. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.night_figures import FIGURES
from tasks.landing.sheet import Sheet
from tasks.landing.wording import NONE, count, percent, score, seconds, times, usd

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.landing.drift import Range
    from tasks.landing.night_figures import Figure
    from tasks.landing.trends import Flag, Trend

RULE: Final = (
    "Drift is a jump, further from the median of the former nights than 3.5 × (1 + 4/n) of their MAD-sigmas (n former nights, "
    "8 or more), or a creep, a Mann-Kendall trend with p < 0.001 over 12 nights or more; and in either case a change "
    "that is large enough: quality and uplift 0.03, USD 15%, seconds 25%, failures 3 points, ledger 10 points."
)
COLUMNS: Final = tuple(each.title for each in FIGURES)
LESSER: Final = ("rows", "failed calls", "from the ledger", "run")


def said(flag: Flag) -> str:
    """One drift in words: `quality 0.71, was 0.83: worse than the median of 30 nights; 3 nights in a row`."""
    show, drift = SHOWN[flag.figure.name], flag.drift
    return f"{flag.figure.title} {show(drift.now)}, was {show(drift.before)}: {_how(flag)}"


def _how(flag: Flag) -> str:
    which, nights = "worse" if flag.is_worse else "better", flag.drift.nights
    if flag.drift.kind == "jump":
        how = f"{which} than the median of {nights} nights"
    else:
        how = f"{which}, little by little over {nights} nights"
    return how + (f"; {flag.in_a_row} nights in a row" if flag.in_a_row > 1 else "")


def drifted(trend: Trend | None) -> list[tuple[str, str]]:
    """What the headline says of the trend: nothing where nothing has drifted."""
    if trend is None or not trend.flags:
        return []
    return [("drifted", times(len(trend.flags), "figure"))]


def drift_words(trend: Trend | None) -> list[str]:
    """What has drifted, a sentence each, then what may be why; nothing where nothing has."""
    if trend is None or not trend.flags:
        return []
    return [*(f"Drifted: {said(flag)}." for flag in trend.flags), *_why(trend)]


def trend_sheet(trend: Trend | None) -> Sheet:
    """Each figure of the night against the nights before it."""
    flags = {flag.figure.name: flag for flag in trend.flags} if trend else {}
    rows = [
        (
            figure.title,
            _how(flags[figure.name]) if figure.name in flags else NONE,
            SHOWN[figure.name](trend.tonight.figures[figure.name]),
            SHOWN[figure.name](usual.median),
            _from_to(figure, usual),
            count(usual.nights),
        )
        for figure in FIGURES
        if trend is not None and (usual := trend.usual.get(figure.name)) is not None
    ]
    columns = ("figure", "drift", "tonight", "median before", "usual range", "nights")
    return Sheet("Against the nights before", columns, tuple(rows), 4, note=RULE if rows else "")


def nights_sheet(trend: Trend | None) -> Sheet:
    """The last nights, the newest first, with what was another from a night on."""
    if trend is None:
        return Sheet("The last nights", (), ())
    marks = {mark.run: "; ".join(mark.changes) for mark in trend.marks}
    rows = tuple(
        (
            night.run_date.isoformat(),
            marks.get(night.run, ""),
            night.run,
            count(night.rows),
            *(
                NONE if (value := night.figures.get(figure.name)) is None else SHOWN[figure.name](value)
                for figure in FIGURES
            ),
        )
        for night in reversed(trend.nights)
    )
    columns = ("night", "changed", "run", "rows", *COLUMNS)
    return Sheet("The last nights", columns, rows, 1 + len(FIGURES), lesser=LESSER)


def _why(trend: Trend) -> list[str]:
    """Changes of this night itself, which may be why."""
    mine = [change for mark in trend.marks if mark.run == trend.tonight.run for change in mark.changes]
    return [f"Changed since the night before: {'; '.join(mine)}."] if mine else []


def _from_to(figure: Figure, usual: Range) -> str:
    low, high = usual.within(figure.bounds)
    show = SHOWN[figure.name]
    return f"{show(low)} to {show(high)}"


def _share(value: float) -> str:
    return f"{100 * value:.1f}%" if 0 < value < 0.1 else percent(value, 1)


SHOWN: Final[dict[str, Callable[[float], str]]] = {
    "quality_mean": score,
    "uplift": "{:+.3f}".format,
    "usd_per_made": usd,
    "seconds_p50": seconds,
    "error_rate": _share,
    "call_error_rate": _share,
    "hit_rate": _share,
}
