"""Forms: what a person can choose from, and that what a form accepts the flow accepts."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from prefect.utilities.callables import parameter_schema

from deployments.forms import MODELS, ONE_MODEL, of_recipe, with_choices
from flows.ensemble import ensemble
from flows.nightly import nightly
from flows.pipeline import pipeline
from flows.refine import refine
from flows.repeat import repeat
from flows.route import route
from flows.team import team
from tasks.patterns.recipe import load_recipe

PATTERNS = [pipeline, ensemble, route, refine, repeat, team]
EACH = pytest.mark.parametrize("flow", [nightly, *PATTERNS], ids=lambda flow: flow.name)
RECIPE = """
recipe: note
request:
  topic: {type: str}
  words: {type: int, default: 200}
  score: {type: float, default: null}
  urgent: {type: bool, default: false}
  due: {type: date, default: null}
  tags: {type: list, default: [a]}
  more: {type: json, default: null}
make: {pipeline: [{name: draft, ask: {model: one, prompt: "{{ request.topic }}"}}]}
"""


def schema_of(flow: Any) -> dict[str, Any]:
    return parameter_schema(flow).model_dump()


def faults(form: dict[str, Any], **given: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(form).iter_errors(given)]


@EACH
def test_the_defaults_of_a_form_are_accepted_by_form_and_flow(flow: Any):
    form = with_choices(schema_of(flow), ["note"], ["one", "two"])
    filled = {name: field["default"] for name, field in form["properties"].items() if "default" in field}
    filled |= {"requests": "r.csv", "recipe": "note"} if flow is nightly else {}
    assert faults(form, **filled) == []
    flow.validate_parameters(filled)


@EACH
def test_every_name_of_a_recipe_or_a_model_is_a_drop_down(flow: Any):
    form = with_choices(schema_of(flow), ["note"], ["one", "two"])["properties"]
    for name in {*ONE_MODEL, "recipe"} & set(form):
        assert form[name]["enum"][-1] in {"note", "two"}
        assert flow is nightly or form[name]["enum"][0] == "", "it may stay empty"
    for name in set(MODELS) & set(form):
        assert form[name]["items"]["enum"] == ["one", "two"]


@EACH
def test_every_number_has_bounds_that_its_description_names(flow: Any):
    for name, field in schema_of(flow)["properties"].items():
        kinds = [field, *field.get("anyOf", [])]
        numbers = [kind for kind in kinds if kind.get("type") in {"integer", "number"}]
        assert all("minimum" in kind for kind in numbers), name
        assert all(str(kind[bound]) in field["description"] for kind in numbers for bound in ("minimum", "maximum") if bound in kind), name  # fmt: skip


@EACH
def test_a_number_out_of_bounds_is_refused_by_form_and_flow(flow: Any):
    form = schema_of(flow)
    numbers = [
        (name, kind["minimum"])
        for name, field in form["properties"].items()
        for kind in [field, *field.get("anyOf", [])]
        if "minimum" in kind
    ]
    given = {"requests": "r.csv", "recipe": "note"} if flow is nightly else {}
    for name, least in numbers:
        assert faults(form, **given, **{name: least - 1})
        with pytest.raises(Exception, match=name):
            flow.validate_parameters({**given, name: least - 1})
    assert numbers


def test_the_form_itself_is_left_as_it_was():
    schema = schema_of(ensemble)
    with_choices(schema, ["note"], ["one"])
    assert schema == schema_of(ensemble)


def test_a_recipes_form_has_a_typed_field_for_each_column():
    recipe = load_recipe(RECIPE, name="note")
    form = of_recipe(with_choices(schema_of(pipeline), ["note"], ["one"]), recipe)
    assert set(form["properties"]) == {"request", "recipe", "store", "models", "budget", "dry_run"}
    assert form["properties"]["request"]["required"] == ["topic"]
    assert faults(form, request={"topic": "t"}, recipe="note") == []
    assert (
        faults(form, request={"topic": "t", "words": 3, "urgent": True, "tags": ["x"], "more": {"a": 1}})
        == []
    )
    assert faults(form, request={}) == ["'topic' is a required property"]
    assert faults(form, request={"topic": "t", "words": "many"}) == ["'many' is not of type 'integer'"]
    assert faults(form, request={"topic": "t"}, recipe="other")
