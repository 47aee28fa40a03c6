"""Rows made as a shard makes them: a recipe, a real ledger in a store, real sockets to a simulator."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from deployments.simulator.config import Fault, Script, Scripted
from tasks.calling.call import Row
from tasks.calling.catalog import Catalog
from tasks.calling.journal import journal_folder
from tasks.calling.ledger import Ledger
from tasks.calling.past_calls import OPEN_FOLDER, PastCalls
from tasks.calling.route_making import make_routes, prices
from tasks.calling.run_calls import RunCalls
from tasks.calling.sending import Patience
from tasks.choosing.chooser import Chooser
from tasks.choosing.estimates import Estimates
from tasks.choosing.ranking import Known
from tasks.landing.run_state import closed_models
from tasks.landing.tally import Tally
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.templates import Renderer

if TYPE_CHECKING:
    from deployments.simulator.config import FaultKind
    from deployments.simulator.running import RunningSimulator
    from tasks.calling.engine import Engine
    from tasks.patterns.draft import Draft
    from tasks.patterns.recipe import Recipe
    from tasks.storing.filesystem import Store

PRICE = {"input": 3.0, "output": 15.0}
SHORT = Patience(call_seconds=5, total_seconds=10, attempts=2, longest_pause_seconds=0.01)
_workers = count(1)


@dataclass(frozen=True)
class Question:
    """One request as the provider got it; `texts` are the turns after the system text."""

    model: str
    system: str
    texts: tuple[str, ...]
    body: dict[str, Any]


@dataclass
class Made:
    """A draft, and the row's sums."""

    draft: Draft
    tally: Tally


@dataclass
class Process:
    """One process's part of a run."""

    rig: RowRig
    calls: RunCalls

    def make(self, recipe: Recipe | str, /, request_id: str = "r1", **values: Any) -> Made:
        """Works one row; `values` are its cells, defaults stand in for others."""
        recipe = load_recipe(recipe) if isinstance(recipe, str) else recipe
        defaults = {name: column.default for name, column in recipe.columns.items() if not column.required}
        row = Row(request_id, "made", recipe.recipe, None, 0)
        tally = Tally(self.calls, row)
        setting = setting_of(recipe, Renderer(), self.rig.catalog, self.rig.lessons, self._chooser(recipe))
        making = make_draft(recipe, defaults | values, tally, setting, tally.notes)
        return Made(self.rig.engine.wait(making), tally)

    def _chooser(self, recipe: Recipe) -> Chooser:
        catalog = self.rig.catalog
        known = Known(catalog, prices(catalog, catalog.models), self.rig.estimates)
        return Chooser(known, partial(closed_models, self.calls), recipe.explore, "seed")

    def upload(self) -> None:
        self.rig.engine.wait(self.calls.ledger.upload())

    def die(self) -> None:
        """Lets go of the journal as a kill does: nothing is uploaded, nothing removed."""
        self.calls.ledger.close(remove=False)


@dataclass
class RowRig:
    """A store on disk, a simulator, and the processes that use them.

    Attributes:
        models: further models of the catalog, or further fields of those that it has.
        lessons: what earlier runs have taught.
        estimates: what earlier runs say of the models.
        compatibility: of the catalog.
    """

    engine: Engine
    store: Store
    simulator: RunningSimulator
    processes: list[Process] = field(default_factory=list)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    lessons: tuple[str, ...] = ()
    estimates: Estimates = field(default_factory=Estimates)
    compatibility: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        """`gpt`, `claude` (likes xml) and `gemini` (likes json), each over its own wire format; `spare` is gpt's fallback."""
        running = self.simulator
        providers = {
            "o": {"api": "openai", "base_url": running.openai_url},
            "a": {"api": "anthropic", "base_url": running.anthropic_url},
            "g": {"api": "gemini", "base_url": running.gemini_url},
        }
        models: dict[str, dict[str, Any]] = {
            "gpt": {"provider": "o", "fallback": ["spare"]},
            "spare": {"provider": "o"},
            "claude": {"provider": "a", "handoff": "xml"},
            "gemini": {"provider": "g", "handoff": "json"},
        }
        for name, more in self.models.items():
            models[name] = {"provider": "o", **models.get(name, {}), **more}
        priced = {name: {"id": name, "price": PRICE, **each} for name, each in models.items()}
        return Catalog.model_validate(
            {"providers": providers, "models": priced, "compatibility": self.compatibility}
        )

    def process(self, run: str = "night") -> Process:
        """A process that joins the run, taking over what dead ones journalled."""
        process = Process(self, self.engine.wait(self._calls(run)))
        self.processes.append(process)
        return process

    def make(self, recipe: Recipe | str, /, **values: Any) -> Made:
        """Works one row in a process of its own run."""
        return self.process(f"run{len(self.processes)}").make(recipe, **values)

    def answers(self, model: str, *texts: str, finish: str = "stop", prompt: str | None = None) -> None:
        """What the model says from now on, in this order, the last again and again."""
        replies = tuple(Scripted(text=text, finish=finish) for text in texts)
        self.simulator.script(Script(model=model, prompt=prompt, replies=replies))

    def fails(self, model: str, kind: FaultKind = "content_filter", prompt: str | None = None) -> None:
        """How the model fails from now on; its fallbacks serve then, for other kinds after its attempts."""
        self.simulator.script(Script(model=model, prompt=prompt, replies=(Scripted(fault=Fault(kind=kind)),)))

    def questions(self) -> list[Question]:
        """What was asked of the models, in the order it arrived."""
        return [_question(each) for each in self.simulator.requests()]

    def call_rows(self, run: str) -> list[dict[str, Any]]:
        """The run's uploaded rows of `calls`."""
        rows: list[dict[str, Any]] = []
        for path in self.store.list(f"{OPEN_FOLDER}/{run}"):
            with self.store.open_read(path) as file:
                rows += pq.read_table(file).to_pylist()
        return rows

    async def _calls(self, run: str) -> RunCalls:
        catalog = self.catalog
        folder = journal_folder(self.store.url, run)
        ledger = Ledger(PastCalls(self.store), run, datetime.now(UTC), folder, f"w{next(_workers)}")
        ledger.recover()
        return RunCalls(
            client=self.engine.client,
            ledger=ledger,
            routes=make_routes(self.engine, catalog, prices(catalog, catalog.models), lambda _: None),
            fallbacks={name: model.fallback for name, model in catalog.models.items()},
            gate=asyncio.Semaphore(20),
            patience=SHORT,
        )


def _question(request: dict[str, Any]) -> Question:
    body = request["body"]
    if "contents" in body:
        model = request["path"].rsplit("/", 1)[1].removesuffix(":generateContent")
        system = "".join(part["text"] for part in body.get("systemInstruction", {}).get("parts", ()))
        return Question(model, system, tuple(turn["parts"][0]["text"] for turn in body["contents"]), body)
    turns = [(turn["role"], _text(turn["content"])) for turn in body["messages"]]
    system = _text(body.get("system", "")) or "".join(text for role, text in turns if role == "system")
    return Question(body["model"], system, tuple(text for role, text in turns if role != "system"), body)


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
