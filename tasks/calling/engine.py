"""One engine per process: one event loop in its own thread, one HTTP pool, one set of quotas, whoever asks.

Threads, Dask and Ray workers call `Engine.current()` and hand it coroutines; nothing here is pickled.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from tasks.calling.http_client import HttpClient
from tasks.calling.past_calls import PastCalls
from tasks.calling.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tasks.calling.catalog import Catalog
    from tasks.storing.filesystem import Store

T = TypeVar("T")
R = TypeVar("R")


class Engine:
    """The process's event loop and what all its runs share."""

    _current: Engine | None = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        # What is imported by now, half a million objects with Prefect, stays for good: not walking it in every
        # full collection saves a twelfth of a night's CPU time.
        gc.freeze()
        self.loop = asyncio.new_event_loop()
        self._quotas: dict[tuple[Any, ...], Quota] = {}
        self._past: dict[str, PastCalls] = {}
        self._runs: dict[tuple[str, ...], Any] = {}
        self._runs_lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="nightpress-engine", daemon=True)
        self._thread.start()
        self.client: HttpClient = self.wait(self._connect())

    @classmethod
    def current(cls) -> Engine:
        """This process's engine, started at the first call."""
        with cls._lock:
            if cls._current is None:
                cls._current = Engine()
            return cls._current

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the engine's loop and wait for it, from any other thread; cancelled if the wait is."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def past_calls(self, store: Store) -> PastCalls:
        """The calls that `store` remembers."""
        return self._past.setdefault(store.url, PastCalls(store))

    def run_state(self, key: tuple[str, ...], make: Callable[[], R]) -> R:
        """The state of one run in this process, made once for all its shards."""
        with self._runs_lock:
            if key not in self._runs:
                self._runs[key] = make()
            state: R = self._runs[key]
            return state

    def forget_run(self, key: tuple[str, ...]) -> None:
        """Drop a run's state; its next shard makes it anew."""
        with self._runs_lock:
            self._runs.pop(key, None)

    def quotas(self, catalog: Catalog, model_name: str) -> list[Quota]:
        """The quotas that a request to this model passes, the most specific first."""
        model = catalog.model(model_name)
        provider = catalog.providers[model.provider]
        keys: list[tuple[tuple[Any, ...], Any]] = [((provider.api, provider.base_url), provider)]
        if any(value is not None for _, value in model.limits):
            keys.insert(0, ((provider.api, provider.base_url, model.id), model.limits))
        return [self._quota(key, limits, provider.concurrency) for key, limits in keys]

    def _quota(self, name: tuple[Any, ...], limits: Any, concurrency: int) -> Quota:
        wanted = (limits.concurrency or concurrency, limits.requests_per_minute, limits.tokens_per_minute)
        return self._quotas.setdefault((*name, *wanted), Quota(*wanted))

    async def _connect(self) -> HttpClient:
        return HttpClient()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
