"""The pitfalls of several models are remarked where they are, and nowhere else. Pure."""

from __future__ import annotations

import pytest
from test_recipe import TECHNICAL_BLOG

from tasks.calling.catalog import Catalog
from tasks.calling.prices import Price
from tasks.patterns.lint import (
    CONTEXT_LOSS,
    COST,
    JUDGE_FAMILY,
    LATENCY,
    OVER_ORCHESTRATION,
    QUALITY_DIFFUSION,
    lint,
)
from tasks.patterns.recipe import Recipe, load_recipe

FAMILIES = {"m": "one", "n": "two", "j": "three", "sister": "one"}
PRICE = {"input": 1, "output": 1}
ASK = {"ask": {"model": "m", "prompt": "{{ request.t }}"}}
JSON = {"ask": {**ASK["ask"], "format": "json"}}
NEEDED = {"ask": {"model": {"for": "writing"}, "prompt": "{{ request.t }}"}}
BLIND = {"ask": {"model": "m", "prompt": "Write well."}}


def catalog(price=PRICE, families=FAMILIES):
    models = {
        name: {"provider": "p", "id": name, "family": family, "price": price}
        for name, family in families.items()
    }
    providers = {"p": {"api": "openai", "base_url": "http://127.0.0.1:9/v1"}}
    return Catalog.model_validate({"providers": providers, "models": models})


def remarks(make, kind, known=None, prices=None, **top):
    recipe = Recipe.model_validate({"recipe": "r", "request": {"t": {}}, "make": make, **top})
    return {each.loc: each.what for each in lint(recipe, known or catalog(), prices) if each.kind == kind}


def members(*models, **more):
    steps = [
        {"name": f"s{number}", "ask": {"model": model, "prompt": "{{ request.t }}"}}
        for number, model in enumerate(models)
    ]
    return {"ensemble": {"members": steps, "by": "similarity", **more}}


def pipeline(*prompts, start=ASK):
    rest = [
        {"name": "bcdef"[number], "ask": {"model": "m", "prompt": prompt}}
        for number, prompt in enumerate(prompts)
    ]
    return {"pipeline": [{"name": "a", **start}, *rest]}


@pytest.mark.parametrize(
    "make",
    [
        members("m", "n"),
        {"ask": {"model": {"cascade": ["m", "n"]}, "prompt": "{{ request.t }}"}},
        {"repeat": {"body": ASK, "judge": "j"}},
        {"repeat": {"body": ASK}},
        {"ensemble": {"members": [{"name": "a", **ASK}, {"name": "b", **NEEDED}], "by": "similarity"}},
    ],
)
def test_several_models_without_a_baseline_are_remarked(make):
    (said,) = remarks(make, OVER_ORCHESTRATION).values()
    assert "2 models work on a request" in said
    assert remarks(make, OVER_ORCHESTRATION, baseline={"model": "m", "share": 0.1}) == {}


def test_what_would_show_whether_they_pay_is_a_baseline_or_a_comparison():
    recipe = Recipe.model_validate({"recipe": "r", "request": {"t": {}}, "make": members("m", "n")})
    (hint,) = [each.hint for each in lint(recipe, catalog(), None) if each.kind == OVER_ORCHESTRATION]
    assert "`baseline: {model: m, share: 0.1}`" in hint
    assert "nightpress compare REQUESTS --recipe r --with m" in hint


@pytest.mark.parametrize(
    "make",
    [
        ASK,
        pipeline("{{ a }}"),
        {"ask": {"model": ["m", "n"], "prompt": "{{ request.t }}"}},
        {
            "route": {
                "by": "embedding",
                "classifier": "n",
                "examples": {"x": ["e"]},
                "to": {"x": ASK},
                "general": ASK,
            }
        },
    ],
)
def test_one_model_needs_no_baseline_even_with_a_spare_and_a_judge_that_nobody_asks(make):
    assert remarks(make, OVER_ORCHESTRATION, quality={"judge": "j"}) == {}


@pytest.mark.parametrize(("samples", "is_remarked"), [(12, False), (13, True)])
def test_more_than_twelve_calls_when_all_goes_well_are_remarked(samples, is_remarked):
    make = {"ask": {**ASK["ask"], "samples": samples}}
    assert bool(remarks(make, OVER_ORCHESTRATION)) is is_remarked


@pytest.mark.parametrize(
    ("models", "is_remarked"),
    [
        (["m", "sister", "m"], False),
        (["m", "sister", "m", "n"], False),
        (["m", "sister", "m", "sister"], True),
        ([["m", "n"], ["sister", "n"], "m", "m"], True),
        ([["n", "m"], "m", "m", "m"], False),
    ],
)
def test_more_than_three_members_of_one_family_are_remarked(models, is_remarked):
    found = remarks(members(*models), OVER_ORCHESTRATION, baseline={"model": "m", "share": 0.1})
    assert (("make", "ensemble", "members") in found) is is_remarked


