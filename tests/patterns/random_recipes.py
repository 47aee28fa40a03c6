"""Recipes of any shape, and models that answer anything: what the bounds of patterns are held against."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tasks.calling.call import Completion
from tasks.calling.catalog import Catalog
from tasks.calling.failures import CallFailed
from tasks.choosing.chooser import Chooser
from tasks.choosing.estimates import Estimates
from tasks.choosing.ranking import Known
from tasks.patterns.row import setting_of
from tasks.patterns.templates import Renderer

if TYPE_CHECKING:
    from random import Random

    from tasks.calling.call import Call
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Setting

MODELS = ("alpha", "beta", "gamma")
CATALOG = Catalog.model_validate(
    {
        "providers": {"p": {"api": "openai", "base_url": "http://127.0.0.1:1/v1"}},
        "models": {
            name: {"provider": "p", "id": name, "family": name, "strengths": {"analysis": place / 4}}
            for place, name in enumerate(MODELS, 1)
        },
    }
)
NEED = {"for": "analysis", "complexity": 0.7}
CASCADES = (
    {"cascade": list(MODELS), "accept": 0.5},
    {"cascade": list(MODELS[:2]), "accept": [0.7], "by": "checks"},
    {"cascade": list(MODELS[1:]), "by": "confidence"},
)
DEEPEST = 4
LEAF_SCHEMA = {"type": "object", "properties": {"verdict": {"enum": ["yes", "no"]}}, "required": ["verdict"]}
CHECKS = ({"min_words": 2}, {"max_chars": 400}, {"is_json": True}, {"mentions": ["{{ request.topic }}"]})
PROMPTS = (
    "Write on {{ request.topic }}.",
    "Better: {{ feedback }} {{ score or '' }}",
    "{{ members | length }} {{ round }}",
)
KINDS = ("server_error", "refusal", "empty", "timeout", "model_missing")


def setting(recipe: Recipe, explore: float = 0.0) -> Setting:
    """What rows are worked with: models of which nobody knows the price, and nothing learnt."""
    known = Known(CATALOG, dict.fromkeys(MODELS), Estimates())
    return setting_of(recipe, Renderer(), CATALOG, (), Chooser(known, explore=explore, seed="s"))


class Names:
    """Names that no other step of the recipe has, and whether steps may be optional."""

    def __init__(self, optional: bool) -> None:
        self.optional = optional
        self._numbers = count(1)

    def new(self) -> str:
        return f"s{next(self._numbers)}"


@st.composite
def recipes(draw: st.DrawFn, *, optional: bool = True) -> dict[str, Any]:
    """Any valid recipe, with small widths.

    Args:
        optional: steps may be that.
    """
    make = _step(draw, DEEPEST, [], Names(optional), in_loop=False)
    quality = {"target": draw(st.sampled_from([0.0, 0.5, 0.9, 1.0]))}
    if draw(st.booleans()):
        quality["judge"] = draw(st.sampled_from([*MODELS, list(MODELS[:2]), NEED]))
    return {"recipe": "any", "request": {"topic": {"default": "tides"}}, "quality": quality, "make": make}


def _step(
    draw: st.DrawFn, depth: int, seen: list[str], names: Names, *, in_loop: bool, name: str | None = None
) -> dict[str, Any]:
    kinds = [each for each in _PATTERNS if each != "ask" or name] if depth > 1 else ["ask"]
    kind = draw(st.sampled_from(kinds))
    inner: list[str] = []
    step = {kind: _PATTERNS[kind](draw, depth - 1, seen, names, inner, in_loop=in_loop)}
    if name:
        step["name"] = name
    if draw(st.sampled_from([False] * 4 + [True])):
        step["checks"] = [draw(st.sampled_from(CHECKS))]
    if name and draw(st.sampled_from([False] * 6 + [True])):
        step["when"] = draw(st.sampled_from(["true", "round < 2", "feedback or request.topic", "false"]))
    if name and names.optional and draw(st.sampled_from([False] * 4 + [True])):
        step["optional"] = True
    if draw(st.sampled_from([False] * 4 + [True])):
        told = draw(st.sampled_from(["draft", *seen, *inner]))
        step["result"] = {"content": "{{ draft }}", "data": {"told": f"{{{{ {told} }}}}"}}
    return step


def _ask(draw, _depth, seen, _names, _inner, *, in_loop) -> dict[str, Any]:
    prompts = [
        *PROMPTS,
        *(f"After {{{{ {name} }}}}" for name in seen),
        *(["Improve {{ draft }}"] if in_loop else []),
    ]
    forms: list[Any] = ["text", "text", "json", {"schema": LEAF_SCHEMA}]
    return {
        "model": draw(st.sampled_from([*MODELS, list(MODELS), NEED, *CASCADES, *_matching(seen)])),
        "prompt": draw(st.sampled_from(prompts)),
        "format": draw(st.sampled_from(forms)),
        "samples": draw(st.sampled_from([1, 1, 1, 3])),
    }


def _matching(seen: list[str]) -> list[dict[str, Any]]:
    return [{**NEED, "with": seen[-1]}] if seen else []


def _pipeline(draw, depth, seen, names, inner, *, in_loop) -> list[dict[str, Any]]:
    steps = []
    for _ in range(draw(st.integers(1, 3))):
        name = names.new()
        steps.append(_step(draw, depth, [*seen, *inner], names, in_loop=in_loop, name=name))
        inner.append(name)
    return steps


def _ensemble(draw, depth, seen, names, inner, *, in_loop) -> dict[str, Any]:
    members = []
    for _ in range(draw(st.integers(1, 3))):
        inner.append(names.new())
        members.append(_step(draw, depth, seen, names, in_loop=in_loop, name=inner[-1]))
    combine = draw(
        st.lists(st.sampled_from(["vote", "merge", "consensus"]), min_size=1, max_size=3, unique=True)
    )
    spec = {"members": members, "combine": combine, "max_rounds": draw(st.integers(1, 3))}
    return spec | draw(
        st.fixed_dictionaries(
            {},
            optional={
                "by": st.sampled_from(["majority", "judge", "similarity"]),
                "quorum": st.integers(1, len(members)),
                "merger": st.sampled_from([*MODELS, NEED]),
                "judge": st.sampled_from([*MODELS, NEED]),
            },
        )
    )


def _route(draw, depth, seen, names, inner, *, in_loop) -> dict[str, Any]:
    def branch() -> dict[str, Any]:
        inner.append(names.new())
        return _step(draw, depth, seen, names, in_loop=in_loop, name=inner[-1])

    ways: dict[str, Any] = {
        "rules": {"rules": [{"if": "request.topic == 'tides'", "to": "sea"}]},
        "embedding": {"examples": {"sea": ["tides and waves"], "land": ["hills and roads"]}},
        "model": {"classifier": draw(st.sampled_from([*MODELS, NEED]))},
    }
    by = ways[draw(st.sampled_from(sorted(ways)))]
    threshold = draw(st.sampled_from([0.0, 0.5, 0.8]))
    return {**by, "threshold": threshold, "to": {"sea": branch(), "land": branch()}, "general": branch()}


def _refine(draw, depth, seen, names, inner, *, in_loop) -> dict[str, Any]:
    inner.append(names.new())
    start = _step(draw, depth, seen, names, in_loop=in_loop, name=inner[-1])
    stages = []
    for _ in range(draw(st.integers(1, 2))):
        inner.append(names.new())
        stages.append(_step(draw, depth, seen, names, in_loop=True, name=inner[-1]))
    return {"start": start, "stages": stages, "target": draw(st.sampled_from([0.5, 1.0]))}


def _repeat(draw, depth, seen, names, inner, *, in_loop) -> dict[str, Any]:
    inner.append(names.new())
    body = _step(draw, depth, seen, names, in_loop=True, name=inner[-1])
    return {
        "body": body,
        "threshold": draw(st.sampled_from([0.5, 1.0])),
        "max_iterations": draw(st.integers(1, 3)),
    }


def _team(draw, depth, seen, names, inner, *, in_loop) -> dict[str, Any]:
    feedback = {
        "quality_threshold": draw(st.sampled_from([0.5, 1.0])),
        "max_iterations": draw(st.integers(1, 2)),
        "auto_improvement": draw(st.booleans()),
    }
    spec = {
        "coordinator": "alpha",
        "specialists": {"writer": "beta", "analyst": "gamma"},
        "feedback": feedback,
    }
    if draw(st.booleans()):
        inner.append(names.new())
        spec["general"] = _step(draw, depth, seen, names, in_loop=in_loop, name=inner[-1])
    return spec


_PATTERNS = {
    "ask": _ask, "pipeline": _pipeline, "ensemble": _ensemble, "route": _route, "refine": _refine,
    "repeat": _repeat, "team": _team,
}  # fmt: skip


class TooManyCalls(Exception):
    """More calls than the recipe may come to."""


@dataclass
class Anybody:
    """Answers at random: prose, what was asked for, JSON that was not, nothing, a failure, rarely a very long text.

    Attributes:
        most: calls, after which it is an error to ask once more.
        well: share of the answers that are what was asked for.
    """

    random: Random
    most: int
    well: float
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, call: Call) -> Completion:
        self.calls.append(call)
        if len(self.calls) > self.most:
            raise TooManyCalls([each.step for each in self.calls])
        for _ in range(self.random.randrange(3)):
            await asyncio.sleep(0)
        if self.random.random() < (1 - self.well) / 4:
            raise CallFailed("row_fails", self.random.choice(KINDS), "as it happens", model=call.models[0])
        finish = self.random.choice(["stop"] * 9 + ["length"])
        return Completion(self._text(call), finish, "c", call.models[0], 0.0, 0.0, 1, 1, False, True)

    def _text(self, call: Call) -> str:
        wanted = call.ask.format
        if self.random.random() < self.well:
            return _prose(self.random) if wanted == "text" else json.dumps(self._fitting(wanted))
        return self.random.choice(
            [
                _prose(self.random),
                "{}",
                "[]",
                '{"scores": 1',
                "7",
                "tides " * 3000,
                '{"content": " "}',
                "<think>x</think>",
            ]
        )

    def _fitting(self, schema: Any) -> Any:
        """A value for the schema, as far as patterns write schemas."""
        if schema == "json" or "type" not in schema:
            return (
                self.random.choice(schema.get("enum", [None]))
                if isinstance(schema, dict)
                else {"content": "Tides."}
            )
        match schema["type"]:
            case "object" if "subtasks" in schema["properties"]:
                return self._plan(schema["properties"]["subtasks"])
            case "object":
                return {name: self._fitting(each) for name, each in schema["properties"].items()}
            case "array":
                most = min(schema.get("maxItems", 3), 5)
                return [
                    self._fitting(schema["items"])
                    for _ in range(self.random.randint(schema.get("minItems", 0), most))
                ]
            case "number":
                return self.random.choice([0, 0.3, 0.6, 0.95, 1])
            case "integer":
                return self.random.randint(1, 4)
            case _:
                return self.random.choice(schema.get("enum", ["a", "b", "c", "d"]))

    def _plan(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Subtasks that need earlier ones; at times of more than twelve, or in a circle."""
        roles = schema["items"]["properties"]["role"]["enum"]
        ids = [f"t{number}" for number in range(self.random.choice([1, 2, 3, 5, 12, 13]))]
        circle = self.random.random() < 0.1
        return {
            "subtasks": [
                {
                    "id": name,
                    "role": self.random.choice(roles),
                    "task": "Do it.",
                    "needs": [ids[-1]] if circle else self.random.sample(ids[:place], k=min(place, 2)),
                }
                for place, name in enumerate(ids)
            ]
        }


def _prose(random: Random) -> str:
    return " ".join(
        random.choices(["tides", "rise", "fall", "and", "turn.", "\n", "Yes", "42"], k=random.randint(1, 12))
    )
