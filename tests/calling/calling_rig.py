"""Runs' calls as a process makes them, against a real server: store, state folder, engine, ledger, routes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import SecretStr

from tasks.calling.call import Call, Completion, Row
from tasks.calling.catalog import Catalog
from tasks.calling.journal import journal_folder
from tasks.calling.ledger import Ledger
from tasks.calling.messages import Ask, Message
from tasks.calling.past_calls import OPEN_FOLDER, PastCalls
from tasks.calling.prices import Price
from tasks.calling.route_making import make_routes, prices
from tasks.calling.run_calls import RunCalls
from tasks.calling.sending import Patience
from tasks.storing.errors import NightpressError
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tasks.calling.budget import Budget
    from tasks.calling.engine import Engine

CANARY = "canary/4711+nightpress=key"
PRICE = {"input": 100.0, "output": 200.0}
SHORT = Patience(call_seconds=5, total_seconds=10, attempts=3, longest_pause_seconds=0.02)
APIS = ("openai", "anthropic", "gemini")
SIMULATED_PATHS = {"openai": "/v1", "anthropic": "", "gemini": "/v1beta"}
_workers = count(1)


def catalog_at(url: str, models: dict[str, dict[str, Any]], **provider: Any) -> Catalog:
    """One provider per wire format at `url`, called `openai`, `anthropic`, `gemini`; all models are priced."""
    providers = {
        api: {"api": api, "base_url": url + path, "api_key": {"env": "UNUSED"}, **provider}
        for api, path in SIMULATED_PATHS.items()
    }
    priced = {
        name: {"provider": "openai", "id": name, "price": PRICE, **more} for name, more in models.items()
    }
    return Catalog.model_validate({"providers": providers, "models": priced})


def ask(prompt: str, **more: Any) -> Ask:
    return Ask((Message("user", prompt),), max_tokens=more.pop("max_tokens", 200), **more)


@dataclass
class Session:
    """One process's part of a run; several sessions of a rig share nothing but disk, store and engine."""

    rig: Rig
    calls: RunCalls
    past: PastCalls

    def row(self, request_id: str = "r1", *budgets: Budget, per_request: bool = False) -> Row:
        return Row(request_id, "made", "recipe", None, 0, budgets, per_request)

    async def call(self, prompt: str, model: str = "m", row: Row | None = None, **more: Any) -> Completion:
        asked = {name: more.pop(name) for name in ("temperature", "max_tokens", "format") if name in more}
        call = Call((model,), ask(prompt, **asked), more.pop("step", "draft"), **more)
        return await self.calls.complete(call, row or self.row())

    def get(self, prompt: str, model: str = "m", row: Row | None = None, **more: Any) -> Completion:
        return self.rig.engine.wait(self.call(prompt, model, row, **more))

    def error(self, prompt: str, model: str = "m", row: Row | None = None, **more: Any) -> NightpressError:
        """The failure that the call ends in."""
        try:
            self.get(prompt, model, row, **more)
        except NightpressError as failure:
            return failure
        raise AssertionError("the call did not fail")

    def get_all(self, work: Iterable[Any]) -> list[Any]:
        """Results or failures of coroutines run at once, in order."""
        return self.rig.engine.wait(gathered(work))

    def upload(self) -> None:
        self.rig.engine.wait(self.calls.ledger.upload())

    def rows(self) -> list[dict[str, Any]]:
        """All rows of this run's open parts, this session's uploaded first; in the order they ended."""
        self.upload()
        return self.rig.rows(self.calls.ledger.run)

    def close(self, *, remove: bool = False) -> None:
        self.calls.ledger.close(remove=remove)


@dataclass
class Rig:
    """A store and a state folder on disk, and the engine of this process."""

    engine: Engine
    store: Store
    catalog: Catalog
    patience: Patience = SHORT
    sessions: list[Session] = field(default_factory=list)

    def open(
        self,
        run: str = "run",
        *,
        first_start: datetime | None = None,
        concurrency: int = 50,
        catalog: Catalog | None = None,
        key: str | None = CANARY,
    ) -> Session:
        """A process that joins `run`, recovering what dead ones left."""
        return self.engine.wait(self._open(run, first_start, concurrency, catalog or self.catalog, key))

    async def _open(
        self, run: str, first_start: datetime | None, concurrency: int, catalog: Catalog, key: str | None
    ) -> Session:
        past = PastCalls(self.store)
        folder = self.journals(run)
        ledger = Ledger(
            past, run, first_start or datetime.now(UTC), folder, f"w{os.getpid()}x{next(_workers)}"
        )
        ledger.recover()
        priced: dict[str, Price | None] = prices(catalog, catalog.models)
        routes = make_routes(self.engine, catalog, priced, lambda _: SecretStr(key) if key else None)
        calls = RunCalls(
            client=self.engine.client,
            ledger=ledger,
            routes=routes,
            fallbacks={name: model.fallback for name, model in catalog.models.items()},
            gate=asyncio.Semaphore(concurrency),
            patience=self.patience,
        )
        session = Session(self, calls, past)
        self.sessions.append(session)
        return session

    def journals(self, run: str = "run") -> Path:
        return journal_folder(self.store.url, run)

    def rows(self, run: str = "run") -> list[dict[str, Any]]:
        tables = []
        for path in self.store.list(f"{OPEN_FOLDER}/{run}"):
            with self.store.open_read(path) as file:
                tables.append(pq.read_table(file))
        return pa.concat_tables(tables).to_pylist() if tables else []


async def gathered(work: Iterable[Any]) -> list[Any]:
    return list(await asyncio.gather(*work, return_exceptions=True))
