from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path

import jsonschema
import pytest

import deployments
from tasks.patterns.recipe import load_recipe
from tasks.patterns.recipe_schema import recipe_schema_text
from tasks.patterns.templates import Renderer
from tasks.storing.documents import load_document
from tasks.storing.requests import Request, read_requests

SHIPPED = Path(deployments.__file__).parent
RECIPE = SHIPPED / "recipes" / "technical-blog.yaml"
SCHEMA = SHIPPED / "recipes" / "recipe.schema.json"


@pytest.fixture
def schema():
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))


@pytest.fixture
def requests():
    recipe = load_recipe(RECIPE)
    return list(
        read_requests(str(SHIPPED / "demo" / "requests.csv"), recipe.columns, run_date=date(2026, 1, 31))
    )


def test_the_shipped_schema_is_the_generated_one():
    assert SCHEMA.read_text() == recipe_schema_text(), (
        "renew it: python -c 'from tasks.patterns.recipe_schema import recipe_schema_text as t; print(t(), end=\"\")'"
        " > deployments/recipes/recipe.schema.json"
    )


def test_the_schema_accepts_the_shipped_recipe_and_short_forms(schema):
    recipe = load_document(RECIPE).value
    schema.validate(recipe)
    ask = {"ask": {"model": {"for": "writing", "with": "x"}, "prompt": "x", "format": {"schema": {}}}}
    members = [{"name": "a", **ask}]
    schema.validate(
        {"recipe": "r", "cache": "off", "make": {"ensemble": {"members": members, "combine": "merge"}}}
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"make": {}},
        {"make": {"ask": {"model": "m", "prompt": "x"}, "pipeline": []}},
        {"make": {"ask": {"model": "m", "prompt": "x", "max_token": 1}}},
        {"make": {"pipeline": [{"ask": {"model": "m", "prompt": "x"}}]}},
        {"make": {"ask": {"model": "m", "prompt": "x"}, "checks": [{"min_words": 1, "max_words": 2}]}},
        {"cache": {"ttl": "weekly"}},
        {"budget": {"usd_per_request": 0}},
    ],
)
def test_the_schema_rejects_what_the_recipe_rejects(schema, wrong):
    recipe = load_document(RECIPE).value
    with pytest.raises(jsonschema.ValidationError):
        schema.validate({**recipe, **wrong})


def test_the_shipped_recipe_tells_editors_its_schema():
    assert RECIPE.read_text().startswith("# yaml-language-server: $schema=recipe.schema.json\n")


def test_the_demo_table_is_whole_and_varied(requests):
    assert len(requests) == 64
    assert all(isinstance(request, Request) for request in requests)
    kinds = Counter(request.values["kind"] for request in requests)
    assert set(kinds) == {"blog", "product", "support", "code"}
    assert min(kinds.values()) >= 10
    assert len({request.values["language"] for request in requests}) >= 8
    assert len({request.values["topic"] for request in requests}) == 64
    assert sum("\n" in request.values["topic"] for request in requests) >= 2
    assert any('"' in request.values["topic"] for request in requests)


def test_every_demo_request_fills_in_every_prompt(requests):
    renderer = Renderer()
    steps = load_recipe(RECIPE).make.pipeline
    for request in requests:
        seen = {"request": request.values}
        for step in steps:
            prompt = renderer.render(step.ask.prompt, seen)
            assert request.values["topic"] in prompt
            assert "{{" not in prompt
            seen[step.name] = f"text of {step.name}"
