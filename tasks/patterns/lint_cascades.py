"""Cascades of which the judge costs what it is to save: the strongest model's calls. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.calling.prices import cost
from tasks.patterns.expected_case import expected_case
from tasks.patterns.judge_choice import asks_a_judge, default_judge, writers
from tasks.patterns.lint_remark import COST, Remark
from tasks.patterns.lint_shown import REQUEST_TOKENS
from tasks.patterns.model_choice import Cascade, names_in
from tasks.patterns.prior import CASCADE_GOES_ON
from tasks.patterns.steps import Ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tasks.calling.catalog import Catalog
    from tasks.calling.prices import Price
    from tasks.patterns.expected_case import Expected
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.step_tree import Place


def dear_judges(
    recipe: Recipe, places: Sequence[Place], catalog: Catalog, priced: Mapping[str, Price | None]
) -> Iterator[Remark]:
    """Judged cascades that are expected to pay no less for judging than they save of their last model's calls.

    Nothing of those whose prices are not all known, or whose judge is a need.
    """
    for place in places:
        spec = place.step.pattern
        if not isinstance(spec, Ask) or not isinstance(spec.model, Cascade) or not asks_a_judge(spec):
            continue
        named = recipe.quality.judge
        judges = (
            names_in(named) if named is not None else (default_judge(writers(place.step), catalog.models),)
        )
        chain = spec.model.cascade
        if not judges or len(chain) < 2:
            continue
        # What `explore` adds for a while is the price of knowing more, not of the cascade.
        case = expected_case(recipe.model_copy(update={"explore": 0.0}), list(priced), judges)
        path, each_cell = _path(place, places), REQUEST_TOKENS / max(1, len(recipe.request))
        judging = _usd(case, f"{path}/judge" if path else "judge", "judge", None, priced, each_cell)
        last = _usd(case, path, place.step.role or "", chain[-1], priced, each_cell)
        share = sum(CASCADE_GOES_ON**number for number, name in enumerate(chain) if name == chain[-1])
        if judging and last is not None and judging >= (1 - share) * last / share:
            what = f"the judge {judges[0]!r} costs as much as asking {chain[-1]!r} at once"
            hint = "use by: agreement or by: checks, or name a cheaper judge"
            yield Remark((*place.loc, "ask", "model"), COST, what, hint)


def _path(place: Place, places: Sequence[Place]) -> str:
    """Where the store has the step's calls."""
    outer = [each for each in places if each.loc == place.loc[: len(each.loc)]]
    labels = [each.step.name or (each.loc[-1] if len(each.loc) > 1 else "") for each in outer]
    return "/".join(str(label) for label in labels if label != "")


def _usd(
    case: Expected,
    path: str,
    role: str,
    model: str | None,
    priced: Mapping[str, Price | None],
    cell_tokens: float,
) -> float | None:
    """Of a request's calls at this path; None if a price is not known.

    Args:
        model: None is all of them.
        cell_tokens: of each cell of the request.
    """
    cells = dict.fromkeys(case.cells, cell_tokens)
    found = [
        cost(priced.get(asked.model), round(line.reading(cells)), round(line.tokens_out))
        for asked, line in case.lines.items()
        if (asked.step, asked.role) == (path, role) and model in (None, asked.model)
    ]
    known = [usd for usd in found if usd is not None]
    return sum(known) if len(known) == len(found) else None
