"""The yardstick: a bare aiohttp loop asking the same server as often, keeping nothing.

`python -m tests.bench.bare CALLS CONCURRENCY PORT` prints seconds and CPU seconds.
"""

from __future__ import annotations

import asyncio
import sys
import time

import aiohttp


async def ask(session: aiohttp.ClientSession, url: str, numbers: list[int]) -> None:
    while numbers:
        topic = f"Outline a short text on topic {numbers.pop()}."
        body = {"model": "model-a", "max_tokens": 300, "messages": [{"role": "user", "content": topic}]}
        async with session.post(url, json=body) as response:
            document = await response.json()
            assert document["choices"][0]["message"]["content"]


async def main(calls: int, concurrency: int, port: int) -> None:
    numbers = list(range(calls))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        began, cpu = time.perf_counter(), time.process_time()
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        await asyncio.gather(*(ask(session, url, numbers) for _ in range(concurrency)))
        sys.stdout.write(f"{time.perf_counter() - began:.3f} {time.process_time() - cpu:.3f}\n")


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:4])))
