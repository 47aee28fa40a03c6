"""The yardstick: a bare aiohttp loop asking the same server the night's own questions, keeping nothing.

`python -m tests.bench.bare ROWS STAGES CONCURRENCY PORT` prints seconds and CPU seconds. With three stages it sends what
the night sends: each stage quotes the answer before it, each in its own wire format. With one, the first stage's short
question only, three times a row.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import aiohttp

QUESTIONS = (
    "Outline a short text on topic {number} of {rows} in the field of measurement.",
    "Write it, following this outline:\n{before}",
    "Polish this:\n{before}",
)


def openai(text: str) -> tuple[str, dict[str, Any]]:
    messages = [{"role": "user", "content": text}]
    return "/v1/chat/completions", {"model": "model-a", "max_tokens": 300, "messages": messages}


def anthropic(text: str) -> tuple[str, dict[str, Any]]:
    messages = [{"role": "user", "content": text}]
    return "/v1/messages", {"model": "model-b", "max_tokens": 300, "messages": messages}


def gemini(text: str) -> tuple[str, dict[str, Any]]:
    contents = [{"role": "user", "parts": [{"text": text}]}]
    body = {"contents": contents, "generationConfig": {"maxOutputTokens": 300}}
    return "/v1beta/models/model-c:generateContent", body


WIRES = (openai, anthropic, gemini)


def answer(stage: int, document: Any) -> str:
    found = (
        lambda: document["choices"][0]["message"]["content"],
        lambda: document["content"][0]["text"],
        lambda: document["candidates"][0]["content"]["parts"][0]["text"],
    )[stage]()
    assert found
    return str(found)


async def work(session: aiohttp.ClientSession, base: str, numbers: list[int], rows: int, stages: int) -> None:
    while numbers:
        number, before = numbers.pop(), ""
        for turn in range(3):
            stage = turn % stages
            path, body = WIRES[stage](QUESTIONS[stage].format(number=number, rows=rows, before=before))
            async with session.post(base + path, json=body) as response:
                before = answer(stage, await response.json())


async def main(rows: int, stages: int, concurrency: int, port: int) -> None:
    numbers = list(range(rows))
    base = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work(session, base, numbers, rows, stages) for _ in range(concurrency)))
        sys.stdout.write(f"{time.perf_counter() - began:.3f} {time.process_time() - cpu:.3f}\n")


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:5])))
