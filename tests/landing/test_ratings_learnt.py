"""People's ratings in choosing: for the model that wrote the text, above a judge's word, faded, and never twice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from house_rig import forget_journals
from landing_rig import MODELS, NIGHT
from rating_rig import TOPICS, rated, written

from tasks.calling.catalog import load_catalog
from tasks.landing.labels import Labels
from tasks.landing.learning import estimates_for
from tasks.landing.rating_evidence import WORTH, evidence
from tasks.patterns.recipe import load_recipe
from tasks.patterns.step_paths import PathFacts, StepPaths, step_paths

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from tasks.choosing.estimate import Estimate


def quality(night: Rig, on: date = NIGHT) -> Estimate:
    """What is known of the model `one` on a night, at any task."""
    catalog = load_catalog(MODELS.format(url=night.url))
    return estimates_for(night.store, catalog, on).quality_of("one", None, None)


@pytest.fixture
def night(rig: Callable[..., Rig]) -> Rig:
    made = rig()
    made.night(made.table(TOPICS))
    forget_journals(made)
    return made


def test_a_rated_text_counts_for_its_writer_like_several_scores_and_once_however_often_it_comes(
    night: Rig,
) -> None:
    assert quality(night).n == 0
    path = written(night.folder, "r0,ann,up,", "r0,bob,down,", "r1,ann,up,")
    rated(night.store, path)
    assert quality(night).n == 2 * WORTH
    assert (quality(night).mean - 0.5) * quality(night).weight == pytest.approx(2 * WORTH * (0.75 - 0.5))
    rated(night.store, path)
    assert quality(night).n == 2 * WORTH
    rated(night.store, written(night.folder, "r0,bob,up,"))
    assert quality(night).n == 2 * WORTH, "another opinion of the same text"


def test_it_fades_like_what_a_run_measured(night: Rig) -> None:
    rated(night.store, written(night.folder, "r0,ann,up,"))
    assert quality(night, NIGHT + timedelta(days=30)).n == pytest.approx(WORTH / 2)
    assert quality(night, NIGHT - timedelta(days=1)).n == 0
    assert quality(night, NIGHT + timedelta(days=121)).n == 0


def test_a_run_made_anew_keeps_its_evidence_and_one_without_ratings_has_none(night: Rig) -> None:
    rated(night.store, written(night.folder, "r0,ann,up,"))
    night.night(night.table({**TOPICS, "r9": "topic 9"}), replace=True)
    assert quality(night).n == WORTH
    night.night(night.table({"r9": "topic 9"}), replace=True)
    assert night.store.list("_learnt") == [], "the rated request is not in it any more"
    assert quality(night).n == 0


def test_evidence_that_cannot_be_read_costs_no_night(night: Rig) -> None:
    rated(night.store, written(night.folder, "r0,ann,up,"))
    night.store.write("_learnt/ratings/other.json", b"not json")
    assert quality(night).n == WORTH


def step(path: str, model: str, quality: float | None = None) -> dict[str, Any]:
    return {"path": path, "role": None, "model": model, "quality": quality, "usd": 0.1, "seconds": 1.0}


def row(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    usual = {
        "request_id": "r", "request_type": None, "arm": "made", "status": "made", "error_kind": None, "error": None,
        "quality": None, "calls": 2, "cached_calls": 2, "data": None, "warnings": None, "steps": list(steps),
    }  # fmt: skip
    return {**usual, **more}


REFINING = load_recipe(
    """
recipe: refining
quality: {judge: j}
make:
  pipeline:
    - name: better
      refine: {start: {ask: {model: a, prompt: x}}, stages: [{name: polish, ask: {model: b, prompt: x}}]}
    - {name: last, optional: true, ask: {model: c, prompt: x}}
"""
)
LOOP = Labels(step_paths(REFINING, ()))
LOOPED = (step("better/start", "a", 0.9), step("better/polish", "b", 0.4), step("better/judge", "j"))
AGAIN = step("@batch", "d", 0.95)
CASCADE = Labels(StepPaths({"answer": PathFacts(cascade=("cheap", "dear"))}))


@pytest.mark.parametrize(
    ("rated_row", "labels", "writer"),
    [
        (row(step("draft", "a"), step("polish", "b"), step("polish/judge", "j")), Labels(), "b"),
        (row(*LOOPED, quality=0.55), LOOP, "a"),
        (row(*LOOPED[::-1], quality=0.4), LOOP, "a"),
        (row(*LOOPED, step("last", "c"), quality=0.9), LOOP, "c"),
        (row(*LOOPED, AGAIN, quality=0.55, warnings=["batch: rewritten: too like r7"]), LOOP, "d"),
        (row(*LOOPED, AGAIN, quality=0.55, warnings=["batch: not rewritten: too like r7"]), LOOP, "a"),
        (
            row(step("x", "a"), step("y", "b"), data=orjson.dumps({"best_individual": {"model": "a"}}).decode()),
            Labels(), "a",
        ),
        (row(step("answer", "cheap")), CASCADE, None),
        (row(step("@baseline", "a"), arm="baseline"), Labels(), "a"),
        (row(), Labels(), None),
    ],
    ids=[
        "the last", "whose draft the loop kept, judged blind", "whatever the order", "who wrote after the loop",
        "who wrote it once more", "not who wrote once more in vain", "whom the members chose", "a cascade's", "a control arm's", "nobody",
    ],
)  # fmt: skip
def test_the_writer_of_the_text_is_credited(
    rated_row: dict[str, Any], labels: Labels, writer: str | None
) -> None:
    found = [each for each in evidence([(rated_row, [1.0, 0.0])], labels, frozenset()) if "after" not in each]
    assert [(each["model"], each["quality_n"], each["quality_mean"]) for each in found] == (
        [(writer, 1, 0.5)] if writer else []
    )
