"""The scored answers of a recipe's step, as thresholds are fitted to them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from landing_rig import NIGHT

from tasks.calling.catalog import load_catalog
from tasks.choosing.outcomes import gathered
from tasks.landing.explored import scored_answers
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from landing_rig import Rig

TONIGHT = date(2026, 3, 31)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def lands(store: Store, on: date, *rows: dict[str, Any], name: str = "night-0") -> None:
    write_part(store, part_path("outputs", on, name), OUTPUTS, rows)


def row(request: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"run": "night", "recipe": "blog", "request_id": request, "steps": list(steps), **more}


def step(model: str, quality: float | None, usd: float | None = 0.1, path: str = "draft") -> dict[str, Any]:
    return {"path": path, "role": None, "model": model, "quality": quality, "usd": usd, "seconds": 1.0}


def test_every_scored_answer_at_the_step_is_a_row_whose_signal_is_its_score(store: Store) -> None:
    lands(
        store,
        TONIGHT,
        row("r1", step("cheap", 0.6), step("judge", None), step("strong", 0.9), step("x", 1, path="y")),
    )
    found = scored_answers(store, "blog", "draft", TONIGHT)
    assert [(each["request_id"], each["model"], each["signal"], each["quality"]) for each in found] == [
        ("night/r1", "cheap", 0.6, 0.6), ("night/r1", "strong", 0.9, 0.9),
    ]  # fmt: skip


def test_other_recipes_and_nights_long_ago_are_left_out(store: Store) -> None:
    lands(store, TONIGHT, row("r1", step("cheap", 0.6), recipe="other"), row("r2"))
    lands(store, date(2025, 10, 1), row("r3", step("cheap", 0.6)))
    lands(store, date(2026, 4, 1), row("r4", step("cheap", 0.6)))
    assert scored_answers(store, "blog", "draft", TONIGHT) == []


def test_an_answer_from_the_ledger_is_as_dear_as_the_paid_ones_are_on_average(store: Store) -> None:
    steps = [step("cheap", 0.6, usd) for usd in (0.1, 0.3, 0.0)]
    lands(
        store,
        TONIGHT,
        *(row(f"r{number}", each) for number, each in enumerate([*steps, step("free", 0.5, 0.0)])),
    )
    assert [each["usd"] for each in scored_answers(store, "blog", "draft", TONIGHT)] == [0.1, 0.3, 0.2, 0.0]


def test_the_same_request_of_two_runs_is_two_requests(store: Store) -> None:
    lands(store, TONIGHT, row("r1", step("cheap", 0.6)), row("r1", step("cheap", 0.7), run="again"))
    assert {each["request_id"] for each in scored_answers(store, "blog", "draft", TONIGHT)} == {
        "night/r1",
        "again/r1",
    }


MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  cheap: {{provider: sim, id: cheap, family: w, price: {{input: 1, output: 2}}}}
  strong: {{provider: sim, id: strong, family: w, price: {{input: 100, output: 200}}}}
  critic: {{provider: sim, id: critic, family: c, price: {{input: 1, output: 1}}}}
"""
RECIPE = """
recipe: cascaded
request: {{topic: {{type: str}}}}
quality: {{judge: critic, criteria: [accuracy]}}
explore: {explore}
make:
  pipeline:
    - name: draft
      ask: {{model: {{cascade: [cheap, strong], accept: 0.7}}, prompt: "Write about {{{{ request.topic }}}}"}}
"""


@pytest.mark.parametrize(("explore", "whole"), [(1.0, 2), (0.0, 0)])
def test_a_night_that_explores_leaves_requests_with_every_model_scored_and_another_none(
    rig: Callable[..., Rig], explore: float, whole: int
) -> None:
    def says(model: str, prompt: str, answer: Any) -> dict[str, Any]:
        return {
            "model": model,
            "prompt": prompt,
            "replies": [{"text": answer} if isinstance(answer, str) else {"answer": answer}],
        }

    def score(value: float) -> dict[str, Any]:
        return {"scores": {"accuracy": {"reason": "So.", "score": value}}, "feedback": "More."}

    night = rig(
        scripts=[
            says("cheap", "tides", "Cheap on tides."), says("cheap", "winds", "Cheap on winds."),
            says("strong", "Write", "Strong text."), says("critic", "Cheap on tides", score(0.9)),
            says("critic", "Cheap on winds", score(0.4)), says("critic", "Strong text", score(0.8)),
        ]
    )  # fmt: skip
    recipe, catalog = load_recipe(RECIPE.format(explore=explore)), load_catalog(MODELS.format(url=night.url))
    night.night(night.table({"r1": "tides", "r2": "winds"}), recipe=recipe, catalog=catalog)
    found = gathered(scored_answers(night.store, "cascaded", "draft", NIGHT), ("cheap", "strong"))
    assert found.outcomes.n == whole
    assert sorted(found.outcomes.signal[:, 0]) == [0.4, 0.9][:whole]
    quality = {
        row["model"]: (row["quality_n"], row["quality_mean"])
        for row in night.rows("model_metrics")
        if not row["after"]
    }
    assert quality["cheap"] == (2, pytest.approx(0.65))
    assert quality["strong"][0] == whole, "asked only for the hard request, it would look worse than it is"
