"""What tonight's run of a recipe would be served from the ledger, what it would ask anew, why, and for how much."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from tasks.calling.call import Row
from tasks.calling.catalog import Catalog
from tasks.calling.failures import CallFailed
from tasks.calling.key_changes import ELSE, NOT_KEPT
from tasks.calling.prices import cost
from tasks.calling.route_making import prices, reachable
from tasks.calling.unsent_routes import unsent_routes
from tasks.choosing.chooser import Chooser
from tasks.choosing.ranking import Known
from tasks.landing.former_ids import former_ids
from tasks.landing.gains import tonights_routings
from tasks.landing.learning import estimates_for
from tasks.landing.lessons import offered
from tasks.landing.past_slots import MADE, PastTexts, past_slots
from tasks.landing.step_figures import step_figures
from tasks.landing.what_if import DEPENDS, NoStandIn, WhatIf, from_ledger
from tasks.patterns.ran import RowFailed
from tasks.patterns.recipe import Recipe, check_models, models_needed, models_possible
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.templates import Renderer, RenderFailed
from tasks.storing.errors import RowDeferred, UserError
from tasks.storing.requests import Request, read_requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from tasks.calling.past_calls import PastCalls
    from tasks.landing.past_slots import PastSlots
    from tasks.landing.step_figures import StepFigures
    from tasks.landing.what_if import Looked
    from tasks.patterns.draft import Draft
    from tasks.patterns.scope import Setting
    from tasks.storing.filesystem import Store

EXAMPLES_PER_REASON: Final = 2
EDITS: Final = frozenset(
    {"prompt", "model", "host", "temperature", "max_tokens", "format", "variants", ELSE, NOT_KEPT}
)  # fmt: skip
Ended = Literal["made", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of which recipe, on which night.

    Attributes:
        requests: path, glob, folder or URL of the request table.
        request_id: only this one; empty for all.
        limit: at most so many of the first.
    """

    recipe: Recipe
    catalog: Catalog
    requests: str
    run_date: date
    now: datetime
    limit: int | None = None
    request_id: str = ""


@dataclass(slots=True)
class StepSums:
    """The calls of one step.

    Attributes:
        reasons: why calls would be asked anew.
        not_reached: calls expected of rows that stop earlier, by what past runs made of the step.
        usd: None once a price is not known.
        guessed: calls whose answer's length nobody knows.
    """

    calls: int = 0
    hits: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    not_reached: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float | None = 0.0
    guessed: int = 0

    @property
    def anew(self) -> int:
        """Calls that would be asked anew, for a reason that is known."""
        return sum(self.reasons.values())

    def spend(self, tokens_in: float, tokens_out: float, usd: float | None) -> None:
        """Add what calls would take."""
        self.tokens_in += round(tokens_in)
        self.tokens_out += round(tokens_out)
        self.usd = None if usd is None or self.usd is None else self.usd + usd


@dataclass(slots=True)
class Explained:
    """What became of the rows.

    Attributes:
        steps: by path, in the order they were first come to.
        ended: how the rows ended.
        blind: rows that stop at a call that nothing is recorded for, in a step after which nothing is known.
        examples: calls that would be asked anew, a few for each step and reason.
        detail: every call of the one request that was asked for.
        runs: past runs that were compared with.
        known: steps that past runs had.
        simulated: some answers that would be served are.
    """

    steps: dict[str, StepSums] = field(default_factory=dict)
    ended: Counter[Ended] = field(default_factory=Counter)
    blind: int = 0
    examples: dict[tuple[str, str], list[Looked]] = field(default_factory=dict)
    detail: list[Looked] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    known: frozenset[str] = frozenset()
    simulated: bool = False

    def step(self, path: str) -> StepSums:
        return self.steps.setdefault(path, StepSums())

    @property
    def total(self) -> StepSums:
        """All steps together."""
        total = StepSums()
        for step in self.steps.values():
            total.calls += step.calls
            total.hits += step.hits
            total.reasons.update(step.reasons)
            total.not_reached += step.not_reached
            total.guessed += step.guessed
            total.spend(step.tokens_in, step.tokens_out, step.usd)
        return total

    @property
    def edited(self) -> list[str]:
        """Steps with a call whose key has changed, and steps that are new."""
        return [
            path
            for path, step in self.steps.items()
            if step.reasons.keys() & EDITS or (self.known and path not in self.known and step.anew)
        ]

    @property
    def after(self) -> list[str]:
        """Steps that are asked anew only because they see new answers."""
        edited = self.edited
        waiting = {path for path, step in self.steps.items() if step.not_reached or DEPENDS in step.reasons}
        return [path for path in self.steps if path in waiting and path not in edited]


