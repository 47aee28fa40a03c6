"""What models are told in a recipe's run, request by request the same: what may leak into an output. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.judging import json_answers, rubric, side_by_side
from tasks.patterns import comparing, merging, rewriting, route, team, team_work
from tasks.patterns.recipe_check import places
from tasks.patterns.steps import Ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.patterns.recipe import Recipe

INSTRUCTIONS = tuple(
    text
    for module in (rubric, side_by_side, json_answers, comparing, merging, rewriting, route, team, team_work)
    for name, text in sorted(vars(module).items())
    if name.isupper() and isinstance(text, str) and len(text) > 100
)
"""The patterns' own, judges' included."""


def told_texts(recipe: Recipe) -> Iterator[str]:
    """The recipe's prompts and system texts, and the patterns' instructions; templates as they are written."""
    yield from INSTRUCTIONS
    for place in places(recipe):
        if isinstance(place.step.pattern, Ask):
            yield from filter(None, (place.step.pattern.prompt, place.step.pattern.system))


def wished_texts(recipe: Recipe) -> Iterator[str]:
    """What outputs are asked to say word for word; templates as they are written."""
    yield from recipe.batch.mentions if recipe.batch is not None else ()
    for place in places(recipe):
        for check in place.step.checks:
            if check.kind in ("mentions", "starts_with", "ends_with"):
                yield from check.templates
