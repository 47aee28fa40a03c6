"""A past run's rows worked by another recipe on recorded answers alone. Sends nothing, writes nothing.

Every call is looked up in the store's ledger, whatever its age; what is not there is explained and priced as
`cache explain` does it. A row comes through whole if every call that it asked for is there: only of such a row is it known
what it would have come to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson

from tasks.calling.catalog import Catalog
from tasks.calling.lookup import Found, look_up
from tasks.calling.prices import cost
from tasks.calling.route_making import prices, reachable
from tasks.calling.unsent_routes import unsent_routes
from tasks.choosing.chooser import Chooser
from tasks.choosing.ranking import Known
from tasks.landing.explaining import Explained, count_in, worked
from tasks.landing.gains import tonights_routings
from tasks.landing.learning import estimates_for
from tasks.landing.lessons import offered
from tasks.landing.past_slots import MADE, PastTexts, past_slots
from tasks.landing.step_figures import step_figures
from tasks.landing.what_if import LEDGER, WhatIf
from tasks.patterns.recipe import Recipe, check_models, models_needed, models_possible
from tasks.patterns.row import setting_of
from tasks.patterns.templates import Renderer
from tasks.storing.errors import UserError
from tasks.storing.requests import Reject, Request, read_requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tasks.calling.call import Asked
    from tasks.calling.past_calls import PastCalls
    from tasks.landing.committed import Committed
    from tasks.landing.explaining import Ended
    from tasks.landing.what_if import Looked
    from tasks.patterns.draft import Draft

FOREVER_SECONDS: Final = 1e11
OUTPUTS: Final = ["request_id", "arm", "status", "content", "quality", "usd", "request"]
DEFERRED: Final = ["request_id", "request"]
Came = Literal["whole", "failed", "missing", "rejected"]


@dataclass(frozen=True, slots=True)
class Then:
    """What a row came to in the run itself; None where it was not made, or nobody judged."""

    content: str | None = None
    quality: float | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class ReplayedRow:
    """What a row comes to on recorded answers.

    Attributes:
        came: whole; failed, on recorded answers alone; missing, as calls are not recorded; rejected by the new recipe.
        draft: of a whole row.
        usd: of a whole row, at tonight's prices, what another row has paid already left out; None if a price is not known.
        missing: calls that are not recorded.
        reason: why it was rejected.
    """

    request_id: str
    came: Came
    then: Then
    draft: Draft | None = None
    usd: float | None = None
    missing: int = 0
    reason: str = ""


@dataclass(slots=True)
class ReplayedRun:
    """What a run's rows come to.

    Attributes:
        told: the calls by step, and why those that are not recorded are not.
        not_kept: rows whose request is not kept any more.
    """

    run: str
    told: Explained
    rows: list[ReplayedRow] = field(default_factory=list)
    not_kept: int = 0

    def of(self, came: Came) -> list[ReplayedRow]:
        return [row for row in self.rows if row.came == came]


@dataclass(slots=True)
class AnyAge:
    """The ledger's answers whatever their age; keeps those of the row that is being worked."""

    past: PastCalls
    now: datetime
    found: list[tuple[Asked, dict[str, Any]]] = field(default_factory=list)

    async def __call__(self, asked: Asked) -> Found:
        ageless = replace(asked, call=replace(asked.call, ttl_seconds=FOREVER_SECONDS))
        found = await look_up(self.past, ageless, self.now)
        if found.row is not None:
            self.found.append((asked, found.row))
        return found


