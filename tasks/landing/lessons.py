"""What reviewers taught, kept per recipe from run to run: `_recipes/lessons/<recipe>.json`.

A lesson is a model's text about other models' text: one line, short, and only ever shown as advice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tasks.patterns.recipe_check import places
from tasks.patterns.steps import Team
from tasks.storing.records import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tasks.patterns.notes import Lesson
    from tasks.patterns.recipe import Recipe
    from tasks.storing.filesystem import Store

FOLDER: Final = "_recipes/lessons"
LONGEST: Final = 300
OFFERED: Final = 8
KEPT: Final = 40
PER_SHARD: Final = 20


def lessons_path(recipe: str) -> str:
    """Where a recipe's lessons lie."""
    return f"{FOLDER}/{recipe}.json"


def taught_recipes(store: Store) -> list[str]:
    """The recipes that have lessons."""
    return [path.rsplit("/", 1)[1].removesuffix(".json") for path in store.list(FOLDER)]


def wants_lessons(recipe: Recipe) -> bool:
    """Whether a team of the recipe learns from run to run."""
    return any(
        isinstance(place.step.pattern, Team) and place.step.pattern.feedback.auto_improvement
        for place in places(recipe)
    )


def taught(rows: Iterable[Sequence[Lesson]]) -> list[dict[str, Any]]:
    """The lessons of a shard's rows, each text once, the most valuable first: {text, score, times}."""
    said = [
        {"text": " ".join(lesson.text.split())[:LONGEST].strip(), "score": lesson.score, "times": 1}
        for lessons in rows
        for lesson in lessons
    ]
    found = _added_up(each for each in said if each["text"])
    return sorted(found.values(), key=_worth)[:PER_SHARD]


def known_lessons(store: Store, recipe: str) -> list[dict[str, Any]]:
    """All lessons kept for a recipe, the most valuable first: {text, score, times, run}."""
    document = read_json(store, lessons_path(recipe))
    return list(document["lessons"]) if document else []


def offered(store: Store, recipe: Recipe) -> list[str]:
    """The lessons that a run of the recipe starts with; none unless a team of it learns."""
    if not wants_lessons(recipe):
        return []
    return [lesson["text"] for lesson in known_lessons(store, recipe.recipe)[:OFFERED]]


def keep_lessons(store: Store, recipe: str, run: str, lessons: Iterable[dict[str, Any]]) -> int:
    """Add a run's lessons to the recipe's; returns how many are new. Keeping a run's lessons twice changes nothing."""
    known = {lesson["text"].casefold(): lesson for lesson in known_lessons(store, recipe)}
    before = len(known)
    for name, lesson in _added_up(lessons).items():
        if name not in known:
            known[name] = {**lesson, "runs": [run]}
        elif run not in known[name]["runs"]:
            both = _added_up([known[name], lesson])[name]
            known[name] = {**both, "runs": [*known[name]["runs"], run][-KEPT:]}
    if known:
        write_json(store, lessons_path(recipe), {"lessons": sorted(known.values(), key=_worth)[:KEPT]})
    return len(known) - before


def forget_lessons(store: Store, recipe: str) -> int:
    """Drop all lessons of a recipe; returns how many there were."""
    known = known_lessons(store, recipe)
    store.delete([lessons_path(recipe)] if known else [])
    return len(known)


def _added_up(lessons: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """One lesson for each text, whatever its case: said as often as all of them, of the worst of their texts."""
    found: dict[str, dict[str, Any]] = {}
    for lesson in lessons:
        name = lesson["text"].casefold()
        first = found.get(name)
        found[name] = (
            dict(lesson)
            if first is None
            else {
                **first,
                "times": first["times"] + lesson["times"],
                "score": min(first["score"], lesson["score"]),
            }
        )
    return found


def _worth(lesson: dict[str, Any]) -> tuple[int, float, str]:
    """What was said most often first, then what was said of the worst texts."""
    return -lesson["times"], lesson["score"], lesson["text"]
