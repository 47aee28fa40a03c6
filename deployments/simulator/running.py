"""Runs the simulator: in a thread for tests and the demo, or in the foreground for the command line."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Self
from urllib.request import Request, urlopen

import orjson
from aiohttp import web

from deployments.simulator.config import Script, SimulatorConfig
from deployments.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import TracebackType

    from deployments.simulator.replayed import Replay

_START_SECONDS = 20
_STOP_SECONDS = 20
_CALL_SECONDS = 30


class RunningSimulator:
    """A simulator on its own thread and event loop, within a `with` block.

    Args:
        config: the default is instant, free and without faults.
        host: address to listen on.
        port: 0 takes a free one.
        replay: recorded answers to serve instead of composed ones.

    Raises:
        OSError: on entering, if the address cannot be listened on.

    Attributes:
        openai_url, anthropic_url, gemini_url: base URLs in each API's own convention; set on entering.
    """

    def __init__(
        self,
        config: SimulatorConfig | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        replay: Replay | None = None,
    ) -> None:
        self.config = config or SimulatorConfig()
        self.replay = replay
        self.host = host
        self.port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        return self.url

    @property
    def gemini_url(self) -> str:
        return f"{self.url}/v1beta"

    def __enter__(self) -> Self:
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="simulator", daemon=True)
        self._thread.start()
        self.port = ready.result(_START_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def stats(self) -> dict[str, Any]:
        """The counters; see `GET /_simulator/stats`."""
        return self._ask("GET", "stats")

    def requests(self, limit: int = 1000) -> list[dict[str, Any]]:
        """The last requests, oldest first: method, path, headers (keys hashed), body."""
        found: list[dict[str, Any]] = self._ask("GET", f"requests?limit={limit}")["requests"]
        return found

    def script(self, *scripts: Script) -> None:
        """Answers with these before anything else; of several that fit the last one added wins."""
        self._ask("POST", "script", orjson.dumps([script.model_dump(mode="json") for script in scripts]))

    def reset(self) -> None:
        """Forgets counters, log, attempts and added scripts."""
        self._ask("POST", "reset", b"")

    def _ask(self, method: str, what: str, body: bytes | None = None) -> dict[str, Any]:
        request = Request(f"{self.url}/_simulator/{what}", data=body, method=method)  # noqa: S310 (own http address)
        with urlopen(request, timeout=_CALL_SECONDS) as response:  # noqa: S310
            answer: dict[str, Any] = orjson.loads(response.read())
        return answer

    def _run(self, ready: Future[int]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except Exception as error:  # noqa: BLE001 (handed to the thread that waits in __enter__)
            if not ready.done():
                ready.set_exception(error)

    async def _serve(self, ready: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with listening(self.config, self.host, self.port, self.replay) as port:
            ready.set_result(port)
            await self._stop.wait()


@contextlib.asynccontextmanager
async def listening(
    config: SimulatorConfig, host: str, port: int, replay: Replay | None = None
) -> AsyncIterator[int]:
    """Listens within the block and yields the port; leaving cuts calls that still wait.

    Raises:
        OSError: the address cannot be listened on.
    """
    simulator = Simulator(config, replay)
    server = web.Server(simulator.handle, access_log=None, handler_cancellation=True, keepalive_timeout=75)
    runner = web.ServerRunner(server, shutdown_timeout=0.2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=1024)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        simulator.stopping.set()
        await runner.cleanup()


def run_forever(
    config: SimulatorConfig,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    replay: Replay | None = None,
) -> None:
    """Serves until Ctrl-C or SIGTERM, then stops cleanly.

    Args:
        on_ready: called once with the base URL when the server listens.
        replay: recorded answers to serve instead of composed ones.

    Raises:
        OSError: the address cannot be listened on.
    """
    asyncio.run(_forever(config, host, port, on_ready, replay))


async def _forever(
    config: SimulatorConfig,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    replay: Replay | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with listening(config, host, port, replay) as bound:
        on_ready(f"http://{host}:{bound}")
        await stop.wait()
