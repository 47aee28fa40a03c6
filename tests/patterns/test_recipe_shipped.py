from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import deployments
from deployments.simulator.config import load_config
from tasks.calling.catalog import load_catalog
from tasks.judging.languages import language_of
from tasks.patterns.draft import NOTHING, Draft
from tasks.patterns.draft_reading import draft_from_json
from tasks.patterns.model_choice import names_in
from tasks.patterns.recipe import check_models, load_recipe
from tasks.patterns.recipe_check import places
from tasks.patterns.recipe_schema import recipe_schema_text
from tasks.patterns.step_tree import model_choices, walk
from tasks.patterns.steps import Ask, Ensemble, Refine, Repeat, Route, Step, Team
from tasks.patterns.templates import Renderer
from tasks.storing.documents import load_document
from tasks.storing.requests import Request, read_requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.patterns.recipe import Recipe
    from tasks.patterns.step_tree import Place

SHIPPED = Path(deployments.__file__).parent
DEMO = SHIPPED / "demo"
RECIPES = {path.stem: path for path in sorted((SHIPPED / "recipes").glob("*.yaml"))}
TABLES = {name: DEMO / ("requests.csv" if name == "technical-blog" else f"{name}.csv") for name in RECIPES}
CATALOGS = [SHIPPED / "models.yaml", DEMO / "models.yaml"]
SCHEMA = SHIPPED / "recipes" / "recipe.schema.json"
FIRST_ROUND: dict[str, Any] = {"feedback": "", "score": None, "round": 1, "members": []}
JUDGES = ("judge", "reviewer")
LATER_ROUND = {"feedback": "Name the amount.", "score": 0.6, "round": 2}

each_recipe = pytest.mark.parametrize("name", RECIPES)


@pytest.fixture
def schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))


def rows_of(name: str) -> list[Any]:
    columns = load_recipe(RECIPES[name]).columns
    return list(read_requests(str(TABLES[name]), columns, run_date=date(2026, 1, 31)))


def test_the_seven_worked_examples_are_shipped() -> None:
    assert set(RECIPES) == {
        "autonomous-team", "code-system", "fact-check", "intelligent-routing", "product-copy", "support-reply",
        "technical-blog",
    }  # fmt: skip


@each_recipe
def test_a_shipped_recipe_has_no_mistakes_and_its_files_name(name: str) -> None:
    recipe = load_recipe(RECIPES[name])
    assert recipe.recipe == name
    assert recipe.about
    assert recipe.budget.usd_per_request


@each_recipe
@pytest.mark.parametrize("catalog", CATALOGS, ids=["real", "demo"])
def test_the_models_of_a_shipped_recipe_are_in_both_model_files(name: str, catalog: Path) -> None:
    check_models(load_recipe(RECIPES[name]), load_catalog(catalog).models)


@each_recipe
def test_a_shipped_recipe_fits_the_schema_and_tells_editors_where_it_is(
    name: str, schema: jsonschema.Draft202012Validator
) -> None:
    assert RECIPES[name].read_text().startswith("# yaml-language-server: $schema=recipe.schema.json\n")
    schema.validate(load_document(RECIPES[name]).value)


@each_recipe
def test_the_table_of_a_shipped_recipe_has_no_bad_row_and_none_twice(name: str) -> None:
    rows = rows_of(name)
    assert [row for row in rows if not isinstance(row, Request)] == []
    assert len({json.dumps(row.values) for row in rows}) == len(rows)
    assert len(rows) >= (3 if name == "autonomous-team" else 6)


@each_recipe
def test_every_cell_of_a_shipped_table_stands_in_a_declared_column(name: str) -> None:
    columns = load_recipe(RECIPES[name]).columns
    assert {field for row in rows_of(name) for field in row.values} == set(columns)


@each_recipe
@pytest.mark.parametrize("reserved", [FIRST_ROUND, LATER_ROUND], ids=["first round", "later round"])
@pytest.mark.parametrize("skipped", [False, True], ids=["all steps ran", "optional steps are empty"])
def test_every_template_of_a_shipped_recipe_can_be_filled_in(
    name: str, reserved: dict[str, Any], skipped: bool
) -> None:
    recipe = load_recipe(RECIPES[name])
    renderer = Renderer()
    filled = 0
    for request in rows_of(name):
        for place in running(recipe, skipped=skipped):
            for source, values in templates(place, recipe, request.values, reserved, skipped=skipped):
                text = renderer.render(source, values)
                assert "{{" not in text
                assert "{%" not in text
                filled += 1
            if place.step.when is not None:
                renderer.holds(place.step.when, seen_by(place.names, recipe, request.values, reserved))
    assert filled


@each_recipe
def test_every_required_column_reaches_a_prompt(name: str) -> None:
    recipe = load_recipe(RECIPES[name])
    prompts = [text for place in places(recipe) for text in asked(place.step)]
    required = [field for field, column in recipe.columns.items() if column.required]
    assert [field for field in required if not any(f"request.{field}" in text for text in prompts)] == []


@each_recipe
def test_the_judge_of_a_shipped_loop_is_of_no_family_that_writes_in_it(name: str) -> None:
    family = {model: entry.family for model, entry in load_catalog(DEMO / "models.yaml").models.items()}
    for place in places(load_recipe(RECIPES[name])):
        if isinstance(place.step.pattern, Refine | Repeat | Team):
            told = [(loc[-1], choice) for each in walk(place) for loc, choice in model_choices(each)]
            judging = {family[each] for key, choice in told if key in JUDGES for each in names_in(choice)}
            writing = {family[each] for key, choice in told if key not in JUDGES for each in names_in(choice)}
            assert judging
            assert judging.isdisjoint(writing)


