"""A few of the nights of `make proof`: what is reported holds the truth, and what sways the judges is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.bench.proof import broken
from tests.bench.proof_cases import CASES, LENGTH
from tests.bench.proof_nights import Outcome, nights

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.proof_cases import Case

BY_NAME = {case.name: case for case in CASES}


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("case", CASES, ids=list(BY_NAME))
def test_the_reported_uplift_keeps_its_promises(case: Case, tmp_path: Path) -> None:
    found = nights(case, 2, 40, tmp_path)
    assert found.nights == 2
    assert broken(found) == []


def test_a_broken_promise_is_seen() -> None:
    """Three nights whose figures are made up: each is wrong in all that can be wrong."""
    night = {"mean": 0.2, "low": 0.1, "high": 0.3, "verdict": "helps", "caution": ""}
    lengths = {"uplift_corrected": 0.25, "corrected_low": 0.2, "corrected_high": 0.3}
    judges = {"lengths": lengths, "cautions": ["blind scores are near the top of the scale"]}
    case = replace(BY_NAME["no gain"], says=(LENGTH,))
    by_type, true = {"code": [(0.1, 0.3)] * 3}, {"code": [0.0]}
    found = Outcome(case, [night] * 3, [judges] * 3, [[0.0]] * 3, by_type, true, [(0.2, 0.1, 0.3)])
    said = "; ".join(broken(found))
    for words in (
        "the interval holds",
        "by type",
        "in people's eyes",
        "does not help is said",
        "no nearer",
        "nights only",
        "without reason",
    ):
        assert words in said
