"""One model call that gave no usable answer: what to do about it, and how long to wait. No I/O."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tasks.calling.messages import Reply, Usage

Kind: TypeAlias = Literal["wait", "retry", "next_model", "row_fails", "close_provider"]
ErrorKind: TypeAlias = Literal[
    "rate_limit", "overloaded", "server_error", "timeout", "connection", "unreachable", "bad_body",
    "model_missing", "forbidden", "context_too_long", "content_filter",
    "bad_request", "refusal", "empty", "no_parse", "no_model", "bad_key", "no_credit", "exhausted",
    "no_price", "not_recorded",
]  # fmt: skip

PASSING: frozenset[str] = frozenset(
    {"rate_limit", "overloaded", "server_error", "timeout", "connection", "bad_body", "exhausted"}
)  # what may go better another time
LONGEST_MESSAGE = 500
LONGEST_WAIT_SECONDS = 300.0


class CallFailed(NightpressError):
    """One attempt, or one call after all its attempts, without a usable answer.

    Attributes:
        kind: what the caller does next.
        error_kind: what happened, as stored in the tables.
        message: for people; at most 500 characters, without keys.
        status: HTTP status; None if no response came.
        retry_after: seconds the provider asks to wait, 0 to 300; None if it did not say.
        usage: tokens that were billed all the same; None if unknown.
        provider: the provider's name in the models file; filled in by the client.
        model: the model's name in the models file; filled in by the client.
    """

    def __init__(
        self,
        kind: Kind,
        error_kind: ErrorKind,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        usage: Usage | None = None,
        provider: str = "",
        model: str = "",
    ) -> None:
        super().__init__(kind, error_kind)
        self.kind: Kind = kind
        self.error_kind: ErrorKind = error_kind
        self.message = scrub(message, ())
        self.status = status
        self.retry_after = retry_after
        self.usage = usage
        self.provider = provider
        self.model = model

    def hide(self, secrets: Iterable[str]) -> CallFailed:
        """The same error, its message without these secrets."""
        self.message = scrub(self.message, secrets)
        return self

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.provider, self.model) if part)
        status = f" (HTTP {self.status})" if self.status is not None else ""
        return f"{place + ': ' if place else ''}{self.error_kind}{status}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.kind, self.error_kind, self.message, dict(self.__dict__)))


def unusable(reply: Reply) -> CallFailed | None:
    """Why an answer that did arrive cannot be used; None if it can.

    A partial text (`finish` is "length") counts as usable here: the caller knows whether half an
    answer helps.
    """
    if reply.finish == "refusal":
        return CallFailed("row_fails", "refusal", f"the model refused: {reply.text}", usage=reply.usage)
    if reply.finish == "content_filter":
        return CallFailed("next_model", "content_filter", "the answer was filtered", usage=reply.usage)
    if not reply.text.strip():
        cut = reply.finish == "length"
        said = "all of max_tokens went into hidden reasoning" if cut else "the answer is empty"
        return CallFailed("row_fails", "empty", said, usage=reply.usage)
    return None


def scrub(text: str, secrets: Iterable[str]) -> str:
    """`text` without `secrets` or anything shaped like a key, on one line, at most 500 characters."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    text = _KEY.sub("***", text[: 20 * LONGEST_MESSAGE])
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def parse_retry_after(headers: Mapping[str, str], body: object, now: datetime) -> float | None:
    """Seconds the provider asks to wait, 0 to 300; None if it does not say or says nonsense.

    Args:
        headers: `retry-after-ms`, then `retry-after` as seconds or as an HTTP date are read; a
            date counts from the response's own `date` header where there is one.
        body: parsed JSON; Google's `RetryInfo.retryDelay` is read from it.
        now: with a time zone.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    milliseconds = _number(lower.get("retry-after-ms"))
    if milliseconds is not None:
        return _within_reason(milliseconds / 1000)
    asked = lower.get("retry-after")
    if asked is not None:
        seconds = _number(asked)
        if seconds is None:
            seconds = _until(asked, lower.get("date"), now)
        return _within_reason(seconds)
    return _within_reason(_retry_delay(body))


def error_object(body: object) -> dict[str, Any]:
    """The object that describes the error, whichever way a provider wraps it; {} if there is none."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return {}
    error = body.get("error")
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else body


def _retry_delay(body: object) -> float | None:
    details = error_object(body).get("details")
    for detail in details if isinstance(details, list) else []:
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and delay.endswith("s"):
            return _number(delay[:-1])
    return None


def _until(asked: str, sent: str | None, now: datetime) -> float | None:
    moment = _date(asked)
    if moment is None:
        return None
    return (moment - (_date(sent) or now)).total_seconds()


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _within_reason(seconds: float | None) -> float | None:
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, LONGEST_WAIT_SECONDS)


def _rebuild(kind: Kind, error_kind: ErrorKind, message: str, attributes: dict[str, Any]) -> CallFailed:
    failure = CallFailed(kind, error_kind, message)
    failure.__dict__.update(attributes)
    return failure


_SHORTEST_SECRET = 4
_KEY = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|fw|r8|hf|nvapi)[-_][A-Za-z0-9_*.-]{8,}"
    r"|\bAIza[A-Za-z0-9_*-]{10,}"
    r"|\b(?:Bearer|Basic)\s+[A-Za-z0-9+/=_.*-]{16,}"
    r"|\bAQ\.[A-Za-z0-9_-]{20,}"
)
