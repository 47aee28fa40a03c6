"""Teams as tests read them: gpt coordinates, spare analyses, gemini writes, claude reviews."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ensemble_rig import CRITERIA, recipe

if TYPE_CHECKING:
    from row_rig import Question, RowRig

SPECIALISTS = {"analyst": "spare", "writer": "gemini"}
PLANNING, ASSEMBLING = "Break the task", "have done their parts"


def team(step: dict[str, Any] | None = None, feedback: dict[str, Any] | None = None, **more: Any) -> str:
    """A recipe of one team; `step` holds keys beside it."""
    rounds = {"quality_threshold": 0.9, "auto_improvement": False, **(feedback or {})}
    spec = {
        "coordinator": "gpt",
        "specialists": SPECIALISTS,
        "reviewer": "claude",
        "feedback": rounds,
        **more,
    }
    return recipe({"team": spec, **(step or {})}, about="Notes for sailors")


def subtask(name: str, role: str, *needs: str) -> dict[str, Any]:
    return {"id": name, "role": role, "task": f"Do {name}.", "needs": list(needs)}


def plan(*subtasks: dict[str, Any]) -> str:
    """A coordinator's answer."""
    return json.dumps({"subtasks": list(subtasks)})


ONE = plan(subtask("text", "writer"))
TWO = plan(subtask("facts", "analyst"), subtask("text", "writer", "facts"))


def plans(rig: RowRig, *answers: str) -> None:
    """What the coordinator answers when it is to plan."""
    rig.answers("gpt", *answers, prompt=PLANNING)


def reviews(rig: RowRig, *each: tuple[float, str] | tuple[float, str, str]) -> None:
    """What the reviewer answers: score, feedback, and a lesson where one is asked for."""
    rig.answers("claude", *(review(*one) for one in each))


def review(score: float, feedback: str = "", lesson: str | None = None) -> str:
    scores = {name: {"reason": f"{name} seen", "score": score} for name in CRITERIA}
    return json.dumps(
        {"scores": scores, "feedback": feedback} | ({} if lesson is None else {"lesson": lesson})
    )


def models(rig: RowRig) -> list[str]:
    return [question.model for question in rig.questions()]


def told(question: Question) -> dict[str, str]:
    """The titled sections of what a member of a team was told."""
    parts = question.texts[0].removeprefix("# ").split("\n\n# ")
    return dict(part.split("\n", 1) for part in parts)
