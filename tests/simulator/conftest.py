"""A running simulator and a small client that speaks its three formats over a real socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

import httpx
import pytest

from deployments.simulator.config import Fault, FaultKind, SimulatorConfig
from deployments.simulator.running import RunningSimulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Client:
    """Asks one simulator; `responses` is what came back last."""

    simulator: RunningSimulator
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=10, trust_env=False))

    def send(
        self, api: str, prompt: str, model: str = "m", max_tokens: int = 4000, **more: Any
    ) -> httpx.Response:
        """One request with `more` merged into the body, and its HTTP response."""
        body, url = self.request(api, prompt, model, max_tokens)
        return self.http.post(url, json={**body, **more})

    def request(self, api: str, prompt: str, model: str, max_tokens: int) -> tuple[dict[str, Any], str]:
        messages = [{"role": "user", "content": prompt}]
        if api == "openai":
            url = f"{self.simulator.openai_url}/chat/completions"
            return {"model": model, "max_tokens": max_tokens, "messages": messages}, url
        if api == "anthropic":
            url = f"{self.simulator.anthropic_url}/v1/messages"
            return {"model": model, "max_tokens": max_tokens, "messages": messages}, url
        url = f"{self.simulator.gemini_url}/models/{model}:generateContent"
        contents = [{"role": "user", "parts": [{"text": prompt}]}]
        return {"contents": contents, "generationConfig": {"maxOutputTokens": max_tokens}}, url

    def text(self, prompt: str, api: str = "openai", **more: Any) -> str:
        return text_in(api, self.send(api, prompt, **more).json())


def text_in(api: str, body: dict[str, Any]) -> str:
    if api == "openai":
        return str(body["choices"][0]["message"]["content"])
    if api == "anthropic":
        return str(body["content"][0]["text"])
    return str(body["candidates"][0]["content"]["parts"][0]["text"])


@pytest.fixture(scope="session")
def shared() -> Iterator[Client]:
    """A default simulator; tests that use it look at answers only, not at counters."""
    with RunningSimulator() as simulator:
        client = Client(simulator)
        yield client
        client.http.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Client]]:
    """Starts simulators from `SimulatorConfig` fields; they stop with the test."""
    started: list[Client] = []

    def run(**config: Any) -> Client:
        client = Client(RunningSimulator(SimulatorConfig.model_validate(config)).__enter__())
        started.append(client)
        return client

    yield run
    for client in started:
        client.http.close()
        client.simulator.__exit__(None, None, None)


@pytest.fixture(scope="session")
def faulty() -> Iterator[Client]:
    """A simulator where a model called `<kind>-model` meets the fault `<kind>`."""
    kinds = get_args(FaultKind)
    faults = tuple(Fault(kind=kind, model=f"{kind}-model") for kind in kinds)
    with RunningSimulator(SimulatorConfig(faults=faults)) as simulator:
        client = Client(simulator)
        yield client
        client.http.close()
