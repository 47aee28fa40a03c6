"""Recipes of ensembles and routes, and what judges and comparers answer, as short as a test reads well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tasks.patterns.settings import Quality

if TYPE_CHECKING:
    from row_rig import Question, RowRig

CRITERIA = Quality().criteria
TIDES = "The tides follow the Moon.\nThey rise twice a day."
WINDS = "The wind makes the waves.\nIt also bends the tides."
DEPTH = "The sea floor decides.\nShallow water lifts the tide."


def recipe(make: dict[str, Any], **top: Any) -> str:
    """A recipe whose request may have a topic; JSON is YAML."""
    return json.dumps({"recipe": "r", "request": {"topic": {"default": None}}, "make": make, **top})


def ask(model: str, prompt: str = "Answer.", **more: Any) -> dict[str, Any]:
    return {"ask": {"model": model, "prompt": prompt, **more}}


def member(name: str, model: str | None = None, prompt: str = "Answer.", **more: Any) -> dict[str, Any]:
    """A step that asks the model of its own name, unless another is given."""
    return {"name": name, **ask(model or name, prompt, **more)}


def ensemble(*members: dict[str, Any], step: dict[str, Any] | None = None, **more: Any) -> str:
    """A recipe of one ensemble; `step` holds keys beside it."""
    return recipe({"ensemble": {"members": list(members), **more}, **(step or {})})


def judgement(score: float, feedback: str = "Say more.", **by: float) -> str:
    """A judge's answer; `by` scores single criteria otherwise."""
    scores = {name: {"reason": f"{name} seen", "score": by.get(name, score)} for name in CRITERIA}
    return json.dumps({"scores": scores, "feedback": feedback})


def claims(*each: tuple[str, list[int], list[int]]) -> str:
    """A comparer's answer: claim, who makes it, who disputes it."""
    keys = ("claim", "made_by", "disputed_by")
    return json.dumps({"claims": [dict(zip(keys, one, strict=True)) for one in each]})


def asked(rig: RowRig) -> list[str]:
    """The models, in alphabetical order: of calls made at once any may arrive first."""
    return sorted(question.model for question in rig.questions())


def asked_of(rig: RowRig, model: str) -> list[Question]:
    return [question for question in rig.questions() if question.model == model]


def judged_text(question: Question) -> str:
    """What a judge was given to judge."""
    text: str = question.texts[0].split("<text>\n")[1]
    return text.removesuffix("\n</text>")
