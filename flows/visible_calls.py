"""The calls of a single request, each a task run of its own; what a call came after are its edges in the graph."""

import asyncio
from collections.abc import Awaitable
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

import orjson
from prefect.client.schemas.objects import State

from tasks.call_model import call_model
from tasks.calling.call import Call, Completion
from tasks.calling.engine import Engine
from tasks.calling.messages import Ask
from tasks.landing.tally import Tally
from tasks.patterns.notes import Decided

T = TypeVar("T")
_branches: ContextVar[tuple["Branch", ...]] = ContextVar("branches", default=())


@dataclass(eq=False)
class Branch:
    """An asyncio task that asks; patterns open one for each thing they do at the same time."""

    task: asyncio.Task[Any]
    seen_at: int


@dataclass(eq=False)
class Asked:
    """A call that has ended: where it was asked, and when, in events of this row, in order."""

    branches: tuple[Branch, ...]
    ended_at: int
    state: State[Any]
    after: frozenset["Asked"]


@dataclass
class VisibleTally(Tally):
    """Asks as `Tally` does, each call as a task run; runs on the flow's event loop, the engine on its own."""

    titles: dict[str, int] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    clock: int = 0

    async def __call__(self, call: Call) -> Completion:
        """Complete `call` for this row."""
        title = f"{call.step or call.role or self.row.recipe} · {call.models[0]}"
        number = self.titles[title] = self.titles.get(title, 0) + 1
        shown = title if number == 1 else f"{title} ({number})"
        key = _key(self.calls_of_run.ledger.run, shown, call.ask)
        branches = self._here()
        after = self._before(branches)
        run_call: Any = call_model  # whose types do not say that it is awaited here
        state: State[Any] = await run_call(
            shown, key, call, self._complete, return_state=True,
            wait_for=[each.state for each in _nearest(after)],
        )  # fmt: skip
        found = await state.aresult()
        # What Prefect remembers was asked by an earlier attempt of this flow run: the ledger has it, and counts it.
        completion = (
            await self._complete(call) if state.name == "Cached" else Completion(**orjson.loads(found))
        )
        self.asked.append(Asked(branches, self._tick(), state, after))
        self.count(call, completion)
        return completion

    def decided(self, path: str) -> Decided:
        """As `Tally`; the journal is the engine's."""
        engine = Engine.current()
        decided = engine.wait(_later(super().decided, path))
        return Decided(decided.known, lambda value: engine.wait(_later(decided.settle, value)))

    async def _complete(self, call: Call) -> Completion:
        return await on_engine(self.calls_of_run.complete(call, self.row))

    def _tick(self) -> int:
        self.clock += 1
        return self.clock

    def _here(self) -> tuple[Branch, ...]:
        """The branches around this call, outermost first."""
        around, task = _branches.get(), asyncio.current_task()
        if task is not None and all(each.task is not task for each in around):
            around = (*around, Branch(task, self._tick()))
            _branches.set(around)
        return around

    def _before(self, here: tuple[Branch, ...]) -> frozenset[Asked]:
        """The ended calls that this one comes after: not those of a branch that runs at the same time."""
        return frozenset(each for each in self.asked if _ended_before(each, here))


def _ended_before(earlier: Asked, here: tuple[Branch, ...]) -> bool:
    parted = _apart(earlier.branches, here)
    if parted is None:
        return True
    other, own = parted
    return other.task.done() and earlier.ended_at < own.seen_at


def _apart(earlier: tuple[Branch, ...], here: tuple[Branch, ...]) -> tuple[Branch, Branch] | None:
    """Where the two ways part, as (the earlier call's branch, this call's); None if one lies on the other's way."""
    for other, own in zip(earlier, here, strict=False):
        if other is not own:
            return other, own
    return None


def _nearest(after: frozenset[Asked]) -> list[Asked]:
    """Those that none of the others comes after: the edges that say all the rest."""
    further = {each for one in after for each in one.after}
    return [each for each in after if each not in further]


async def on_engine(work: Awaitable[T]) -> T:
    """Await on the engine's event loop."""
    future: Future[T] = asyncio.run_coroutine_threadsafe(work, Engine.current().loop)  # type: ignore[arg-type]
    return await asyncio.wrap_future(future)


async def _later(work: Any, *given: Any) -> Any:
    return work(*given)


def _key(run: str, title: str, ask: Ask) -> str:
    said = [(message.role, message.content) for message in ask.messages]
    question = [run, title, said, ask.temperature, ask.max_tokens, ask.format]
    return sha256(orjson.dumps(question, option=orjson.OPT_SORT_KEYS)).hexdigest()
