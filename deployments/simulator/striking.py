"""Carries a fault out: on the wire, or as an answer that is of no use."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

from deployments.simulator.responses import SIMULATED, json_bytes, json_response, refusal_response
from deployments.simulator.state import fault_refusal

if TYPE_CHECKING:
    from deployments.simulator.arrival import Arrival
    from deployments.simulator.asked import Answer
    from deployments.simulator.config import Fault
    from deployments.simulator.state import State

_LINGER_NOT = struct.pack("ii", 1, 0)
_GATEWAY_PAGE = (
    b"<html><head><title>simulated</title></head><body>upstream sent an invalid response</body></html>"
)


async def strike(state: State, call: Arrival, fault: Fault, stopping: asyncio.Event) -> web.StreamResponse:
    """The response that `fault` leads to; what was generated is billed even if it does not arrive.

    Args:
        stopping: set when the server stops, so that a hang ends with it.
    """
    if fault.kind == "reset":
        return drop(call.request)
    if fault.kind == "hang":
        await _until(stopping, fault.hang_seconds)
        return drop(call.request)
    if fault.kind == "not_json":
        headers = {**SIMULATED, "Content-Type": "text/html"}
        return web.Response(body=_GATEWAY_PAGE, status=fault.status or 200, headers=headers)
    answer = _useless(state, call, fault)
    if answer is None:
        return refusal_response(fault_refusal(call.wire, fault))
    state.charge(call.asked, call.profile, call.hash, answer)
    body = call.wire.write(call.asked, answer)
    if fault.kind == "truncated_body":
        return await _half(call.request, json_bytes(body))
    return json_response(body)


def drop(request: web.BaseRequest) -> web.Response:
    """Resets the TCP connection; the returned response goes nowhere."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
    return web.Response(status=499, headers=SIMULATED)


def _useless(state: State, call: Arrival, fault: Fault) -> Answer | None:
    """An answer with status 200 that is of no use; None for faults that are errors."""
    match fault.kind:
        case "truncated_body":
            return state.answer(call.asked, call.profile)
        case "empty":
            return state.finished(call.asked, "", "stop")
        case "refusal":
            return state.finished(call.asked, "", "refusal")
        case "length":
            whole = state.answer(call.asked, call.profile).text
            return state.finished(call.asked, whole[: len(whole) // 2], "length")
        case "content_filter" if fault.status is None and call.wire.name == "openai":
            return state.finished(call.asked, "", "content_filter")
        case _:
            return None


async def _until(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return


async def _half(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    """Announces all of `body`, sends half of it, and closes the connection."""
    headers = {**SIMULATED, "Content-Type": "application/json", "Content-Length": str(len(body))}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