async def explain(past: PastCalls, wanted: Wanted) -> Explained:
    """Work the rows against the ledger; `past` has to be refreshed. Sends nothing, writes nothing.

    A need comes to the model that a night would choose now; exploration is not foreseen.
    Rows are worked one after the other, in the order of the table; a night works many at once, so of two that ask the
    same, another may be the one that pays.

    Raises:
        UserError: a model is not in the catalog, the table cannot be read, or there is no such request.
    """
    check_models(wanted.recipe, wanted.catalog.models)
    recipe = Recipe.from_frozen(wanted.recipe.canonical())  # as a run has them: from its plan
    catalog = Catalog.from_frozen(wanted.catalog.canonical())
    named = models_needed(recipe, catalog) | models_possible(recipe, catalog)
    priced = prices(catalog, reachable(catalog, sorted(named)))
    slots = _slots(past.store, wanted)
    night = WhatIf(
        unsent_routes(catalog, priced),
        from_ledger(past, wanted.now),
        slots,
        step_figures(past.store, recipe.recipe),
        PastTexts(past.store),
        past,
        wanted.now,
    )
    routings = tonights_routings(
        past.store, recipe, (each.values for each in _requests(replace(wanted, request_id="")))
    )
    known = replace(estimates_for(past.store, catalog, wanted.run_date), routings=routings)
    chooser = Chooser(Known(catalog, priced, known))
    setting = setting_of(recipe, Renderer(), catalog, offered(past.store, recipe), chooser)
    told = Explained(runs=slots.runs, known=frozenset(night.steps))
    for request in _requests(wanted):
        looked, ended, _ = await worked(night, recipe, setting, request)
        count_in(told, night, looked, ended, keep_all=bool(wanted.request_id))
    if wanted.request_id and not told.ended:
        raise UserError(f"there is no request {wanted.request_id!r} in the table", where="--request")
    return told


def _slots(store: Store, wanted: Wanted) -> PastSlots:
    """What the rows were asked before, under another id too: one made from the columns changes with these."""
    recipe, ids = wanted.recipe.recipe, {request.request_id for request in _requests(wanted)}
    slots = past_slots(store, recipe, ids)
    new = ids - slots.request_ids
    if not new:
        return slots
    former = former_ids(store, recipe, (each for each in _requests(wanted) if each.request_id in new))
    return past_slots(store, recipe, ids | set(former.values()), former=former) if former else slots


async def worked(
    night: WhatIf, recipe: Recipe, setting: Setting, request: Request
) -> tuple[list[Looked], Ended, Draft | None]:
    """The one place where a recipe is run on a row; its draft if it was made, on stand-ins or not."""
    kind = request.values.get(recipe.request_type) if recipe.request_type else None
    row = Row(
        request.request_id, MADE, recipe.recipe, None if kind is None else str(kind), 0,
        per_request_variants=recipe.variants == "per_request",
    )  # fmt: skip
    asker = night.row(row)
    try:
        draft = await make_draft(recipe, request.values, asker, setting, asker.notes)
    except NoStandIn:
        return asker.looked, "stopped", None
    except (CallFailed, RowFailed, RenderFailed, RowDeferred):
        return asker.looked, "failed", None
    return asker.looked, "made", draft


def _requests(wanted: Wanted) -> Iterator[Request]:
    """The good rows, read anew each time."""
    limit = None if wanted.request_id else wanted.limit
    for each in read_requests(wanted.requests, wanted.recipe.columns, run_date=wanted.run_date, limit=limit):
        if isinstance(each, Request) and wanted.request_id in ("", each.request_id):
            yield each


def count_in(
    told: Explained, night: WhatIf, looked: list[Looked], ended: Ended, *, keep_all: bool = False
) -> None:
    """Add a row's calls, and what is expected of the steps that it did not come to."""
    told.ended[ended] += 1
    for each in looked:
        step = told.step(each.step)
        step.calls += 1
        told.simulated |= each.simulated
        if each.served_by:
            step.hits += 1
        else:
            step.reasons[each.reason] += 1
            step.guessed += each.guessed
            step.spend(each.tokens_in, each.tokens_out, each.usd)
            examples = told.examples.setdefault((each.step, each.reason), [])
            if len(examples) < EXAMPLES_PER_REASON:
                examples.append(each)
        if keep_all:
            told.detail.append(each)
    if ended == "stopped":
        told.blind += not _expect(told, night, {each.step for each in looked})


def _expect(told: Explained, night: WhatIf, reached: set[str]) -> bool:
    """Add what past runs made of the steps that a row did not come to; False if there were none."""
    known = {path: figures for path, figures in night.steps.items() if path not in reached}
    rows = max((figures.requests for figures in night.steps.values()), default=0)
    for path, figures in known.items():
        calls = figures.calls / rows
        step = told.step(path)
        step.not_reached += calls
        step.spend(*_expected(figures, night, calls))
    return bool(known)


def _expected(figures: StepFigures, night: WhatIf, calls: float) -> tuple[float, float, float | None]:
    """Tokens in, tokens out and USD of so many calls of a step."""
    route: Any = night.routes.get(figures.model)
    if not figures.counted or route is None:
        return 0, 0, None
    tokens_in, tokens_out = (
        round(each / figures.counted * 1e6) for each in (figures.tokens_in, figures.tokens_out)
    )
    usd = cost(route.price, tokens_in, tokens_out)  # of a million calls, for the sake of whole tokens
    return calls * tokens_in / 1e6, calls * tokens_out / 1e6, None if usd is None else usd * calls / 1e6
