"""The results as a text table that fits a README."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.outcomes.result import Interval, Result

HEAD = (
    "set", "method", "n", "ours", "best single", "gain (95%)", "known", "oracle", "cost saved", "known saved",
    "learnt on",
)  # fmt: skip
NOTHING = "–"


def shown(results: Sequence[Result]) -> str:
    """A Markdown table, aligned so that it also reads as plain text, and the notes under it."""
    rows = [HEAD, *(_row(each) for each in results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = dict.fromkeys(f"- {each.data}, {each.method}: {each.note}" for each in results if each.note)
    return "\n".join([*lines, "", *notes])


def _row(result: Result) -> tuple[str, ...]:
    single = _with_ends(result.single)
    measured = "" if result.metric == "accuracy" else f" ({result.metric})"
    return (
        result.data, result.method + measured, f"{result.n:,}", _with_ends(result.ours),
        f"{single} {result.single_is}".strip(), _with_ends(result.gain, sign=True),
        NOTHING if result.known is None else f"{result.known:.3f}", _with_ends(result.oracle),
        _share(result.saved), NOTHING if result.known_saved is None else f"{result.known_saved:.0%}", result.learnt,
    )  # fmt: skip


def _with_ends(found: Interval | None, *, sign: bool = False) -> str:
    if found is None:
        return NOTHING
    form = "+.3f" if sign else ".3f"
    return f"{found.mean:{form}} ({found.low:{form}} to {found.high:{form}})"


def _share(found: Interval | None) -> str:
    return NOTHING if found is None else f"{found.mean:.0%} ({found.low:.0%} to {found.high:.0%})"
