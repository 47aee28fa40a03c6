"""JSON answers: valid for the schema in each format, and saying something that fits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from deployments.simulator.asked import Asked
from deployments.simulator.composing import compose
from deployments.simulator.config import Profile, SimulatorConfig

if TYPE_CHECKING:
    from tests.simulator.conftest import Client

SCORE: dict[str, Any] = {
    "type": "object",
    "properties": {"score": {"type": "number", "minimum": 0, "maximum": 1}, "reason": {"type": "string"}},
    "required": ["score", "reason"],
    "additionalProperties": False,
}
SCHEMAS: list[dict[str, Any]] = [
    SCORE,
    {
        "type": "object",
        "properties": {"grade": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["grade"],
    },
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5},
    {"type": "integer", "multipleOf": 7, "minimum": 10, "maximum": 30},
    {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
    {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "minItems": 2,
        "items": False,
    },
    {"type": "string", "minLength": 300, "maxLength": 310},
    {"type": "string", "maxLength": 9},
    {"type": "string", "pattern": "^t[0-9]+$"},
    {"type": "string", "pattern": "^[A-Z]{3}$"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "uuid"},
    {"type": ["string", "null"]},
    {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"x": {"const": 4}}, "required": ["x"]}]},
    {"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"required": ["a", "b"]}]},
    {
        "type": "object",
        "additionalProperties": {"type": "number", "minimum": 2, "maximum": 3},
        "minProperties": 5,
    },
    {
        "type": "object",
        "propertyNames": {"enum": ["tone", "facts"]},
        "additionalProperties": {"type": "boolean"},
    },
    {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                },
                "required": ["name", "children", "next"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    },
]


def answered(prompt: str, form: Any, skill: float = 1.0) -> Any:
    asked = Asked("openai", "m", (("user", prompt),), None, form)
    return json.loads(compose(asked, SimulatorConfig(), Profile(skill={"default": skill})))


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("prompt", ["Judge it.", "評価してください", "Criteria: tone, facts. It's “odd”."])
def test_the_answer_is_valid_for_the_schema(schema: dict[str, Any], prompt: str) -> None:
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(answered(prompt, schema))


def test_every_format_answers_json_for_its_own_way_of_asking(shared: Client) -> None:
    check = Draft202012Validator(SCORE)
    named = {"type": "json_schema", "json_schema": {"name": "score", "schema": SCORE}}
    openai = shared.send("openai", "Judge.", response_format=named).json()
    check.validate(json.loads(openai["choices"][0]["message"]["content"]))
    output_config = {"format": {"type": "json_schema", "schema": SCORE}}
    anthropic = shared.send("anthropic", "Judge.", output_config=output_config).json()
    check.validate(json.loads(anthropic["content"][0]["text"]))
    asked = {"responseMimeType": "application/json", "responseJsonSchema": SCORE}
    gemini = shared.send("gemini", "Judge.", generationConfig=asked).json()
    check.validate(json.loads(gemini["candidates"][0]["content"]["parts"][0]["text"]))


def test_a_forced_tool_is_called_with_input_that_fits(shared: Client) -> None:
    check = Draft202012Validator(SCORE)
    tools: list[dict[str, Any]] = [{"name": "grade", "input_schema": SCORE}]
    choice = {"type": "tool", "name": "grade"}
    body = shared.send("anthropic", "Judge.", tools=tools, tool_choice=choice).json()
    assert (body["stop_reason"], body["content"][0]["name"]) == ("tool_use", "grade")
    check.validate(body["content"][0]["input"])
    functions = [{"type": "function", "function": {"name": "grade", "parameters": SCORE}}]
    chosen = {"type": "function", "function": {"name": "grade"}}
    answer = shared.send("openai", "Judge.", tools=functions, tool_choice=chosen).json()
    call = answer["choices"][0]["message"]["tool_calls"][0]["function"]
    check.validate(json.loads(call["arguments"]))


def test_geminis_own_schema_spelling_is_understood(shared: Client) -> None:
    schema = {
        "type": "OBJECT",
        "properties": {"n": {"type": "INTEGER"}, "t": {"type": "STRING", "nullable": True}},
    }
    asked = {"responseMimeType": "application/json", "responseSchema": schema}
    body = shared.send("gemini", "Judge.", generationConfig=asked).json()
    value = json.loads(body["candidates"][0]["content"]["parts"][0]["text"])
    assert isinstance(value["n"], int)
    assert isinstance(value["t"], str)


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        ('Return JSON: {"score": 0..1, "reason": "...", "issues": [..]}', {"score", "reason", "issues"}),
        ('JSON like {"title": "x", "tags": ["a"], "n": 3}', {"title", "tags", "n"}),
        ("A JSON object, please.", {"title", "summary", "points", "confidence"}),
    ],
)
def test_without_a_schema_the_prompt_says_the_shape(prompt: str, keys: set[str]) -> None:
    value = answered(prompt, "json")
    assert set(value) == keys
    assert isinstance(value.get("score", 0.5), float)
    assert isinstance(value.get("tags", []), list)


def text_of(skill: float, number: int) -> str:
    asked = Asked("openai", "m", (("user", f"Topic: lakes number {number}"),), None, "text")
    return compose(asked, SimulatorConfig(), Profile(skill={"default": skill})) + "\n\n(simulated)\n"


def test_a_judge_scores_a_good_text_above_a_bad_one() -> None:
    for number in range(5):
        good, bad = (answered(f"Judge:\n{text_of(skill, number)}", SCORE)["score"] for skill in (1.0, 0.1))
        assert good > bad + 0.3


def test_a_judge_picks_the_best_of_several_texts() -> None:
    texts = "\n".join(text_of(skill, 1) for skill in (0.2, 1.0, 0.3))
    schema = {"type": "object", "properties": {"winner": {"enum": ["A", "B", "C"]}}, "required": ["winner"]}
    assert answered(f"Which is best?\n{texts}", schema)["winner"] == "B"
    numbered = {"type": "object", "properties": {"best": {"type": "integer", "minimum": 1, "maximum": 3}}}
    assert answered(f"Which is best?\n{texts}", numbered)["best"] == 2


def test_a_classifier_picks_the_type_that_the_text_is_about() -> None:
    schema = {"properties": {"type": {"enum": ["creative", "code", "support"]}}, "type": "object"}
    assert answered("Request: Write a Python function with unit tests, fix the bug", schema)["type"] == "code"
    assert answered("Request: Customer wants a refund for a late order delivery", schema)["type"] == "support"


def test_a_plan_has_ids_roles_and_dependencies_that_exist() -> None:
    task = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "role": {"type": "string"},
            "depends_on": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["id", "role", "depends_on"],
    }
    schema = {
        "type": "object",
        "properties": {"subtasks": {"type": "array", "items": task}},
        "required": ["subtasks"],
    }
    tasks = answered("Plan it. Specialists: researcher, writer", schema)["subtasks"]
    ids = [each["id"] for each in tasks]
    assert len(set(ids)) == len(ids) == 3
    assert {each["role"] for each in tasks} == {"researcher", "writer"}
    assert tasks[0]["depends_on"] == []
    assert tasks[-1]["depends_on"] == ids[:-1]
