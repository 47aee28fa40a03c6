"""Recipes made on the spot from a prompt and models, for somebody who has no recipe yet. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tasks.patterns.recipe import Recipe
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROMPT = "{{ request.prompt }}"
IMPROVE = """\
Improve the text below for this task. Correct what is wrong, add what is missing, cut what repeats. Give the text alone.

Task:
{{ request.prompt }}
{% if feedback %}
A reviewer said:
{{ feedback }}
{% endif %}
Text:
{{ draft }}"""
AGAIN = """\
{{ request.prompt }}
{%- if feedback %}

The last version was this; write it again, in full, and take up what the reviewer said:
{{ draft }}

The reviewer said:
{{ feedback }}
{%- endif %}"""


def pipeline_of(writers: Sequence[str]) -> Recipe:
    """The first model drafts, each further one improves what the one before gave."""
    steps = [{"name": "draft", "ask": {"model": writers[0], "prompt": PROMPT}}]
    for number, writer in enumerate(writers[1:], 1):
        prompt = IMPROVE.replace("{{ draft }}", f"{{{{ {steps[-1]['name']} }}}}")
        steps.append({"name": f"improve_{number}", "ask": {"model": writer, "prompt": prompt}})
    return _recipe("pipeline", {"pipeline": steps})


def ensemble_of(writers: Sequence[str], combine: Sequence[str], rounds: int, judge: str) -> Recipe:
    """Every model answers; a model that is named several times is a member several times."""
    members = [
        {"name": f"member_{number}", "ask": {"model": writer, "prompt": PROMPT}}
        for number, writer in enumerate(writers, 1)
    ]
    pattern = {"members": members, "combine": list(combine), "max_rounds": rounds, **_judge(judge)}
    return _recipe("ensemble", {"ensemble": pattern})


def route_of(classifier: str, specialists: Sequence[str], general: str, threshold: float) -> Recipe:
    """`specialists` are `kind: model`."""
    to = {kind: {"ask": {"model": model, "prompt": PROMPT}} for kind, model in _pairs(specialists).items()}
    pattern = {
        "classifier": classifier,
        "threshold": threshold,
        "to": to,
        "general": {"ask": {"model": general, "prompt": PROMPT}},
    }
    return _recipe("route", {"route": pattern})


def refine_of(writer: str, editors: Sequence[str], judge: str, target: float) -> Recipe:
    """One model starts, each editor is a stage."""
    stages = [
        {"name": f"stage_{number}", "ask": {"model": editor, "prompt": IMPROVE}}
        for number, editor in enumerate(editors, 1)
    ]
    start = {"ask": {"model": writer, "prompt": PROMPT}}
    return _recipe(
        "refine", {"refine": {"start": start, "stages": stages, "target": target, **_judge(judge)}}
    )


def repeat_of(writer: str, judge: str, threshold: float, iterations: int) -> Recipe:
    """One model writes again with a judge's feedback."""
    body = {"ask": {"model": writer, "prompt": AGAIN}}
    pattern = {"body": body, "threshold": threshold, "max_iterations": iterations, **_judge(judge)}
    return _recipe("repeat", {"repeat": pattern})


def team_of(
    coordinator: str, specialists: Sequence[str], reviewer: str, threshold: float, iterations: int
) -> Recipe:
    """`specialists` are `role: model`; lessons are not kept, as every prompt is another task."""
    pattern: dict[str, Any] = {
        "coordinator": coordinator,
        "specialists": _pairs(specialists),
        "feedback": {
            "quality_threshold": threshold,
            "max_iterations": iterations,
            "auto_improvement": False,
        },
        "general": {"ask": {"model": coordinator, "prompt": PROMPT}},
    }
    return _recipe("team", {"team": pattern | ({"reviewer": reviewer} if reviewer else {})})


def _recipe(name: str, make: dict[str, Any]) -> Recipe:
    plain = {"recipe": name, "request": {"prompt": {"type": "str"}}, "make": make, "max_failed": 0}
    try:
        return Recipe.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"] if each not in ("make", name))
        raise UserError(f"{first['msg']}", where=where or name) from error


def _judge(judge: str) -> dict[str, str]:
    return {"judge": judge} if judge else {}


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for each in given:
        name, colon, model = (part.strip() for part in each.partition(":"))
        if not (name and colon and model):
            raise UserError(f"{each!r} is no pair", where="specialists", hint="write 'technical: gpt-4'")
        pairs[name] = model
    return pairs
