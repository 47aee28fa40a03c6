"""What a recipe may come to for one request: calls, calls after one another, tokens, USD, seconds. No I/O.

Every bound of calls is at least what the patterns do. USD is an estimate on the high side: a call is taken to write all
of its `max_tokens`, to go to the dearest model that may answer it, and to read its own templates (a token for four
bytes), the request, and of everything it is shown as much as that may be at most. A model's failed attempts are not in
it, nor what cells have beyond the tokens that are given for the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.patterns.lint_asking import Asking
from tasks.patterns.lint_calls import LARGEST, WorstCase
from tasks.patterns.lint_shown import REQUEST_TOKENS
from tasks.patterns.reckoning import STRUCTURED_TOKENS, Reckoning
from tasks.patterns.template_check import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.calling.prices import Price
    from tasks.patterns.recipe import Recipe

__all__ = ["MOST_CALLS", "STRUCTURED_TOKENS", "WorstCase", "too_large", "worst_case"]

MOST_CALLS: Final = 10_000


def worst_case(
    recipe: Recipe,
    prices: Mapping[str, Price | None],
    default_judge: tuple[str, ...] = (),
    fallbacks: Mapping[str, Sequence[str]] | None = None,
    request_tokens: float = REQUEST_TOKENS,
    *,
    proven: bool = False,
) -> WorstCase:
    """The most that one request may take, and the least.

    Args:
        recipe: need not be free of mistakes.
        prices: catalog name → price. Where a need or nobody says which model, any of these may be meant.
        default_judge: who judges where neither a step nor the recipe says.
        fallbacks: catalog name → the models that serve when this one cannot.
        request_tokens: of the row.
        proven: with what proves it, the control arm and the blind judges.
    """
    judges = recipe.quality.judge if recipe.quality.judge is not None else default_judge or None
    reckoning = Reckoning(recipe, Asking(prices, fallbacks or {}, request_tokens), judges)
    return reckoning.proven() if proven else reckoning.total()


def too_large(recipe: Recipe) -> Fault | None:
    """What is wrong with a recipe of which one request may take more than `MOST_CALLS` calls."""
    calls = worst_case(recipe, {}).calls
    if calls <= MOST_CALLS:
        return None
    found = "a billion calls or more" if calls >= LARGEST else f"up to {calls:,} calls"
    hint = "lower max_iterations, max_rounds or samples, or nest fewer of them in one another"
    return Fault(f"one request may take {found}, more than {MOST_CALLS:,}", hint)
