"""A team's plan: subtasks with roles and what each needs of the others; read from JSON and checked. No I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_SUBTASKS: Final = 12


@dataclass(frozen=True, slots=True)
class Subtask:
    """One piece of work.

    Attributes:
        needs: ids of the subtasks whose results it is given.
    """

    id: str
    role: str
    task: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """Subtasks in an order in which they can be done."""

    subtasks: tuple[Subtask, ...]

    @property
    def ends(self) -> list[Subtask]:
        """What nothing else needs."""
        needed = {each for subtask in self.subtasks for each in subtask.needs}
        return [subtask for subtask in self.subtasks if subtask.id not in needed]

    @property
    def last(self) -> Subtask | None:
        """The one subtask that nothing else needs; None if there are several."""
        ends = self.ends
        return ends[0] if len(ends) == 1 else None

    @property
    def places(self) -> dict[str, str]:
        """Under which path each is worked: `writer`, `writer 2`; ids are a model's words, and may be anything."""
        times: Counter[str] = Counter()
        found: dict[str, str] = {}
        for subtask in self.subtasks:
            times[subtask.role] += 1
            number = times[subtask.role]
            found[subtask.id] = subtask.role if number == 1 else f"{subtask.role} {number}"
        return found


def plan_schema(roles: Sequence[str]) -> dict[str, Any]:
    """The JSON Schema of a plan for specialists of these roles."""
    text = {"type": "string", "minLength": 1}
    subtask = {
        "type": "object",
        "properties": {
            "id": text,
            "role": {"type": "string", "enum": list(roles)},
            "task": text,
            "needs": {"type": "array", "items": text},
        },
        "required": ["id", "role", "task", "needs"],
        "additionalProperties": False,
    }
    many = {"type": "array", "items": subtask, "minItems": 1, "maxItems": MOST_SUBTASKS}
    return {
        "type": "object",
        "properties": {"subtasks": many},
        "required": ["subtasks"],
        "additionalProperties": False,
    }


def plan_faults(value: Mapping[str, Any]) -> list[str]:
    """What is wrong with a plan that fits its schema, in words that the coordinator can act on."""
    ids = [subtask["id"] for subtask in value["subtasks"]]
    faults = [f"the id {each!r} is given twice" for each in dict.fromkeys(ids) if ids.count(each) > 1]
    faults += [
        f"{subtask['id']!r} needs {need!r}, which is no subtask"
        for subtask in value["subtasks"]
        for need in dict.fromkeys(subtask["needs"])
        if need not in ids
    ]
    if not faults:
        try:
            _ordered(value)
        except CycleError as error:
            faults.append(f"subtasks wait for one another: {' → '.join(error.args[1])}")
    return faults


def plan_of(value: Mapping[str, Any]) -> TeamPlan:
    """The plan in a value without faults."""
    by_id = {subtask["id"]: subtask for subtask in value["subtasks"]}
    return TeamPlan(
        tuple(
            Subtask(
                each, by_id[each]["role"], by_id[each]["task"], tuple(dict.fromkeys(by_id[each]["needs"]))
            )
            for each in _ordered(value)
        )
    )


def _ordered(value: Mapping[str, Any]) -> list[str]:
    graph = {subtask["id"]: dict.fromkeys(subtask["needs"]) for subtask in value["subtasks"]}
    return list(TopologicalSorter(graph).static_order())
