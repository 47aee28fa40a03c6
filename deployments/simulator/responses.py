"""HTTP responses that always say that they are simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployments.simulator.asked import Refused

SIMULATED = {"x-nightpress-simulated": "1"}
_JSON_HEADERS = {**SIMULATED, "Content-Type": "application/json"}


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """The body with `"simulated": true` at its top level."""
    return orjson.dumps({**body, "simulated": True}, option=orjson.OPT_NON_STR_KEYS)


def json_response(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON object with the mark in its headers and at its top level."""
    every = {**_JSON_HEADERS, **headers} if headers else _JSON_HEADERS
    return web.Response(body=json_bytes(body), status=status, headers=every)


def refusal_response(refused: Refused) -> web.Response:
    """A provider's own error."""
    return json_response(refused.body, refused.status, refused.headers)


def raw_response(body: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    """A scripted body: text exactly as given, an object marked in its body too, other JSON only in the headers."""
    if isinstance(body, dict):
        return json_response(body, status, headers)
    content = (body or "").encode() if isinstance(body, str | None) else orjson.dumps(body)
    kind = {} if any(name.lower() == "content-type" for name in headers) else {"Content-Type": "text/plain"}
    return web.Response(body=content, status=status, headers={**kind, **headers, **SIMULATED})
