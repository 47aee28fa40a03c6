"""From what a provider says to what is done about it: codes first, then words, then the status.

One table per source; the wire formats bring their own codes. No I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from tasks.calling.failures import CallFailed, ErrorKind, Kind, error_object, parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Verdict: TypeAlias = tuple[Kind, ErrorKind]

NO_CREDIT: Verdict = ("close_provider", "no_credit")
BAD_KEY: Verdict = ("close_provider", "bad_key")
TOO_LONG: Verdict = ("next_model", "context_too_long")
FILTERED: Verdict = ("next_model", "content_filter")
MODEL_MISSING: Verdict = ("next_model", "model_missing")
NOT_RECORDED: Verdict = ("row_fails", "not_recorded")
FORBIDDEN: Verdict = ("next_model", "forbidden")
RATE_LIMIT: Verdict = ("wait", "rate_limit")
OVERLOADED: Verdict = ("wait", "overloaded")
SERVER_ERROR: Verdict = ("retry", "server_error")
BAD_BODY: Verdict = ("retry", "bad_body")
BAD_REQUEST: Verdict = ("row_fails", "bad_request")


def parsed(body: bytes) -> object:
    """The body as JSON; None if it is not."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def failed(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    codes: Mapping[str, Verdict],
    said: Iterable[object],
) -> CallFailed:
    """The failure that a response means.

    Args:
        status: HTTP status.
        headers: of the response.
        body: as received; HTML and garbage are fine.
        codes: the wire format's own codes, in lower case.
        said: codes found in the body, the most specific first.
    """
    error = error_object(parsed(body))
    message = _message(error, body)
    verdict = next((codes[code] for code in map(_lower, said) if code in codes), None)
    # A refusal to pay, to read or to answer hides behind general codes and statuses, so the
    # words decide between it and whatever the code alone would say.
    if verdict is None or verdict in _GENERAL:
        verdict = _by_words(status, message) or verdict
    if verdict == SERVER_ERROR and by_status(status) == OVERLOADED:
        verdict = OVERLOADED  # "server_error" is said of anything; the status knows better
    kind, error_kind = verdict or by_status(status)
    return CallFailed(
        kind,
        error_kind,
        message + _advice(status, message),
        status=status,
        retry_after=parse_retry_after(headers, error, datetime.now(UTC)),
    )


def by_status(status: int) -> Verdict:
    """What a status means on its own."""
    if status in _STATUS:
        return _STATUS[status]
    if status >= 500:
        return SERVER_ERROR
    if status >= 400:
        return BAD_REQUEST
    return MODEL_MISSING if status >= 300 else BAD_BODY


def no_answer(body: object, what: str) -> CallFailed:
    """A 200 whose body is not what the wire format promises."""
    shape = f"an object with {sorted(map(str, body))[:8]}" if isinstance(body, dict) else type(body).__name__
    return CallFailed(*BAD_BODY, f"the body has no answer: {what}, got {shape}", status=200)


def _by_words(status: int, message: str) -> Verdict | None:
    if not 400 <= status < 500:
        return None
    said = message.lower()
    return next((verdict for words, verdict in _WORDS if words in said), None)


def _message(error: Mapping[str, Any], body: bytes) -> str:
    for key in ("message", "detail", "error_description"):
        value = error.get(key)
        if value:
            return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return body[:2000].decode("utf-8", "replace").strip() or "no body"


def _advice(status: int, message: str) -> str:
    said = message.lower()
    if 300 <= status < 400:
        return " (a redirect: check base_url)"
    if status == 400 and "max_completion_tokens" in said:
        return " (the model's params can say max_tokens_field: max_completion_tokens)"
    if status == 400 and "temperature" in said:
        return " (the model's params can say temperature: null, then none is sent)"
    return ""


def _lower(code: object) -> str:
    return code.lower() if isinstance(code, str) else ""


_GENERAL = {BAD_REQUEST, RATE_LIMIT, FORBIDDEN, MODEL_MISSING}

_STATUS: dict[int, Verdict] = {
    401: BAD_KEY,
    402: NO_CREDIT,
    403: FORBIDDEN,
    404: MODEL_MISSING,
    408: SERVER_ERROR,
    409: SERVER_ERROR,
    413: TOO_LONG,
    425: SERVER_ERROR,
    429: RATE_LIMIT,
    499: SERVER_ERROR,
    503: OVERLOADED,
    529: OVERLOADED,
}

# Words that providers and compatible servers use where no code tells the case apart.
_WORDS: tuple[tuple[str, Verdict], ...] = (
    ("credit balance is too low", NO_CREDIT),
    ("specified api usage limits", NO_CREDIT),
    ("specified workspace api usage limits", NO_CREDIT),
    ("requires more credits", NO_CREDIT),
    ("insufficient balance", NO_CREDIT),
    ("insufficient credits", NO_CREDIT),
    ("credits are depleted", NO_CREDIT),
    ("spending cap", NO_CREDIT),
    ("invalid x-api-key", BAD_KEY),
    ("incorrect api key", BAD_KEY),
    ("api key not valid", BAD_KEY),
    ("api key expired", BAD_KEY),
    ("api key was reported as leaked", BAD_KEY),
    ("organization has been disabled", BAD_KEY),
    ("maximum context length", TOO_LONG),
    ("context length is only", TOO_LONG),
    ("context window", TOO_LONG),
    ("context limit", TOO_LONG),
    ("available context size", TOO_LONG),
    ("prompt is too long", TOO_LONG),
    ("maximum number of tokens allowed", TOO_LONG),
    ("request too large for", TOO_LONG),
    ("must be less than the context length", TOO_LONG),
    ("too large for model with", TOO_LONG),
    ("content management policy", FILTERED),
    ("content filtering policy", FILTERED),
    ("content policy violation", FILTERED),
    ("user location is not supported", FORBIDDEN),
    # A replayed model would have answered: another one in its place would be told as that one's merit.
    ("nothing is recorded for the model", NOT_RECORDED),
)