def test_the_demo_simulates_every_model_at_its_price() -> None:
    profiles = load_config(DEMO / "simulator.yaml").models
    models = load_catalog(DEMO / "models.yaml").models.values()
    assert set(profiles) == {model.id for model in models}
    for model in models:
        billed, known = profiles[model.id].price, model.price
        assert known is not None
        assert (billed.input, billed.output) == (known.input, known.output)
        assert billed.cached == known.cached or billed.cached is known.cached is None


def test_support_messages_come_in_many_languages() -> None:
    assert {language_of(row.values["message"]) for row in rows_of("support-reply")} >= {
        "en", "de", "fr", "es", "it", "pt", "pl", "ja", "nl",
    }  # fmt: skip


def test_claims_to_check_are_true_false_disputed_and_open() -> None:
    kinds = Counter(row.request_id.partition("-")[0] for row in rows_of("fact-check"))
    assert set(kinds) == {"true", "false", "disputed", "open"}
    assert min(kinds["true"], kinds["false"], kinds["disputed"]) >= 3


def test_the_tasks_to_route_are_of_every_kind_of_the_recipe() -> None:
    kinds = Counter(row.request_id.partition("-")[0] for row in rows_of("intelligent-routing"))
    assert min(kinds[kind] for kind in ("tech", "creative", "general")) >= 3


def test_the_demo_table_is_whole_and_varied() -> None:
    requests = rows_of("technical-blog")
    assert len(requests) == 64
    kinds = Counter(request.values["kind"] for request in requests)
    assert set(kinds) == {"blog", "product", "support", "code"}
    assert min(kinds.values()) >= 10
    assert len({request.values["language"] for request in requests}) >= 8
    assert len({request.values["topic"] for request in requests}) == 64
    assert sum("\n" in request.values["topic"] for request in requests) >= 2
    assert any('"' in request.values["topic"] for request in requests)


def test_the_shipped_schema_is_the_generated_one() -> None:
    assert SCHEMA.read_text() == recipe_schema_text(), (
        "renew it: python -c 'from tasks.patterns.recipe_schema import recipe_schema_text as t; print(t(), end=\"\")'"
        " > deployments/recipes/recipe.schema.json"
    )


def test_the_schema_accepts_short_forms(schema: jsonschema.Draft202012Validator) -> None:
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
def test_the_schema_rejects_what_the_recipe_rejects(
    schema: jsonschema.Draft202012Validator, wrong: dict[str, Any]
) -> None:
    recipe = load_document(RECIPES["technical-blog"]).value
    with pytest.raises(jsonschema.ValidationError):
        schema.validate({**recipe, **wrong})


def running(recipe: Recipe, *, skipped: bool) -> list[Place]:
    """All steps, or those that run although every step with a condition, and every optional one, gave nothing."""
    found = list(places(recipe))
    without = [place.loc for place in found if skipped and may_be_empty(place.step)]
    return [place for place in found if not any(place.loc[: len(loc)] == loc for loc in without)]


def may_be_empty(step: Step) -> bool:
    return step.optional or step.when is not None


def asked(step: Step) -> list[str]:
    return [step.ask.prompt, step.ask.system or ""] if step.ask else []


def templates(
    place: Place, recipe: Recipe, request: dict[str, Any], reserved: dict[str, Any], *, skipped: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every template of a step, with exactly the values that it may name."""
    step = place.step
    before = seen_by(place.names, recipe, request, reserved, skipped=skipped)
    for source in (*asked(step), *(text for check in step.checks for text in check.templates)):
        yield source, before
    if step.result is not None:
        after = seen_by(place.names_of_result, recipe, request, reserved, skipped=skipped)
        for source in (step.result.content or "", *step.result.data.values()):
            yield source, {**after, "draft": without_result(step)}


def seen_by(
    names: frozenset[str],
    recipe: Recipe,
    request: dict[str, Any],
    reserved: dict[str, Any],
    *,
    skipped: bool = False,
) -> dict[str, Any]:
    steps = {place.step.name: place.step for place in places(recipe) if place.step.name}
    drafts = {name: stand_in(steps[name]) if name in steps else Draft("A draft.") for name in names}
    empty = [name for name in drafts if skipped and name in steps and may_be_empty(steps[name])]
    panel = [stand_in(each) for step in steps.values() if step.ensemble for each in step.ensemble.members]
    return {"members": panel, **reserved, **drafts, **dict.fromkeys(empty, NOTHING), "request": request}


def stand_in(step: Step) -> Draft:
    """A draft such as the step gives."""
    draft = without_result(step)
    if step.result is None or not step.result.data:
        return draft
    return replace(draft, data=dict.fromkeys(step.result.data, "text"))


def without_result(step: Step) -> Draft:
    match step.pattern:
        case Ask(format=form) if not isinstance(form, str):
            return draft_from_json(example_of(form.json_schema))
        case tuple() as steps:
            return stand_in(steps[-1])
        case Ensemble(members=members):
            first = stand_in(members[0])
            best = {"member": members[0].name, "content": first.content, "score": 0.9}
            consensus = {"agreement": 0.5, "agreed": ["this"], "disputed": ["that"]}
            return replace(first, data={**dict(first.data), "best_individual": best, "consensus": consensus})
        case Repeat(body=inner) | Refine(start=inner) | Route(general=inner):
            return stand_in(inner)
    return Draft("A text.")


def example_of(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "object":
            return {name: example_of(each) for name, each in schema["properties"].items()}
        case "array":
            return [example_of(schema["items"])]
        case "number":
            return 0.5
    return "text"
