"""One HTTP connection pool per process: httpx over aiohttp's transport, foreign errors translated once.

httpx's own pool scans all connections for every request and made a tenth of this at 100 open connections.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from tasks.calling.failures import CallFailed
from tasks.calling.messages import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import CIMultiDict

    from tasks.calling.failures import ErrorKind

CONNECT_SECONDS = 15.0
NOTHING_SENT = Usage(0, 0, 0)
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
NEVER_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Posts JSON; make it and use it on one event loop. Follows no redirect, so no key leaves its host."""

    def __init__(self) -> None:
        trust_env = any(os.environ.get(name) for name in PROXY_VARIABLES)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # httpx decodes
            trust_env=trust_env,
        )
        # The transport alone: httpx's client adds redirects, cookies and auth, which are not wanted here,
        # and a tenth of a call's CPU time.
        self._transport = AiohttpTransport(client=session)

    async def post(self, url: httpx.URL, headers: CIMultiDict[str], body: bytes, *, seconds: float) -> Answer:
        """Send `body` and read the answer whole, in `seconds` of wall clock at most.

        Raises:
            CallFailed: kind `retry`; error_kind `timeout` (the answer did not come in time: it may be billed),
                `connection` (it broke; `usage` is zero if nothing was sent), or `bad_body` (it is too large).
                It has no cause and no context.
        """
        request = _Post(url, headers, body, seconds)
        try:
            async with asyncio.timeout(seconds):
                response = await self._transport.handle_async_request(request)
                stream = cast(httpx.AsyncByteStream, response.stream)
                try:
                    return Answer(response.status_code, response.headers, await _read(response, stream))
                finally:
                    await stream.aclose()
        except (TimeoutError, httpx.HTTPError, httpx.StreamError, aiohttp.ClientError, OSError) as error:
            failure = _translated(error, url, seconds)
        # Outside the handler: aiohttp's errors hold the request's headers, the key among them.
        raise failure

    async def simulated(self, url: httpx.URL) -> bool:
        """Whether the server at `url` says of itself that it is a simulator; no key is sent."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                request = httpx.Request(
                    "GET", url.copy_with(raw_path=b"/"), extensions=_timeouts(CONNECT_SECONDS)
                )
                response = await self._transport.handle_async_request(request)
                await response.aclose()
        except (TimeoutError, httpx.HTTPError, aiohttp.ClientError, OSError):
            return False
        return bool(response.headers.get("x-nightpress-simulated") == "1")

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


class _Post(httpx.Request):
    """A POST made of ready parts: httpx's own way normalises URL and headers for each, a twentieth of a call's CPU time.

    The headers are in aiohttp's form: it would convert any other.
    """

    def __init__(self, url: httpx.URL, headers: CIMultiDict[str], body: bytes, seconds: float) -> None:
        self.method = "POST"
        self.url = url
        self.headers = cast(httpx.Headers, headers)
        self.extensions = _timeouts(seconds)
        self.stream = httpx.ByteStream(body)
        self._content = body


async def _read(response: httpx.Response, stream: httpx.AsyncByteStream) -> bytes:
    chunks: list[bytes] = []
    size = 0
    # What comes unpacked is read past httpx's decoders, a twentieth of a call's CPU time.
    packed = "content-encoding" in response.headers
    async for chunk in response.aiter_bytes() if packed else stream:
        size += len(chunk)
        if size > LARGEST_ANSWER_BYTES:
            raise _failed("bad_body", f"the answer is larger than {LARGEST_ANSWER_BYTES} bytes")
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _timeouts(seconds: float) -> dict[str, dict[str, float]]:
    connect = min(CONNECT_SECONDS, seconds)
    return {"timeout": {"connect": connect, "read": seconds, "write": seconds, "pool": seconds}}


def _translated(error: Exception, url: httpx.URL, seconds: float) -> CallFailed:
    """The transport calls every broken connection a ConnectTimeout; its cause tells which were never made."""
    cause = error.__cause__ or error
    if isinstance(cause, NEVER_CONNECTED):
        place = url.netloc.decode()
        return CallFailed("retry", "connection", f"cannot connect to {place}", usage=NOTHING_SENT)
    if isinstance(error, TimeoutError) or isinstance(cause, TimeoutError):
        return _failed("timeout", f"no answer from {url.host} within {seconds:g} s")
    return _failed("connection", f"the connection to {url.host} broke: {type(cause).__name__}")


def _failed(error_kind: ErrorKind, message: str) -> CallFailed:
    return CallFailed("retry", error_kind, message)