@pytest.mark.parametrize(
    ("make", "at"),
    [
        (BLIND, ("make",)),
        (pipeline("{{ a }}", start=BLIND), ("make", "pipeline", 0)),
        (
            {"ensemble": {"members": [{"name": "a", **ASK}, {"name": "b", **BLIND}]}},
            ("make", "ensemble", "members", 1),
        ),
        (
            {"repeat": {"body": {"pipeline": [{"name": "a", **BLIND}]}}},
            ("make", "repeat", "body", "pipeline", 0),
        ),
        ({"refine": {"start": BLIND, "stages": [{"name": "s", **BLIND}]}}, ("make", "refine", "start")),
        ({"route": {"classifier": "m", "to": {"x": ASK}, "general": BLIND}}, ("make", "route", "general")),
        ({"ask": {**BLIND["ask"], "system": "You are {{ round }}."}}, ("make",)),
    ],
)
def test_a_first_prompt_that_sees_nothing_is_remarked(make, at):
    assert list(remarks(make, CONTEXT_LOSS)) == [(*at, "ask", "prompt")]


@pytest.mark.parametrize(
    "make",
    [
        {"ask": {**BLIND["ask"], "system": "About {{ request.t }}"}},
        pipeline("Polish it.", "And again."),
        {"pipeline": [{"name": "draft", **ASK}, {"name": "r", "repeat": {"body": BLIND}}]},
        {"refine": {"start": ASK, "stages": [{"name": "s", **BLIND}]}},
        {"repeat": {"body": {"ask": {"model": "m", "prompt": "{{ feedback }}"}}}},
    ],
)
def test_a_prompt_that_is_told_something_is_not(make):
    assert remarks(make, CONTEXT_LOSS) == {}


def test_a_worst_case_over_the_budget_is_remarked_and_one_within_is_not():
    at = ("budget", "usd_per_request")
    assert "over the budget of $0.0001" in remarks(ASK, COST, budget={"usd_per_request": 0.0001})[at]
    assert remarks(ASK, COST, budget={"usd_per_request": 1}) == {}
    assert remarks(ASK, COST) == {}


def test_a_budget_with_unknown_prices_names_their_models():
    budget = {"usd_per_request": 1}
    (said,) = remarks(members("m", "n"), COST, catalog(price=None), budget=budget).values()
    assert "no price is known for m, n" in said
    prices = {"m": Price(input=1, output=1), "n": None}
    (said,) = remarks(members("m", "n"), COST, prices=prices, budget=budget).values()
    assert "no price is known for n:" in said
    assert remarks(members("m", "n"), COST, catalog(price=None)) == {}


CHAIN = {"ask": {"model": {"cascade": ["m", "n"]}, "prompt": "{{ request.t }}"}}
CHEAP, MIDDLE, DEAR = Price(input=0.1, output=0.4), Price(input=1, output=4), Price(input=10, output=40)


def judged_chain(judge, make=CHAIN, **top):
    prices = {"m": CHEAP, "n": DEAR, "j": judge, "sister": CHEAP}
    return remarks(make, COST, prices=prices, **top)


@pytest.mark.parametrize(
    ("make", "at"),
    [
        (CHAIN, ("make",)),
        ({"pipeline": [{"name": "a", **ASK}, {"name": "b", "role": "writer", "when": "a.score", **CHAIN}]}, ("make", "pipeline", 1)),
        ({"refine": {"start": CHAIN, "stages": [{"name": "s", **ASK}], "judge": "j"}}, ("make", "refine", "start")),
        ({"repeat": {"body": {"pipeline": [{"name": "b", **CHAIN}]}, "judge": "j"}}, ("make", "repeat", "body", "pipeline", 0)),
        ({"route": {"by": "model", "classifier": "m", "to": {"x": CHAIN}, "general": ASK}}, ("make", "route", "to", "x")),
    ],
)  # fmt: skip
def test_a_judge_as_dear_as_what_a_cascade_saves_is_remarked_wherever_it_stands(make, at):
    said = "the judge 'j' costs as much as asking 'n' at once"
    assert judged_chain(DEAR, make, quality={"judge": "j"}) == {(*at, "ask", "model"): said}
    assert judged_chain(MIDDLE, make, quality={"judge": "j"}) == {}


def test_the_judge_that_nobody_named_counts_too():
    assert list(judged_chain(DEAR)) == [("make", "ask", "model")]
    assert judged_chain(MIDDLE) == {}


@pytest.mark.parametrize("by", ["checks", "agreement", "confidence"])
def test_a_cascade_that_no_judge_scores_pays_none(by):
    model = {"cascade": ["m", "n"], "by": by}
    make = {"ask": {**CHAIN["ask"], "model": model, "samples": 2}, "checks": [{"min_words": 1}]}
    assert judged_chain(DEAR, make) == {}


def test_what_judging_costs_is_not_said_where_a_price_is_not_known_or_the_judge_is_a_need():
    assert judged_chain(None) == {}
    assert judged_chain(DEAR, quality={"judge": {"for": "judging"}}) == {}
    assert judged_chain(DEAR, {"ask": {**CHAIN["ask"], "model": {"cascade": ["n"]}}}) == {}


