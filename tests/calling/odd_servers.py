"""Small servers that do one thing which the simulator, being honest and well made, does not."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Any

from aiohttp import web

ANSWER = {"model": "m", "choices": [{"finish_reason": "stop", "message": {"content": "a real answer"}}]}
USAGE = {"prompt_tokens": 5, "completion_tokens": 3}


class OddServer:
    """Serves on loopback until closed; `seen` holds the headers of every request."""

    def __init__(self, manner: str, port: int = 0, to: str = "") -> None:
        self.manner = manner
        self.to = to
        self.seen: list[tuple[str, dict[str, str]]] = []
        ready: Future[int] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(port, ready), daemon=True)
        self._thread.start()
        self.port = ready.result(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, port: int, ready: Future[int]) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._listen(port))
        ready.set_result(runner.addresses[0][1])
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _listen(self, port: int) -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append((request.method, dict(request.headers)))
        body: dict[str, Any] = {**ANSWER, "usage": USAGE}
        match self.manner:
            case "redirect":
                return web.Response(status=302, headers={"Location": f"{self.to}/v1/chat/completions"})
            case "echo":
                text = "x" * 470 + " your key was " + str(request.headers.get("Authorization"))
                return web.json_response({"error": {"message": text}}, status=400)
            case "broken header":
                assert request.transport is not None
                request.transport.write(b"HTTP/1.1 nonsense\r\n\x00: \r\n\r\n")
                request.transport.close()
                return web.Response()
            case "drip":
                return await self._drip(request)
            case "no usage":
                return web.json_response(ANSWER)
        return web.json_response(body)

    async def _drip(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)
