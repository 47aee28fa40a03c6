"""The simulator's own endpoints: what it saw, and what it shall answer next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from pydantic import TypeAdapter, ValidationError

from deployments.simulator.config import Script
from deployments.simulator.responses import json_response

if TYPE_CHECKING:
    from aiohttp import web

    from deployments.simulator.counting import Seen
    from deployments.simulator.state import State

_SCRIPTS: TypeAdapter[Script | list[Script]] = TypeAdapter(Script | list[Script])
_DEFAULT_LIMIT = 100


async def control(state: State, request: web.BaseRequest, path: str) -> web.Response:
    """Answers `/` and everything below `/_simulator/`."""
    match request.method, path:
        case "GET", "/":
            return json_response({"name": "nightpress simulator", "seed": state.config.seed, "apis": _APIS})
        case "GET", "/_simulator/stats":
            replay = {} if state.replay is None else {"replay": state.replay.summary()}
            return json_response({**state.counts.summary(), **replay})
        case "GET", "/_simulator/requests":
            seen = state.log.last(_limit(request))
            return json_response({"requests": [_shown(item) for item in seen]})
        case "POST", "/_simulator/reset":
            state.reset()
            return json_response({"reset": True})
        case "POST", "/_simulator/script":
            return _script(state, await request.content.read())
    return json_response({"error": f"Unknown: {request.method} {path}", "known": _KNOWN}, 404)


def _script(state: State, body: bytes) -> web.Response:
    try:
        given = _SCRIPTS.validate_json(body)
    except ValidationError as error:
        return json_response({"error": str(error)}, 400)
    scripts = given if isinstance(given, list) else [given]
    for script in scripts:
        state.add_script(script)
    return json_response({"added": len(scripts)})


def _limit(request: web.BaseRequest) -> int:
    text = request.query.get("limit", "")
    return int(text) if text.isascii() and text.isdigit() else _DEFAULT_LIMIT


def _shown(seen: Seen) -> dict[str, Any]:
    try:
        body: Any = orjson.loads(seen.body)
    except orjson.JSONDecodeError:
        body = seen.body.decode("utf-8", "replace")
    return {"method": seen.method, "path": seen.path, "headers": seen.headers, "body": body}


_APIS = {
    "openai": "POST /v1/chat/completions",
    "anthropic": "POST /v1/messages",
    "gemini": "POST /v1beta/models/{model}:generateContent",
}
_KNOWN = [
    "GET /",
    "GET /_simulator/stats",
    "GET /_simulator/requests?limit=",
    "POST /_simulator/reset",
    "POST /_simulator/script",
]
