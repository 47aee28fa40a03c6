"""What never runs and what is paid for in vain is remarked, with its place; what is meant is not. Pure."""

from __future__ import annotations

import pytest

from tasks.calling.catalog import Catalog
from tasks.patterns.lint import NOT_ACTED_ON, UNREACHABLE, UNUSED, lint
from tasks.patterns.recipe import Recipe, load_recipe

FAMILIES = {"m": "one", "n": "two", "j": "three"}
CATALOG = Catalog.model_validate(
    {
        "providers": {"p": {"api": "openai", "base_url": "http://127.0.0.1:9/v1"}},
        "models": {
            name: {"provider": "p", "id": name, "family": family, "price": {"input": 1, "output": 1}}
            for name, family in FAMILIES.items()
        },
    }
)
ASK = {"ask": {"model": "m", "prompt": "{{ request.t }}"}}
ONE, TWO = {"name": "a", **ASK}, {"name": "b", **ASK}


def remarks(make, kind, **top):
    recipe = Recipe.model_validate({"recipe": "r", "request": {"t": {}}, "make": make, **top})
    return {each.loc: each.what for each in lint(recipe, CATALOG) if each.kind == kind}


def pipeline(*prompts, **last):
    """Steps a, b, c, … with these prompts."""
    steps = [
        {"name": "abcdef"[number], "ask": {"model": "m", "prompt": prompt}}
        for number, prompt in enumerate(prompts)
    ]
    steps[-1] |= last
    return {"pipeline": steps}


def route(**route):
    to = {"x": ASK, "y": ASK}
    return {"route": {"to": to, "general": ASK, **route}}


def rules(*pairs):
    return route(rules=[{"if": condition, "to": to} for condition, to in pairs])


IN_ROUTE = ("make", "route")


@pytest.mark.parametrize(
    ("make", "at"),
    [
        ({**ASK, "when": "1 > 2"}, ("make", "when")),
        ({"pipeline": [ONE, {**TWO, "when": "false and request.t"}]}, ("make", "pipeline", 1, "when")),
        (
            {"ensemble": {"members": [ONE, {**TWO, "when": "false"}]}},
            ("make", "ensemble", "members", 1, "when"),
        ),
        (rules(("request.t", "x")), (*IN_ROUTE, "to", "y")),
        (rules(("request.t", "x"), ("false", "y")), (*IN_ROUTE, "rules", 1)),
        (rules(("request.t", "x"), ("false", "y")), (*IN_ROUTE, "to", "y")),
        (rules(("true", "x"), ("request.t", "y")), (*IN_ROUTE, "rules", 1)),
        (rules(("true", "x"), ("request.t", "y")), (*IN_ROUTE, "to", "y")),
        (rules(("request.t", "x"), ("request.t", "y")), (*IN_ROUTE, "rules", 1)),
        (route(examples={"x": ["e"]}), (*IN_ROUTE, "to", "y")),
        (route(examples={"x": ["e"], "y": ["e"]}, threshold=1), (*IN_ROUTE, "threshold")),
        (route(rules=[{"if": "request.t", "to": "x"}], classifier="n"), (*IN_ROUTE, "classifier")),
        (route(by="model", classifier="n", rules=[{"if": "request.t", "to": "x"}]), (*IN_ROUTE, "rules")),
        (route(classifier="n", to={"general": ASK}), (*IN_ROUTE, "general")),
        (
            {"refine": {"start": ASK, "stages": [ONE], "judge": "j", "target": 0}},
            ("make", "refine", "target"),
        ),
        ({"repeat": {"body": ASK, "judge": "j", "threshold": 0}}, ("make", "repeat", "threshold")),
        (
            {"team": {"coordinator": "m", "specialists": {"a": "n"}, "feedback": {"quality_threshold": 0}}},
            ("make", "team", "feedback", "quality_threshold"),
        ),
        ({"ensemble": {"members": [ONE, TWO], "merger": "n"}}, ("make", "ensemble", "merger")),
        (
            {"ensemble": {"members": [ONE, TWO], "by": "majority", "judge": "j"}},
            ("make", "ensemble", "judge"),
        ),
        ({"ensemble": {"members": [ONE], "max_rounds": 2}}, ("make", "ensemble", "max_rounds")),
        (
            {"ask": {"model": {"cascade": ["m", "n"], "accept": 0}, "prompt": "{{ request.t }}"}},
            ("make", "ask", "model", "accept"),
        ),
    ],
)
def test_what_never_runs_is_remarked(make, at):
    assert at in remarks(make, UNREACHABLE)


@pytest.mark.parametrize(
    "make",
    [
        {**ASK, "when": "request.t"},
        rules(("request.t", "x"), ("not request.t", "y")),
        rules(("request.t", "x"), ("true", "y")),
        rules(("request.t", "x"), ("not request.t", "general"), ("request.t == 'y'", "y")),
        route(examples={"x": ["e"], "y": ["e"]}),
        route(classifier="n"),
        route(classifier="n", examples={"x": ["e"]}),
        {"refine": {"start": ASK, "stages": [ONE], "judge": "j"}},
        {"repeat": {"body": ASK, "judge": "j", "threshold": 0, "max_iterations": 1}},
        {"ensemble": {"members": [ONE, TWO], "merger": "n", "combine": "merge"}},
        {"ensemble": {"members": [ONE, TWO], "by": "majority", "judge": "j", "max_rounds": 2}},
        {"ensemble": {"members": [ONE, TWO], "judge": "j"}},
    ],
)
def test_what_can_run_is_not(make):
    assert remarks(make, UNREACHABLE) == {}


