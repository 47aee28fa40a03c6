"""The frame of `make outcomes`: intervals, folds, the command's own mistakes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.outcomes.__main__ import main
from tests.outcomes.data import folds
from tests.outcomes.result import compared
from tests.outcomes.table import WIDTH, shown


def test_two_methods_are_compared_on_the_same_draws():
    """Each alone varies by the questions; where both are right on the same ones, their difference does not."""
    right = np.arange(400) % 2
    found = compared("set", "ours", right, right, "the same", np.ones(400))
    assert found.ours.low < 0.5 < found.ours.high
    assert (found.gain.low, found.gain.mean, found.gain.high) == (0, 0, 0)


def test_costs_are_told_as_the_share_saved():
    ones = np.ones(50)
    found = compared("set", "ours", ones, ones, "dear", ones, usd=ones * 0.001, single_usd=ones * 0.004)
    assert (round(found.saved.mean, 9), round(found.usd, 9), round(found.single_usd, 9)) == (0.75, 1, 4)
    assert "75% [75% 75%]" in shown([found])


def test_the_table_fits_a_terminal_and_has_a_section_for_each_part():
    ones, half = np.ones(50), np.arange(50) % 2
    found = [
        compared(
            "a set", "vote " * 6, ones, half, "a model with a long name", ones, known=0.5, note="word " * 60
        ),
        compared(
            "a set",
            "cascade",
            ones,
            half,
            "m",
            ones,
            usd=ones,
            single_usd=ones * 2,
            known=0.5,
            known_saved=0.1,
        ),
        *(
            replace(
                compared("RouteLLM, X", "length", ones, half, "", ones, known=0.6), metric=name, single=None
            )
            for name in ("APGR", "50%", "80%")
        ),
        compared("JudgeBench", "majority", ones, half, "a judge", ones),
    ]
    lines = shown(found).splitlines()
    assert [line for line in lines if line.isupper()] == ["COMBINING", "CASCADES", "ROUTING", "JUDGES"]
    assert max(map(len, lines)) <= WIDTH
    assert any(line.split()[:2] == ["length", "1.000"] and "100% [100% 100%]" in line for line in lines)


def test_a_fold_is_a_questions_own():
    keys = [f"q{number}" for number in range(1000)]
    found = dict(zip(keys, folds(keys), strict=True))
    assert set(found.values()) == set(range(5))
    assert [found[key] for key in keys[::-3]] == list(folds(keys[::-3]))


def test_a_folder_without_recordings_is_a_mistake_that_is_told(tmp_path, capsys):
    assert main(["--data", str(tmp_path)]) == 2
    assert "--data: no recorded answers" in capsys.readouterr().err
