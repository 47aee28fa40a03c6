"""One run in one process: its plan brought to life, shared by all the shards that this process works."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tasks.calling.catalog import Catalog
from tasks.calling.journal import journal_folder
from tasks.calling.ledger import Ledger
from tasks.calling.prices import Price
from tasks.calling.route_making import make_routes
from tasks.calling.run_calls import RunCalls
from tasks.choosing.chooser import Chooser
from tasks.choosing.estimates import Estimates
from tasks.choosing.ranking import Known
from tasks.landing.admission import RowCosts
from tasks.landing.plan import read_manifest, redo_of
from tasks.landing.sorting import shard_of
from tasks.patterns.recipe import Recipe, models_named
from tasks.patterns.row import setting_of
from tasks.patterns.templates import Renderer
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from pydantic import SecretStr

    from tasks.calling.engine import Engine
    from tasks.calling.sending import Patience
    from tasks.landing.allowances import ShardMoney
    from tasks.landing.plan import Plan
    from tasks.patterns.scope import Setting
    from tasks.storing.filesystem import Store

UPLOAD_SECONDS = 30.0
SYNC_SECONDS = 2.0


@dataclass(slots=True)
class RunState:
    """What the shards of a run share in a process.

    Attributes:
        redo: as `redo_of` gives it.
        rows_gate: rows worked at once.
        rows_done: for progress, in this process.
        costs: what rows have come to in this process.
        provider_costs: the same, by provider with a limit.
        chooser: of models for needs; it is told what money there is by `limit`.
        limited: providers with a limit.
        arms: name → recipe, and what its rows are worked with, that every request is worked by too.
    """

    plan: Plan
    store: Store
    recipe: Recipe
    calls: RunCalls
    setting: Setting
    redo: dict[int, frozenset[str]] | None
    rows_gate: asyncio.Semaphore
    rows_done: int = 0
    costs: RowCosts = field(default_factory=RowCosts)
    provider_costs: dict[str, RowCosts] = field(default_factory=dict)
    chooser: Chooser | None = None
    limited: set[str] = field(default_factory=set)
    arms: Mapping[str, tuple[Recipe, Setting]] = field(default_factory=dict)
    _keeper: asyncio.Task[None] | None = field(default=None)
    _shards: set[asyncio.Task[Any]] = field(default_factory=set)
    _stopped: bool = False

    @property
    def worker(self) -> str:
        return self.calls.ledger.worker

    def limit(self, money: ShardMoney) -> None:
        """From now on no model of unknown price is chosen where there is a limit, which each start of a run may change."""
        self.limited.clear()
        self.limited.update(money.providers)
        if self.chooser is not None:
            own_usd = self.recipe.budget.usd_per_request
            self.chooser.needs_price = money.allowance_usd is not None or own_usd is not None

    async def start(self) -> None:
        """Begin to upload what is journalled, every half minute."""
        self._keeper = asyncio.create_task(self._keep())

    @contextmanager
    def working(self) -> Iterator[None]:
        """The current asyncio task works a shard for as long as the block lasts; `stop` cancels it.

        Raises:
            CancelledError: the run has been stopped in this process.
        """
        task = asyncio.current_task()
        if self._stopped or task is None:
            raise asyncio.CancelledError
        self._shards.add(task)
        try:
            yield
        finally:
            self._shards.discard(task)

    async def stop(self, *, journal_is_landed: bool) -> None:
        """End the shards still being worked, upload the rest and let go of the journal."""
        self._stopped = True
        ending = [task for task in (*self._shards, self._keeper) if task is not None]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        try:
            await self.calls.ledger.upload()
        finally:
            self.calls.ledger.close(remove=journal_is_landed)

    async def _keep(self) -> None:
        uploaded = time.monotonic()
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            with suppress(
                OSError, NightpressError
            ):  # a store out of reach: the shard's end uploads, or fails
                await self.calls.ledger.sync()
                await self.calls.ledger.refresh()
                if time.monotonic() - uploaded >= UPLOAD_SECONDS:
                    await self.calls.ledger.upload()
                    uploaded = time.monotonic()


def run_state(
    engine: Engine,
    store: Store,
    plan: Plan,
    *,
    concurrency: int,
    key_of: Callable[[str], SecretStr | None],
    patience: Patience,
) -> RunState:
    """This process's state of the run, made at the first call and shared after.

    Args:
        key_of: provider name → its key.

    Raises:
        UserError: a key cannot be had.
    """

    def make() -> RunState:
        return _make(engine, store, plan, concurrency=concurrency, key_of=key_of, patience=patience)

    return engine.run_state(state_key(store, plan), make)


def state_key(store: Store, plan: Plan) -> tuple[str, ...]:
    """Under which the engine keeps the run's state."""
    return (store.url, plan.workplace.folder)