async def replay_run(
    past: PastCalls,
    committed: Committed,
    recipe: Recipe,
    catalog: Catalog,
    now: datetime,
    limit: int | None = None,
) -> ReplayedRun:
    """Work the run's own requests by the recipe; `past` has to be refreshed.

    A need comes to the model that the run's night would have chosen; exploration is not replayed. Rows are worked one
    after the other.

    Raises:
        UserError: a model is not in the catalog, or the recipe wants a column that the requests do not have.
    """
    check_models(recipe, catalog.models)
    recipe, catalog = Recipe.from_frozen(recipe.canonical()), Catalog.from_frozen(catalog.canonical())
    store, run, old_recipe = past.store, committed.run, str(committed.manifest["recipe"])
    run_date = _date_of(committed)
    priced = prices(
        catalog,
        reachable(catalog, sorted(models_needed(recipe, catalog) | models_possible(recipe, catalog))),
    )
    then: dict[str, Then] = {}
    replayed = ReplayedRun(run, Explained(runs=[run]))
    recorded = AnyAge(past, now)
    with TemporaryDirectory(prefix="nightpress-replay-") as folder:
        table = Path(folder) / "requests.jsonl"
        replayed.not_kept = _write_requests(committed, table, then)
        slots = past_slots(store, old_recipe, set(then), runs=[run])
        steps = step_figures(store, old_recipe)
        night = WhatIf(unsent_routes(catalog, priced), recorded, slots, steps, PastTexts(store), past, now)
        requests = _requests(table, recipe, run, run_date, limit)
        rows = (each.values for each in requests if isinstance(each, Request))
        routings = tonights_routings(store, recipe, rows)
        known = replace(estimates_for(store, catalog, run_date, without=run), routings=routings)
        chooser = Chooser(Known(catalog, priced, known))
        setting = setting_of(recipe, Renderer(), catalog, offered(store, recipe), chooser)
        paid: set[bytes] = set()
        for request in _requests(table, recipe, run, run_date, limit):
            before = then.get(request.request_id or "", Then())
            if isinstance(request, Reject):
                replayed.rows.append(
                    ReplayedRow(request.request_id or "", "rejected", before, reason=request.reason)
                )
                continue
            recorded.found.clear()
            looked, ended, draft = await worked(night, recipe, setting, request)
            count_in(replayed.told, night, looked, ended)
            replayed.rows.append(_row(request, before, looked, ended, draft, recorded, paid))
    return replayed


def _row(
    request: Request,
    then: Then,
    looked: list[Looked],
    ended: Ended,
    draft: Draft | None,
    recorded: AnyAge,
    paid: set[bytes],
) -> ReplayedRow:
    missing = sum(each.served_by != LEDGER for each in looked)
    if missing or ended == "stopped":
        return ReplayedRow(request.request_id, "missing", then, missing=missing)
    usd: float | None = 0.0
    for asked, row in recorded.found:
        if asked.key in paid:
            continue
        paid.add(asked.key)
        price = cost(asked.route.price, row["tokens_in"], row["tokens_out"], row["tokens_cached"])
        usd = None if usd is None or price is None else usd + price
    return ReplayedRow(request.request_id, "whole" if draft else "failed", then, draft, usd)


def _date_of(committed: Committed) -> date:
    return date.fromisoformat(str(committed.manifest["run_date"]))


def _write_requests(committed: Committed, table: Path, then: dict[str, Then]) -> int:
    """The run's requests as a table, and what became of them; returns how many have no request any more."""
    not_kept = 0
    with table.open("wb") as file:
        for name, columns in (("outputs", OUTPUTS), ("deferred", DEFERRED)):
            for batch in committed.rows(name, columns):
                for row in batch.to_pylist():
                    if row.get("arm", MADE) != MADE:
                        continue
                    if row["request"] is None:
                        not_kept += 1
                        continue
                    then[row["request_id"]] = Then(row.get("content"), row.get("quality"), row.get("usd"))
                    values = {**orjson.loads(row["request"]), "request_id": row["request_id"]}
                    file.write(orjson.dumps(values) + b"\n")
    return not_kept


def _requests(
    table: Path, recipe: Recipe, run: str, run_date: date, limit: int | None
) -> Iterator[Request | Reject]:
    try:
        yield from read_requests(str(table), recipe.columns, run_date=run_date, limit=limit)
    except UserError as error:
        other = "the recipe wants other columns than that run had; `nightpress replay RUN` names another run"
        hint = f"{error.hint}; {other}" if error.hint else other
        raise UserError(error.what, where=f"the requests of {run}", hint=hint) from None