def test_exploring_for_a_while_does_not_make_a_judge_dear():
    assert judged_chain(MIDDLE, explore=1) == {}


def test_a_long_chain_is_remarked_in_words():
    steps = [{"name": f"s{number}", **ASK} for number in range(8)]
    assert remarks({"pipeline": steps}, LATENCY) == {}
    (said,) = remarks({"pipeline": [*steps, {"name": "last", **JSON}]}, LATENCY).values()
    assert said == (
        "up to 10 calls of a request wait for one another: s0 → s1 → s2 → s3 → s4 → s5 → s6 → s7 → last ×2"
    )


def test_many_calls_at_once_make_no_chain():
    assert remarks({"ask": {**ASK["ask"], "samples": 100}}, LATENCY) == {}


def test_rewrite_upon_rewrite_is_remarked_once_per_run():
    found = remarks(pipeline("{{ a }}", "{{ b }}", "{{ c }}"), QUALITY_DIFFUSION)
    assert list(found) == [("make", "pipeline", 2)]
    assert "each of b → c → d rewrites the text before it" in found["make", "pipeline", 2]


@pytest.mark.parametrize(
    "make",
    [
        pipeline("{{ a }}"),
        # A review is no rewrite: what it is of is shown again.
        pipeline("{{ a }}", "Review {{ b }}", "{{ b }}{{ c }}"),
        pipeline("{{ request.t }}", "{{ b }}"),
        pipeline("{{ a }}", "{{ b }}", start=JSON),
        {"repeat": {"body": pipeline("{{ a }}", "{{ b }}")}},
        {
            "pipeline": [
                {"name": "a", **ASK},
                {
                    "name": "b",
                    "refine": {
                        "start": {"ask": {"model": "m", "prompt": "{{ a }}"}},
                        "stages": [{"name": "s", **ASK}],
                    },
                },
                {"name": "c", "ask": {"model": "m", "prompt": "{{ b }}"}},
            ]
        },
    ],
)
def test_steps_that_build_on_one_another_or_keep_the_best_are_not(make):
    assert remarks(make, QUALITY_DIFFUSION) == {}


@pytest.mark.parametrize(
    ("make", "top", "at"),
    [
        ({"repeat": {"body": ASK, "judge": "sister"}}, {}, ("make", "repeat", "judge")),
        ({"repeat": {"body": ASK}}, {"quality": {"judge": "m"}}, ("quality", "judge")),
        (ASK, {"quality": {"judge": ["sister", "j"]}}, ("quality", "judge")),
        (
            {"team": {"coordinator": "n", "specialists": {"a": "m"}, "reviewer": "sister"}},
            {},
            ("make", "team", "reviewer"),
        ),
        (members("m", "n", by="judge", judge="n"), {}, ("make", "ensemble", "judge")),
        (
            {"refine": {"start": members("m", "n", "j"), "stages": [{"name": "s", **ASK}]}},
            {},
            ("make", "refine"),
        ),
    ],
)
def test_a_judge_of_a_writers_family_is_remarked(make, top, at):
    assert list(remarks(make, JUDGE_FAMILY, **top)) == [at]


@pytest.mark.parametrize(
    ("make", "top"),
    [
        ({"repeat": {"body": ASK, "judge": "j"}}, {}),
        ({"repeat": {"body": ASK, "judge": ["j", "m"]}}, {}),
        ({"repeat": {"body": ASK}}, {}),
        ({"repeat": {"body": ASK, "judge": {"for": "judging"}}}, {}),
        # Who judges nothing that the family wrote is not biased by it.
        (
            {"pipeline": [{"name": "a", **ASK}, {"name": "b", "repeat": {"body": members("n")}}]},
            {"quality": {"judge": "m"}},
        ),
    ],
)
def test_a_judge_of_another_family_is_not(make, top):
    assert remarks(make, JUDGE_FAMILY, **top) == {}


def test_the_hint_names_a_judge_that_would_do():
    recipe = Recipe.model_validate({"recipe": "r", "make": {"repeat": {"body": ASK, "judge": "m"}}})
    (hint,) = [each.hint for each in lint(recipe, catalog()) if each.kind == JUDGE_FAMILY]
    assert hint == "name a judge of another family, such as 'n'"
    (hint,) = [
        each.hint for each in lint(recipe, catalog(families={"m": "one"})) if each.kind == JUDGE_FAMILY
    ]
    assert "add a model of another family" in hint


def test_of_the_designs_technical_blog_only_what_is_true_is_said():
    known = catalog(families={"gpt-4": "openai", "claude": "anthropic", "mistral": "mistral"})
    found = {(each.kind, each.loc) for each in lint(load_recipe(TECHNICAL_BLOG), known)}
    assert found == {(OVER_ORCHESTRATION, ("make",)), (JUDGE_FAMILY, ("quality", "judge"))}
