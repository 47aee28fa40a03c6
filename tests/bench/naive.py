"""The naive version: one Prefect task per call. `python -m tests.bench.naive ROWS PORT` prints calls per second."""

import asyncio
import sys
import time

import httpx
from prefect import flow, task


@task
async def call(client: httpx.AsyncClient, url: str, text: str) -> str:
    body = {"model": "model-a", "max_tokens": 300, "messages": [{"role": "user", "content": text}]}
    response = await client.post(url, json=body)
    content: str = response.json()["choices"][0]["message"]["content"]
    return content


async def row(client: httpx.AsyncClient, url: str, number: int) -> str:
    outline = await call(client, url, f"Outline a short text on topic {number}.")
    draft = await call(client, url, f"Write it, following this outline:\n{outline}")
    return await call(client, url, f"Polish this:\n{draft}")


@flow
async def naive(rows: int, port: int) -> None:
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=200)) as client:
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        await asyncio.gather(*(row(client, url, number) for number in range(rows)))


if __name__ == "__main__":
    rows, port = map(int, sys.argv[1:3])
    began = time.perf_counter()
    asyncio.run(naive(rows, port))
    sys.stdout.write(f"{3 * rows / (time.perf_counter() - began):.1f}\n")