def _make(
    engine: Engine,
    store: Store,
    plan: Plan,
    *,
    concurrency: int,
    key_of: Callable[[str], SecretStr | None],
    patience: Patience,
) -> RunState:
    recipe = Recipe.from_frozen(plan.recipe)
    arms = {name: Recipe.from_frozen(each) for name, each in plan.arms.items()}
    named = models_named(recipe).union(*map(models_named, arms.values()))
    catalog = Catalog.from_frozen(plan.models).without(plan.keyless, named)
    priced = {name: Price.model_validate(each) if each else None for name, each in plan.prices.items()}
    routes = make_routes(engine, catalog, priced, key_of)
    ledger = Ledger(
        engine.past_calls(store),
        plan.run,
        plan.first_start,
        journal_folder(store.url, plan.run),
        worker_name(),
        partial(shard_of, shards=len(plan.shard_rows)),
    )
    ledger.spending.since = None if plan.replaced_usd is None else plan.first_start
    ledger.recover()
    redo = redo_of(store, plan)
    if redo is not None:
        manifest = read_manifest(store, plan.run) or {"parts": {}}
        ledger.spending.add_landed(part["path"] for part in manifest["parts"].get("calls", []))
    calls = RunCalls(
        client=engine.client,
        ledger=ledger,
        routes=routes,
        fallbacks={name: catalog.model(name).fallback for name in routes},
        gate=asyncio.Semaphore(concurrency),
        patience=patience,
    )
    known = Known(catalog, priced, Estimates.from_plain(plan.estimates))
    limited: set[str] = set()

    def away() -> dict[str, str]:
        return _unpriced(catalog, priced, limited) | closed_models(calls)

    chooser = Chooser(known, away, partial(closed_models, calls), recipe.explore, plan.hash, plan.budgeted)
    rows = sum(plan.shard_rows) if redo is None else sum(map(len, redo.values()))
    state = RunState(
        plan,
        store,
        recipe,
        calls,
        setting_of(recipe, Renderer(), catalog, plan.lessons, chooser, rows),
        redo,
        asyncio.Semaphore(concurrency),
        chooser=chooser,
        limited=limited,
        arms={
            name: (each, setting_of(each, Renderer(), catalog, (), chooser, rows))
            for name, each in arms.items()
        },
    )
    engine.wait(state.start())
    return state


def closed_models(calls: RunCalls) -> dict[str, str]:
    """The models whose provider is closed for this run by now, and why."""
    if not calls.closed:
        return {}
    found = {}
    for name, route in calls.routes.items():
        closed = calls.closed.get(route.provider_name)
        if closed is not None:
            found[name] = f"provider {route.provider_name} is closed for this run: {closed.message}"
    return found


def _unpriced(
    catalog: Catalog, priced: Mapping[str, Price | None], limited: Container[str]
) -> dict[str, str]:
    """The models of unknown price whose provider has a limit, and that it is why they cannot be used."""
    return {
        name: "nobody knows its price, and its provider has a limit"
        for name, price in priced.items()
        if price is None and catalog.model(name).provider in limited
    }


def worker_name() -> str:
    """A name for this process, unique over machines and time, fit for a file name."""
    host = "".join(each for each in socket.gethostname() if each.isalnum())[:16] or "host"
    return f"{host}{os.getpid():x}{time.time_ns() // 1_000_000:x}"
