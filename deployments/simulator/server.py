"""The HTTP server: one low-level aiohttp handler, no routing and no middleware, because benchmarks run against it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from hashlib import blake2b, sha256
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import orjson

from deployments.simulator.arrival import Arrival
from deployments.simulator.asked import MalformedError
from deployments.simulator.control import control
from deployments.simulator.counting import Seen
from deployments.simulator.faults import draw
from deployments.simulator.responses import json_response, raw_response, refusal_response
from deployments.simulator.state import State
from deployments.simulator.striking import strike
from deployments.simulator.wires import likely_wire, wire_of

if TYPE_CHECKING:
    from aiohttp import web

    from deployments.simulator.asked import Answer
    from deployments.simulator.config import Profile, Scripted, SimulatorConfig
    from deployments.simulator.replayed import Replay

_KEY_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"}
)
_LOGGED_BODY_BYTES = 256 * 1024
_NORMAL = NormalDist()


class Simulator:
    """Answers requests of all three formats from one configuration.

    Args:
        config: see `SimulatorConfig`; it does not change while the simulator runs.
        replay: recorded answers to serve; nothing is composed then.
    """

    def __init__(self, config: SimulatorConfig, replay: Replay | None = None) -> None:
        self.state = State(config, replay)
        self.stopping = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request at all; every response says that it is simulated."""
        path = request.rel_url.raw_path
        if path == "/" or path.startswith("/_simulator"):
            return await control(self.state, request, path)
        body = await request.content.read()
        self._log(request, path, body)
        response = await self._provide(request, path, body)
        self.state.counts.by_status[str(response.status)] += 1
        return response

    async def _provide(self, request: web.BaseRequest, path: str, body: bytes) -> web.StreamResponse:
        found = wire_of(path)
        if found is None or request.method != "POST":
            wire, status = (likely_wire(path), 404) if found is None else (found[0], 405)
            return refusal_response(wire.refuse_status(status, f"Unknown request: {request.method} {path}"))
        wire, model = found
        if self.state.config.require_key and not wire.has_key(request.headers):
            return refusal_response(wire.refuse_status(401, "You didn't provide an API key."))
        try:
            asked = wire.read(_parsed(body), model)
        except MalformedError as error:
            return refusal_response(wire.refuse("bad_request", error.message, error.param))
        request_hash = blake2b(body, digest_size=16, key=f"{wire.name} {model}".encode()[:64]).digest()
        attempt = self.state.counts.arrive(asked.model, request_hash)
        try:
            profile = self.state.profile_of(asked.model)
            return await self._reply(Arrival(request, wire, asked, profile, request_hash, attempt))
        finally:
            self.state.counts.leave(asked.model)

    async def _reply(self, call: Arrival) -> web.StreamResponse:
        state, asked, wire = self.state, call.asked, call.wire
        scripted = state.scripts.next_reply(asked)
        if scripted is not None and scripted.fault is None:
            return await self._play(call, scripted)
        fault = scripted.fault if scripted else state.faults.strike(asked, call.hash, call.attempt)
        if fault is not None:
            state.counts.by_fault[fault.kind] += 1
            return await strike(state, call, fault, self.stopping)
        refused = state.over_limits(wire, asked, call.profile)
        if refused is not None:
            return refusal_response(refused)
        if state.replay is not None:
            return await self._replay(call, state.replay)
        answer = state.answer(asked, call.profile)
        await _wait(_latency(call.profile, answer, state.config.seed, call.hash))
        state.charge(asked, call.profile, call.hash, answer)
        return json_response(wire.write(asked, answer), 200, state.limit_headers(wire, asked.model))

    async def _replay(self, call: Arrival, replay: Replay) -> web.Response:
        state, asked = self.state, call.asked
        replayed = replay.answer(asked)
        if replayed is None:
            return refusal_response(replay.nothing(call.wire, asked))
        if asked.tool is not None:
            asked = replace(asked, tool=None)  # what is recorded was no tool's input
        answer = state.replayed_answer(asked, replayed)
        await _wait(replayed.seconds)
        state.charge(asked, call.profile, call.hash, answer, replayed.usd)
        return json_response(call.wire.write(asked, answer), 200, state.limit_headers(call.wire, asked.model))

    async def _play(self, call: Arrival, scripted: Scripted) -> web.Response:
        given = scripted.latency_seconds
        await _wait(call.profile.latency_seconds if given is None else given)
        if scripted.text is None and scripted.answer is None:
            return raw_response(scripted.body, scripted.status or 200, scripted.headers)
        answer = self.state.scripted_answer(call.asked, scripted)
        self.state.charge(call.asked, call.profile, call.hash, answer)
        return json_response(call.wire.write(call.asked, answer), scripted.status or 200, scripted.headers)

    def _log(self, request: web.BaseRequest, path: str, body: bytes) -> None:
        if self.state.config.keep_requests:
            headers = {name: _shown(name, value) for name, value in request.headers.items()}
            self.state.log.add(Seen(request.method, path, headers, body[:_LOGGED_BODY_BYTES]))


async def _wait(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(value, dict):
        raise MalformedError("The JSON body of your request must be an object.")
    return value


def _latency(profile: Profile, answer: Answer, seed: int, request_hash: bytes) -> float:
    seconds = profile.latency_seconds
    if seconds and profile.jitter:
        uniform = min(max(draw(f"latency {seed}", request_hash), 1e-6), 1 - 1e-6)
        seconds *= math.exp(profile.jitter * _NORMAL.inv_cdf(uniform))
    if profile.tokens_per_second:
        seconds += answer.tokens_out / profile.tokens_per_second
    return seconds


def _shown(name: str, value: str) -> str:
    """A header as the log may keep it: of a key only a prefix of its hash."""
    if name.lower() not in _KEY_HEADERS:
        return value
    return f"sha256:{sha256(value.removeprefix('Bearer ').encode()).hexdigest()[:12]}"
