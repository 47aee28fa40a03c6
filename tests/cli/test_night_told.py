"""What `run` says of a night that has committed: what the extra models bought, and what has drifted."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from deployments.cli.night import Ended, _drift, show, show_all
from tasks.storing.filesystem import Store
from tests.trend_rig import land, metrics_row

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "No gain is shown: +0.014 in quality against the single call, 95% interval -0.073 to +0.100, over 19 pairs."


@pytest.fixture
def night(tmp_path: Path) -> Ended:
    """One of which the quality has drifted, and which has an uplift."""
    store = Store.open(str(tmp_path / "store"))
    for day in range(20):
        land(store, day)
    manifest: dict[str, Any] = land(
        store, 20, metrics_row("", quality_mean=0.6, quality_low=0.58, quality_high=0.62)
    )
    manifest["rows"] |= {"requests": 100, "deferred": 0, "rejected": 0, "unchanged": 0}
    manifest["calls"] |= {"cached": 0, "tokens_in": 1, "tokens_out": 1}
    manifest |= {
        "healthy": True, "errors": {"rows": {}, "deferred": {}}, "usd": {"spent": 1.0, "saved": 0.0},
        "uplift": {"verdict": "too few pairs to tell", "words": WORDS, "mean": 0.014, "low": -0.073, "high": 0.1},
    }  # fmt: skip
    return Ended(manifest, 1.0, store.url, rerun=False, drift=_drift(store, manifest))


@pytest.mark.parametrize("several", [False, True])
def test_a_night_that_drifted_says_so_and_its_verdict_hangs_below_its_title(night: Ended, several: bool):
    file = StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system=None, highlight=False)
    if several:
        show_all([night, night], console)
    else:
        show(night, console)
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80 or not several
    assert (
        " ".join(file.getvalue().split()).count(
            "Drifted: quality 0.60, was 0.80: worse than the median of 20 nights"
        )
        == 1 + several
    )
    begin = next(place for place, line in enumerate(lines) if "No gain is shown" in line)
    indent = 2 if several else 19
    assert lines[begin + 1].startswith(" " * indent)
    assert lines[begin + 1][indent] != " "


def test_nights_that_cannot_be_read_are_no_mistake_of_the_one_that_committed(night: Ended, tmp_path: Path):
    for part in (tmp_path / "store" / "metrics").rglob("*.parquet"):
        part.write_bytes(b"no Parquet")
    assert _drift(Store.open(str(tmp_path / "store")), night.manifest) == ()