def test_a_target_of_the_recipe_counts_where_a_step_gives_none():
    make = {"refine": {"start": ASK, "stages": [ONE], "judge": "j"}}
    found = remarks(make, UNREACHABLE, quality={"target": 0})
    assert found == {("make", "refine"): "every score meets a target of 0, so no stage ever runs"}


def test_a_step_that_only_leaks_into_the_context_of_the_next_is_remarked():
    found = remarks(pipeline("{{ request.t }}", "{{ a }}", "{{ a }}"), UNUSED)
    said = "no later template names 'b': it reaches 'c' only as context, while that names 'a'"
    assert found == {("make", "pipeline", 1): said}


@pytest.mark.parametrize(
    "make",
    [
        pipeline("{{ request.t }}", "{{ a }}", "{{ b }}"),
        pipeline("{{ request.t }}", "{{ a }}", "go on"),
        pipeline("{{ request.t }}", "{{ a }}", "{{ a }}", "{{ b }}{{ c }}"),
        pipeline("{{ request.t }}", "{{ a }}", "{{ a }}", checks=[{"mentions": ["{{ b }}"]}]),
        pipeline("{{ request.t }}", "{{ a }}", "{{ a }}", result={"content": "{{ b }}"}),
        pipeline("{{ request.t }}", "{{ a }}", "{{ a }}", when="b.score"),
        {**pipeline("{{ request.t }}", "{{ a }}", "{{ a }}"), "result": {"data": {"review": "{{ b }}"}}},
        # The last step that ran is the outcome.
        pipeline("{{ request.t }}", "{{ a }}", "{{ a }}", when="request.t"),
        pipeline("{{ request.t }}", "{{ a }}", "{{ a }}", optional=True),
        {
            "pipeline": [
                ONE,
                TWO,
                {"name": "c", "repeat": {"body": pipeline("{{ b }}", "{{ a }}"), "judge": "j"}},
            ]
        },
    ],
)
def test_a_step_that_somebody_uses_is_not(make):
    assert remarks(make, UNUSED) == {}


def sampled(**more):
    return {"ask": {**ASK["ask"], "samples": 3}, **more}


@pytest.mark.parametrize(
    "make",
    [
        sampled(),
        {"pipeline": [{"name": "s", **sampled()}, {"name": "b", "ask": {"model": "m", "prompt": "{{ s }}"}}]},
        {"ensemble": {"members": [{"name": "p", "pipeline": [{"name": "s", **sampled()}]}]}},
    ],
)
def test_samples_that_nobody_looks_at_are_remarked(make):
    (at, said), *more = remarks(make, UNUSED).items()
    assert more == []
    assert at[-2:] == ("ask", "samples")
    assert "of 3 samples only the first becomes the draft" in said


@pytest.mark.parametrize(
    "make",
    [
        {"ensemble": {"members": [{"name": "s", **sampled()}]}},
        sampled(result={"data": {"all": "{{ draft.data.samples }}"}}),
        {
            "pipeline": [
                {"name": "s", **sampled()},
                {
                    "name": "b",
                    "ask": {"model": "m", "prompt": "{% for one in s.data.samples %}{{ one }}{% endfor %}"},
                },
            ]
        },
        {
            "pipeline": [
                {"name": "p", "pipeline": [{"name": "s", **sampled()}]},
                {"name": "b", "ask": {"model": "m", "prompt": "{{ p.data | tojson }}"}},
            ]
        },
    ],
)
def test_samples_that_are_chosen_among_or_named_are_not(make):
    assert remarks(make, UNUSED) == {}


@pytest.mark.parametrize(("key", "value"), [("explore", 0.1)])
def test_what_this_version_does_not_act_on_is_said(key, value):
    assert list(remarks(ASK, NOT_ACTED_ON, **{key: value})) == [(key,)]


def test_a_frozen_recipe_is_remarked_on_as_the_written_one():
    text = "recipe: r\nrequest: {t: {}}\nmake: {ask: {model: m, prompt: '{{ request.t }}', samples: 2}}\n"
    written = load_recipe(text)
    assert lint(Recipe.from_frozen(written.canonical()), CATALOG) == lint(written, CATALOG)
    assert [each.kind for each in lint(written, CATALOG)] == [UNUSED]


@pytest.mark.parametrize(
    ("batch", "loc"),
    [
        ({"mentions": ["x"], "max_rows": 0.5}, ("batch", "max_rows")),
        ({"mentions": ["x"], "rounds": 2, "then": "fail"}, ("batch", "rounds")),
        ({"mentions": ["x"], "then": "refine", "max_rows": 0}, ("batch", "max_rows")),
        ({}, ("batch",)),
        ({"language": True}, ("batch", "language")),
    ],
)
def test_what_a_batch_block_says_in_vain_is_remarked(batch, loc):
    request = {"t": {"type": "int"}}
    assert list(remarks(ASK, NOT_ACTED_ON, request=request, batch=batch)) == [loc]


def test_a_batch_block_that_acts_is_not_remarked():
    batch = {"near_duplicates": 0.9, "language": True, "then": "refine", "max_rows": 0.5, "rounds": 2}
    assert remarks(ASK, NOT_ACTED_ON, batch=batch) == {}
