"""What a comparison came to in the terminal: whole at 80 columns, plain in a pipe."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from deployments.cli.compared import show_arms
from deployments.cli.sheets_shown import PIPE_COLUMNS, tell

WORDS = "The recipe is not better by anything that matters: -0.010 in quality against gpt-4, 95% interval -0.057 to +0.037, over 40 pairs."
CAUTION = "two judges say little of how judges differ"


def arm(over: dict[str, Any] | None, preferred: float | None) -> dict[str, Any]:
    return {
        "rows": 40, "failed": 1, "quality_mean": 0.892, "quality_low": 0.85, "quality_high": 0.93, "usd_per_made": 0.0313,
        "seconds_p50": 0.94, "made_over_it": over, "made_preferred": preferred,
    }  # fmt: skip


MANIFEST = {
    "recipe": "technical-blog",
    "arms": {
        "made": arm(None, None),
        "gpt-4": arm({"mean": -0.01, "low": -0.057, "high": 0.037, "words": WORDS, "caution": CAUTION}, 0.54),
    },
    "judges": {"names": ["gemini", "mistral"], "alpha": 0.9, "cautions": [CAUTION]},
}


def printed(width: int, *, terminal: bool) -> list[str]:
    file = StringIO()
    show_arms(
        MANIFEST, Console(file=file, width=width, force_terminal=terminal, color_system=None, highlight=False)
    )
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 110, 160])
def test_nothing_is_cut_off_or_runs_over_in_a_terminal(width: int):
    lines = printed(width, terminal=True)
    text = "\n".join(lines)
    assert max(map(len, lines)) <= width
    assert "…" not in text
    for said in (
        "technical-blog",
        "recipe over it, 95%",
        "-0.010 (-0.057 to +0.037)",
        "$0.0313",
        "Judged blind by gemini, mistral",
    ):
        assert said in text
    assert ("54%" in text) == (width >= 160)
    assert text.count(CAUTION) == 1


def test_in_a_pipe_every_sentence_is_one_line():
    assert f"  Against gpt-4: {WORDS}" in printed(PIPE_COLUMNS, terminal=False)


def test_further_lines_stand_below_the_first():
    file = StringIO()
    tell(
        Console(file=file, width=40, force_terminal=True, color_system=None), "uplift", "word " * 20, room=10
    )
    first, *others = file.getvalue().splitlines()
    assert first.startswith("  uplift     word")
    assert others
    assert all(line.startswith(" " * 13 + "word") for line in others)
