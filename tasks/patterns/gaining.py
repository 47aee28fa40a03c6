"""A cascade by gain: before anything is asked, the request's text says which of its two models works it. No I/O.

What it says is journalled. The stronger model is asked too if the cheaper one's answer fails a check, and either where
the other cannot serve. An explored row is worked as by a judge: both models answer and are scored, which is what the next
nights' gains are learnt from.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from tasks.choosing.routing import Routing
from tasks.patterns.lint_reading import cells_quoted
from tasks.patterns.model_choice import Cascade
from tasks.patterns.step_tree import Place, inner_places
from tasks.patterns.steps import Ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Step

GAIN: Final = "gain"


def by_gain(chain: Cascade, spec: Ask, scope: Scope, *, explored: bool) -> Cascade:
    """The cascade that this request is worked by: the model that is to work it comes first."""
    if explored:
        return chain.model_copy(update={"by": "judge"})
    strong = chain.cascade[-1]
    decided = scope.decided(GAIN)
    known: Any = decided.known
    if known is None:
        known = _decision(chain, spec, scope)
        decided.settle(known)
    if known["model"] == strong:
        return chain.model_copy(update={"cascade": chain.cascade[::-1]})
    return chain


def _decision(chain: Cascade, spec: Ask, scope: Scope) -> dict[str, Any]:
    cheap, strong = chain.cascade
    chooser = scope.setting.chooser
    routing = chooser.routing(scope.path, cheap, strong) if chooser is not None else Routing(cheap, strong)
    text = gain_text(spec, scope.request, scope.setting.columns)
    gain, stands = routing.placed(text, scope.request_type)
    is_worth_it = 1 - stands < chain.strong_share or chain.strong_share == 1
    return {
        "model": strong if is_worth_it else cheap,
        "gain": gain,
        "stands": stands,
    }


def gain_text(spec: Ask, values: Mapping[str, Any], declared: Iterable[str]) -> str:
    """What the gain is read from: the cells that the step's prompt shows, by name, as plans keep no order; else all declared."""
    shown = _cells_shown(spec.prompt, spec.system or "")
    columns = [name for name in sorted(declared) if name in shown or "*" in shown] or sorted(declared)
    texts = (_plain(values.get(name)) for name in columns)
    return "\n".join(text for text in texts if text)


def gain_steps(make: Step) -> list[tuple[str, Ask, tuple[str, str]]]:
    """The asks that go by gain: path in the store, what is asked, the cheaper and the stronger model."""
    found = []
    for path, spec in asks(make):
        if isinstance(spec.model, Cascade) and spec.model.by == GAIN:
            cheap, strong = spec.model.cascade
            found.append((path, spec, (cheap, strong)))
    return found


def asks(make: Step) -> Iterator[tuple[str, Ask]]:
    """Every ask of a recipe with its path, `draft` or `refine/polish`."""
    return _asks(Place((), make, frozenset()), "")


def _asks(place: Place, path: str) -> Iterator[tuple[str, Ask]]:
    if isinstance(place.step.pattern, Ask):
        yield path, place.step.pattern
    for inner in inner_places(place):
        own = str(inner.step.name or inner.loc[-1])
        yield from _asks(inner, f"{path}/{own}" if path else own)


@lru_cache(maxsize=256)
def _cells_shown(*templates: str) -> frozenset[str]:
    return frozenset(name for template in templates for name in cells_quoted(template))


def _plain(value: Any) -> str:
    """As it is in a row of `outputs` too, where a date is its text."""
    if value is None or isinstance(value, str):
        return value or ""
    text = orjson.dumps(value, default=str).decode()
    return str(orjson.loads(text)) if text.startswith('"') else text
