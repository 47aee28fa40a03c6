"""The pairs of several nights together: what counts, how often, and where it is said."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.console import Console
from test_run_metrics import night_of

from deployments.cli.night import Ended, show
from tasks.judging.uplift import uplift
from tasks.judging.verdict import verdict
from tasks.landing.bought import bought_words
from tasks.landing.night_report import read_report
from tasks.landing.pooling import MOST_KEPT, kept_pairs, pooled
from tasks.landing.trends import last_nights
from tests.trend_rig import ONE, left

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from landing_rig import Rig

PROOF = {"baseline": "weak", "prompt": None, "judges": ["ada"], "criteria": ["tone"]}
MADE_WITH = {"recipe": "abc", "work": "abc", "proof": PROOF, "models": {"one": ONE}}


def night(day: int, differences: Mapping[str, float], **more: Any) -> dict[str, Any]:
    """A manifest with these pairs by one judge."""
    manifest, _ = left(day)
    gain = {
        "n": len(differences), "usd_extra": 0.01, "seconds_extra": 2.0, "seconds_n": len(differences),
        "pairs": {"judges": ["ada"], "of": {request: [each] for request, each in differences.items()}},
    }  # fmt: skip
    return {**manifest, "made_with": MADE_WITH, "uplift": gain, **more}


def drawn(generator: np.random.Generator, day: int, *, pairs: int = 6) -> dict[str, float]:
    """Pairs of requests that no other night has."""
    return {f"{day}-{number}": float(generator.normal(0.1, 0.15)) for number in range(pairs)}


def test_a_small_share_has_an_answer_after_some_nights() -> None:
    generator = np.random.default_rng(1)
    nights = [night(day, drawn(generator, day)) for day in range(20)]
    assert verdict(uplift([0.1] * 6), None).answer == "too few pairs to tell"
    found = pooled(nights)
    assert found is not None
    assert (found.nights, found.found.n, found.said.answer) == (20, 120, "helps")
    assert found.words.startswith("Over the last 20 nights together: helps: The recipe is better: +0.")
    assert "A row costs 0.0100 USD more and takes 2.0 s longer" in found.words


def test_together_they_are_what_one_night_of_all_pairs_would_be() -> None:
    generator = np.random.default_rng(2)
    each = [drawn(generator, day) for day in range(3)]
    found = pooled([night(day, differences) for day, differences in enumerate(each)])
    assert found is not None
    assert found.found == uplift([value for differences in each for value in differences.values()])


def test_a_request_that_several_nights_compared_counts_once() -> None:
    """The same 12 requests for 30 nights: 360 pairs taken for independent would hold the truth on half the occasions."""
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        own = generator.normal(0.1, 0.2, 12)
        nights = [
            night(day, {f"r{place}": gain + generator.normal(0, 0.05) for place, gain in enumerate(own)})
            for day in range(30)
        ]
        found = pooled(nights)
        assert found is not None
        assert found.found.n == 12
        covered += found.found.low <= 0.1 <= found.found.high
    assert covered / 200 >= 0.93


@pytest.mark.parametrize(
    "changed",
    [
        {"made_with": {**MADE_WITH, "work": "edited"}},
        {"made_with": {**MADE_WITH, "proof": {**PROOF, "baseline": "strong"}}},
        {"made_with": {**MADE_WITH, "proof": {**PROOF, "judges": ["bob"]}}},
        {"made_with": {**MADE_WITH, "proof": {**PROOF, "criteria": ["length"]}}},
        {"made_with": {**MADE_WITH, "models": {"one": {**ONE, "id": "one-2"}}}},
        {"made_with": {"recipe": "abc", "models": {"one": ONE}}},
        {"uplift": None},
        {"uplift": {"mean": 0.1, "n": 6}},
    ],
    ids=["work", "baseline", "judges", "criteria", "model", "older manifest", "no pairs", "no pairs kept"],
)
def test_only_nights_that_compare_the_same_are_put_together(changed: dict[str, Any]) -> None:
    generator = np.random.default_rng(4)
    first, second, last = (night(day, drawn(generator, day)) for day in range(3))
    found = pooled([{**first, **changed}, second, last])
    assert found is not None
    assert (found.nights, found.found.n) == (2, 12)
    assert pooled([{**second, **changed}, last]) is None
    assert pooled([second, {**last, **changed}]) is None


def test_a_night_of_many_pairs_keeps_some_and_the_same_request_in_every_night() -> None:
    class Many:
        def __init__(self, first: int) -> None:
            self.pairs = [type("Pair", (), {"request_id": f"r{n}"}) for n in range(first, first + 1000)]

        def table(self) -> tuple[list[str], list[list[float]]]:
            return ["ada", "bob"], [[0.123456, float("nan")]] * len(self.pairs)

    one, other = (kept_pairs(Many(first)) for first in (0, 10))
    assert len(one["of"]) == MOST_KEPT
    assert len(one["of"].keys() & other["of"].keys()) > 0.97 * MOST_KEPT
    assert {tuple(row) for row in one["of"].values()} == {(0.1235, None)}


def test_a_price_that_one_night_does_not_know_is_not_known() -> None:
    generator = np.random.default_rng(5)
    first, last = (night(day, drawn(generator, day, pairs=10)) for day in range(2))
    first["uplift"]["usd_extra"] = None
    found = pooled([first, last])
    assert found is not None
    assert "What it costs more is not known" in found.words


def test_report_and_terminal_say_it_beside_the_nights_own_verdict(rig: Callable[..., Rig]) -> None:
    nights = rig()
    for day in (1, 2):
        topics = {f"r{day}-{number}": f"topic {number}" for number in range(8)}
        manifest = night_of(nights, nights.table(topics), run=f"n{day}", run_date=date(2026, 1, day))
    assert "8 pairs" in manifest["uplift"]["words"]
    found = last_nights(nights.store, manifest)
    assert found is not None
    assert (found.nights, found.found.n, found.found.judges) == (2, 16, 2)
    assert bought_words(read_report(nights.store, "n2"))[1] == found.words
    assert not any("Over the last" in each for each in bought_words(read_report(nights.store, "n1")))
    console = Console(record=True, width=400)
    show(Ended(manifest, 1.0, "store", False, found.words), console)
    assert found.words in console.export_text()
