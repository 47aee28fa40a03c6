"""The expected case of a request lies between its least and its worst, and reads the cells that its templates quote. Pure."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_recipes import CATALOG, MODELS, Anybody, recipes
from test_lint_bounds import MOST, worked

from tasks.calling.catalog import load_catalog
from tasks.calling.prices import Price, cost
from tasks.landing.night_estimate import expected_of
from tasks.patterns.asked import Asked
from tasks.patterns.cell_tokens import Cell
from tasks.patterns.expected_case import any_of_them, expected_case
from tasks.patterns.lint_shown import REQUEST_TOKENS
from tasks.patterns.lint_sums import known_prices, worst_in
from tasks.patterns.model_choice import Cascade, Need
from tasks.patterns.prior import CASCADE_GOES_ON, CHECK_FAILS, FAILS_THE_BATCH, GOES_ON, UNREADABLE, rounds
from tasks.patterns.recipe import Recipe, load_recipe

DEPLOYMENTS = Path(__file__).parents[2] / "deployments"
SHIPPED = sorted((DEPLOYMENTS / "recipes").glob("*.yaml"))
DEMO = load_catalog(DEPLOYMENTS / "demo" / "models.yaml")
ASK = {"ask": {"model": "m", "prompt": "x"}}
THREE = [{"name": name, **ASK} for name in "abc"]


def expected(make, models=("m", "n"), **top):
    plain = {"recipe": "r", "quality": {"judge": "j"}, "make": make, **top}
    return expected_case(Recipe.model_validate(plain), models)


def usd(case, prices, cell_tokens):
    """With every cell as long."""
    cells = dict.fromkeys(case.cells, cell_tokens)
    return sum(
        cost(prices[asked.model], 1, 0) * line.reading(cells) + cost(prices[asked.model], 0, 1) * line.tokens_out
        for asked, line in case.lines.items()
    )  # fmt: skip


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_expected_between_its_least_and_its_worst(path):
    recipe = load_recipe(path)
    prices = known_prices(recipe, DEMO)
    case, worst = expected_of(recipe, DEMO), worst_in(recipe, DEMO, prices)
    assert worst.least <= case.calls < worst.calls
    each = REQUEST_TOKENS / len(recipe.request)
    assert 0 < usd(case, prices, each) < worst.usd
    assert 0 < case.seconds < worst.seconds
    assert sum(line.tokens_out for line in case.lines.values()) < worst.tokens_out
    assert {asked.model for asked in case.lines} <= worst.models.keys()


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(recipes())
def test_any_recipe_is_expected_within_its_worst(plain):
    recipe = load_recipe(json.dumps(plain))
    case = expected_of(recipe, CATALOG)
    worst = worst_in(recipe, CATALOG, dict.fromkeys(MODELS, Price(input=1, output=1)))
    assert 0 <= case.calls <= worst.calls
    assert case.seconds <= worst.seconds
    assert case.calls <= 1e-9 or case.seconds > 0


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(recipes(), st.integers(0, 2**32))
def test_every_call_that_any_recipe_makes_has_its_line(plain, seed):
    recipe = load_recipe(json.dumps(plain))
    assume(worst_in(recipe, CATALOG, {}).calls <= MOST)
    lines = {(asked.step, asked.role) for asked in expected_of(recipe, CATALOG).lines}
    calls, _ = worked(plain, Anybody(Random(seed), MOST, 0.9))
    # Further samples of a member, and further subtasks of a specialist, are numbered.
    assert {(re.sub(r" \d+", "", call.step), call.role or "") for call in calls} <= lines


@pytest.mark.parametrize(
    ("make", "calls"),
    [
        (ASK, 1),
        ({**ASK, "checks": [{"min_words": 1}]}, 1 + CHECK_FAILS),
        ({"ask": {**ASK["ask"], "samples": 5}}, 5),
        ({**ASK, "when": "1 > 2"}, 0),
        ({**ASK, "when": "1 < 2"}, 1),
        ({"pipeline": THREE}, 3),
        ({"ensemble": {"members": THREE, "by": "similarity"}}, 3),
        ({"repeat": {"body": ASK, "max_iterations": 3}}, rounds(3) * (2 + UNREADABLE)),
        ({"refine": {"start": ASK, "stages": THREE[:2]}}, (1 + GOES_ON + GOES_ON**2) * (2 + UNREADABLE)),
        ({"route": {"rules": [{"if": "1", "to": "x"}], "to": {"x": {"pipeline": THREE}}, "general": ASK}}, 2),
    ],
)  # fmt: skip
def test_a_pattern_takes_what_is_supposed_of_it(make, calls):
    assert expected(make).calls == pytest.approx(calls)


def test_calls_are_told_apart_by_step_role_and_model():
    make = {
        "pipeline": [
            {"name": "plan", "role": "thinker", **ASK},
            {"name": "again", "repeat": {"body": {"ask": {"model": "n", "prompt": "x"}}}},
            {"name": "panel", "ensemble": {"members": THREE[:2], "combine": "merge"}},
            {"name": "crew", "team": {"coordinator": "m", "specialists": {"writer": "n"}}},
        ]
    }
    assert set(expected(make).lines) == {
        Asked("plan", "thinker", "m"), Asked("again/body", "", "n"), Asked("again/judge", "judge", "j"),
        Asked("panel/a", "", "m"), Asked("panel/b", "", "m"), Asked("panel/comparer", "comparer", "j"),
        Asked("panel/merger", "merger", "j"), Asked("panel/a/judge", "judge", "j"), Asked("panel/b/judge", "judge", "j"), Asked("crew/coordinator", "coordinator", "m"),
        Asked("crew/writer", "writer", "n"), Asked("crew/assembly", "coordinator", "m"),
        Asked("crew/reviewer", "reviewer", "j"),
    }  # fmt: skip


def test_members_work_at_once_and_stages_after_one_another():
    panel = expected({"ensemble": {"members": THREE, "by": "similarity"}})
    assert panel.seconds == expected(ASK).seconds
    assert expected({"pipeline": THREE}).seconds == pytest.approx(3 * panel.seconds)


def test_a_call_reads_a_cell_as_often_as_its_templates_quote_it():
    prompt = "{{ request.a }} {{ request['a'] }} {% if request.b == 1 %}{{ request.c }}{% endif %}"
    line = expected(
        {"ask": {"model": "m", "prompt": prompt}}, request={name: {"default": "x"} for name in "abcd"}
    ).lines[Asked("", "", "m")]
    assert line.cells == {Cell("a", told=False): 2, Cell("c", told=False): 1}
    tokens = {Cell("a", told=False): 100, Cell("c", told=False): 10}
    assert line.reading(tokens) - line.reading({}) == 210


def test_later_calls_are_told_short_cells_that_they_do_not_quote():
    make = {
        "pipeline": [
            {"name": "one", **ASK},
            {"name": "two", "ask": {"model": "m", "prompt": "{{ request.a }}"}},
        ]
    }
    lines = expected(make, request={name: {"default": "x"} for name in "ab"}).lines
    assert lines[Asked("one", "", "m")].cells == {}
    assert lines[Asked("two", "", "m")].cells == {Cell("a", told=False): 1, Cell("b", told=True): 1}


def test_a_choice_comes_to_its_first_model_a_need_to_any_a_cascade_to_each_with_its_chance():
    assert any_of_them("m", ["n"]) == {"m": 1}
    assert any_of_them(("m", "n"), []) == {"m": 1}
    assert any_of_them(Need.model_validate({"for": "writing"}), ["m", "n"]) == {"m": 0.5, "n": 0.5}
    assert any_of_them(Cascade(cascade=("m", "n")), []) == {"m": 1, "n": CASCADE_GOES_ON}
    assert any_of_them(None, []) == {}


def test_who_a_choice_comes_to_can_be_told():
    recipe = Recipe.model_validate(
        {"recipe": "r", "make": {"ask": {"model": {"for": "writing"}, "prompt": "x"}}}
    )
    case = expected_case(recipe, ["m", "n"], likely=lambda _, models: {models[1]: 1.0})
    assert [asked.model for asked in case.lines] == ["n"]


def test_what_a_batch_writes_once_more_is_expected_of_a_few_rows_and_of_no_more_than_it_lets():
    batch = {"mentions": ["x"], "then": "refine"}
    rewriting = expected(ASK, batch=batch)
    assert rewriting.lines[Asked("@batch", "refine", "m")].calls == pytest.approx(FAILS_THE_BATCH)
    assert expected(ASK, batch={**batch, "max_rows": 0.01}).calls == pytest.approx(expected(ASK).calls + 0.01)
