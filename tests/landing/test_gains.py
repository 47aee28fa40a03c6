"""What nights leave to learn gains from, what is kept of it, and what the next plan takes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tasks.choosing.routing import Routing
from tasks.landing.gain_rows import gain_rows
from tasks.landing.gains import FEWEST, keep_routings, kept_routings, learn_gains, tonights_routings
from tasks.patterns.gaining import gain_steps
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import OUTPUTS

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.landing.gain_rows import GainRows
    from tasks.patterns.recipe import Recipe

TONIGHT = date(2026, 3, 31)
MODELS = ("cheap", "strong")


def recipe(explore: float = 0.1, more: str = "") -> Recipe:
    return load_recipe(f"""
recipe: blog
request: {{topic: {{type: str}}, id: {{type: str, default: x}}, kind: {{type: str, default: a}}}}
explore: {explore}
{more}
make:
  pipeline:
    - name: draft
      ask: {{model: {{cascade: [cheap, strong], by: gain, share: 0.3}}, prompt: "On {{{{ request.topic }}}}"}}
""")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def row(number: int, cheap: float | None = 0.5, strong: float | None = 0.9, **more: Any) -> dict[str, Any]:
    """A request whose two answers were scored; a score of None is one that was not."""
    steps = [
        {"path": "draft", "role": None, "model": model, "quality": score, "usd": usd, "seconds": 1.0}
        for model, score, usd in (("cheap", cheap, 0.1), ("strong", strong, 1.0))
    ]
    request = orjson.dumps({"topic": f"topic {number}", "id": "left aside"}).decode()
    usual = {"run": "night", "recipe": "blog", "request_id": f"r{number}", "request": request, "arm": "made"}
    return {**usual, "simulated": False, "request_type": "a", "steps": steps, **more}


def lands(store: Store, *rows: dict[str, Any], on: date = TONIGHT, name: str = "night-0") -> None:
    write_part(store, part_path("outputs", on, name), OUTPUTS, rows)


def seen(store: Store) -> GainRows:
    ((step, spec, models),) = gain_steps(recipe().make)
    return gain_rows(store, "blog", step, spec, list(recipe().request), TONIGHT, models)


def test_rows_in_which_both_were_scored_come_with_the_text_that_the_prompt_shows(store: Store) -> None:
    lands(store, row(1), row(2, cheap=None), row(3, recipe="other"), row(4, arm="baseline"))
    found = seen(store)
    assert [(each["request_id"], each["model"], each["request"], each["quality"]) for each in found.rows] == [
        ("night/r1", "cheap", "topic 1", 0.5), ("night/r1", "strong", "topic 1", 0.9),
    ]  # fmt: skip
    assert found.others == [("topic 2", "a")]


def test_simulated_answers_teach_only_as_long_as_there_are_no_real_ones(store: Store) -> None:
    lands(store, row(1, simulated=True))
    assert {each["request"] for each in seen(store).rows} == {"topic 1"}
    lands(store, row(2), on=date(2026, 3, 1))
    assert {each["request"] for each in seen(store).rows} == {"topic 2"}


def test_an_answer_from_the_ledger_is_as_dear_as_others(store: Store) -> None:
    cached = row(1)
    cached["steps"][1]["usd"] = 0.0
    lands(store, cached, row(2))
    assert [each["usd"] for each in seen(store).rows if each["model"] == "strong"] == [1.0, 1.0]


def test_what_a_recipe_explored_is_learnt_and_takes_the_place_of_what_was_known(store: Store) -> None:
    lands(store, *(row(number) for number in range(FEWEST)))
    for _ in range(2):
        learn_gains(store, recipe(), TONIGHT)
    (kept,) = kept_routings(store, "blog")
    assert (kept.step, kept.router.n) == ("draft", FEWEST)
    assert kept_routings(store, "other") == ()


@pytest.mark.parametrize(("explore", "number"), [(0.0, FEWEST), (0.1, FEWEST - 1)])
def test_nothing_is_learnt_from_few_rows_nor_where_a_recipe_explores_none(
    store: Store, explore: float, number: int
) -> None:
    lands(store, *(row(each) for each in range(number)))
    assert learn_gains(store, recipe(explore), TONIGHT) == []
    assert kept_routings(store, "blog") == ()


def test_a_part_that_cannot_be_read_fails_no_night(store: Store) -> None:
    store.write(part_path("outputs", TONIGHT, "night-0"), b"PAR1")
    assert learn_gains(store, recipe(), TONIGHT) == []


def test_a_damaged_file_says_nothing(store: Store) -> None:
    keep_routings(store, [Routing("cheap", "strong", "draft")], "blog")
    store.write("_learnt/gains/blog.json", b"{")
    assert kept_routings(store, "blog") == ()


def test_tonight_goes_by_the_recipes_own_step_and_else_by_what_was_learnt_for_any(store: Store) -> None:
    keep_routings(store, [Routing(*MODELS, None, usual=(0.1,))], None)
    assert [(each.step, each.usual) for each in tonights_routings(store, recipe(), [])] == [("draft", (0.1,))]
    keep_routings(store, [Routing(*MODELS, "draft", usual=(0.2,))], "blog")
    assert [each.usual for each in tonights_routings(store, recipe(), [])] == [(0.2,)]


def test_tonights_own_requests_are_the_usual_ones(store: Store) -> None:
    rows = [{"topic": "word " * number} for number in range(30)]
    (tonight,) = tonights_routings(store, recipe(), rows)
    assert len(tonight.usual) == 30
    assert tonights_routings(store, load_recipe("recipe: r\nmake: {ask: {model: m, prompt: p}}"), rows) == ()


def test_the_same_table_gives_the_same_sample_however_long(store: Store) -> None:
    rows = [{"topic": f"{number} " * (number % 40)} for number in range(2500)]
    first, again = (tonights_routings(store, recipe(), rows)[0].plain() for _ in range(2))
    assert first == again
