"""The control arm's one step: one call of one model, from one prompt. No I/O.

The prompt says what the recipe says of the task: what it is about, the request, the form of the answer, and by what it
will be judged. A recipe may give a better one; the stronger the baseline, the more an uplift over it means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from tasks.patterns.settings import Baseline
from tasks.patterns.step_tree import Place, walk
from tasks.patterns.steps import Ask, Step

if TYPE_CHECKING:
    from tasks.patterns.recipe import Recipe

BASELINE: Final = "@baseline"  # no step of a recipe can be called so
ROLE: Final = "baseline"


def baseline_step(recipe: Recipe, baseline: Baseline) -> Step:
    """The one step of the control arm; the form of its answer is that of the recipe's last writer."""
    asks = [place.step for place in walk(Place(("make",), recipe.make, frozenset())) if place.step.ask]
    last = asks[-1] if asks else None
    form: dict[str, Any] = {}
    if last is not None and last.ask is not None:
        form = {"max_tokens": last.ask.max_tokens, "format": last.ask.format}
    ask = Ask(model=baseline.model, prompt=baseline.prompt or prompt_of(recipe), **form)
    return Step(ask=ask, role=ROLE, expects=recipe.make.expects or (last.expects if last else None))


def prompt_of(recipe: Recipe) -> str:
    """A template that tells one model all that the recipe's request says."""
    about = f"{_literal(recipe.about)}\n\n" if recipe.about else ""
    cells = "".join(
        f"{{% if request.{name} is not none %}}{name}: {{{{ request.{name} }}}}\n{{% endif %}}"
        for name in recipe.columns
    )
    criteria = _literal(", ".join(recipe.quality.criteria))
    return f"{about}{cells}\nIt will be judged by {criteria}. Give the finished result alone."


def _literal(text: str) -> str:
    """A text that no template language reads."""
    return f"{{{{ {orjson.dumps(text).decode()} }}}}" if "{" in text else text


def alone(recipe: Recipe, model: str) -> Recipe:
    """A recipe for the same requests, of one call of one model."""
    prompt = recipe.baseline.prompt if recipe.baseline is not None else None
    step = baseline_step(recipe, Baseline(model=model, share=1.0, prompt=prompt))
    name = re.sub(r"[^A-Za-z0-9_-]", "-", model)[:64]
    return recipe.model_copy(update={"recipe": name, "make": step, "baseline": None})
