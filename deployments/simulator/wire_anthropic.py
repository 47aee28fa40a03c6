"""The Anthropic messages format: bodies read, answers and errors written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from deployments.simulator.asked import BETWEEN, Asked, MalformedError, Refused
from deployments.simulator.body_reading import forced_json, text_of, want_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployments.simulator.asked import Answer
    from deployments.simulator.config import FaultKind

_MOST_MARKS = 4
_STOP = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal", "refusal": "refusal"}


class AnthropicWire:
    """POST /v1/messages, without streaming."""

    name = "anthropic"

    def has_key(self, headers: Mapping[str, str]) -> bool:
        return bool(headers.get("x-api-key") or headers.get("Authorization"))

    def read(self, body: dict[str, Any], model: str) -> Asked:
        """The body as an `Asked`; `model` of the path is not used by this format.

        Raises:
            MalformedError: as Anthropic would answer 400.
        """
        model = _required(body, "model", str)
        limit = _required(body, "max_tokens", int)
        if limit < 1:
            raise MalformedError("max_tokens: Input should be greater than or equal to 1")
        items = _required(body, "messages", list)
        if not items:
            raise MalformedError("messages: at least one message is required")
        messages = tuple(_message(item, index) for index, item in enumerate(items))
        if body.get("system"):
            messages = (("system", text_of(body["system"], "system")), *messages)
        want_number(body, "temperature", 0, 1)
        if body.get("stream"):
            raise MalformedError("stream: the simulator does not stream")
        form, tool = _form(body)
        return Asked("anthropic", model, messages, limit, form, tool, _cache_marks(body, messages))

    def write(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
        stop = _STOP[answer.finish]
        if asked.tool and answer.finish == "stop" and answer.text:
            value = orjson.loads(answer.text)
            content = [
                {"type": "tool_use", "id": f"toolu_{answer.serial}", "name": asked.tool, "input": value}
            ]
            stop = "tool_use"
        return {
            "id": f"msg_{answer.serial}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": _usage(answer),
        }

    def refuse(
        self, kind: FaultKind, message: str | None = None, param: str | None = None, status: int | None = None
    ) -> Refused:
        """The error that Anthropic answers for this kind, with its usual status unless another is given."""
        usual, error_type, text = _ERRORS[kind]
        if status not in (None, usual):
            error_type = _TYPES.get(status or usual, error_type)
        said = f"{param}: {message}" if message and param else message or text
        return Refused(status or usual, {"type": "error", "error": {"type": error_type, "message": said}}, {})

    def refuse_status(self, status: int, message: str) -> Refused:
        """An error of any other status, such as 404 for an unknown path."""
        error_type = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
        return Refused(status, {"type": "error", "error": {"type": error_type, "message": message}}, {})

    def limit_headers(self, limit: int, left: int) -> dict[str, str]:
        return {
            "anthropic-ratelimit-requests-limit": str(limit),
            "anthropic-ratelimit-requests-remaining": str(left),
        }


def _required(body: dict[str, Any], key: str, kind: type) -> Any:
    value = body.get(key)
    if value is None:
        raise MalformedError(f"{key}: Field required")
    if not isinstance(value, kind) or isinstance(value, bool):
        raise MalformedError(f"{key}: Input should be a valid {_NAMES[kind]}")
    return value


def _message(item: Any, index: int) -> tuple[str, str]:
    where = f"messages.{index}"
    if not isinstance(item, dict):
        raise MalformedError(f"{where}: Input should be a valid dictionary")
    role = item.get("role")
    if role not in ("user", "assistant"):
        hint = ' Use the top-level "system" parameter.' if role == "system" else ""
        raise MalformedError(f"{where}.role: Input should be 'user' or 'assistant'.{hint}")
    text = text_of(item.get("content"), f"{where}.content")
    if not text.strip():
        raise MalformedError(f"{where}: all messages must have non-empty content")
    return role, text


def _form(body: dict[str, Any]) -> tuple[Any, str | None]:
    config = body.get("output_config")
    wanted = (config.get("format") if isinstance(config, dict) else None) or body.get("output_format")
    if wanted is None:
        return forced_json(body.get("tools"), body.get("tool_choice"), "anthropic")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        raise MalformedError("output_config.format.type: Input should be 'json_schema'")
    if not isinstance(wanted.get("schema"), dict):
        raise MalformedError("output_config.format.schema: Field required")
    return wanted["schema"], None


def _cache_marks(body: dict[str, Any], messages: tuple[tuple[str, str], ...]) -> tuple[int, ...]:
    """Where `cache_control` stands in the prompt: behind system and message blocks; on the body, behind all of it.

    Raises:
        MalformedError: there are more than four.
    """
    holders = [body["system"]] if body.get("system") else []
    holders += [item["content"] for item in body["messages"]]
    marks: list[int] = []
    start = 0
    for holder, (_, text) in zip(holders, messages, strict=True):
        end = start
        for block in holder if isinstance(holder, list) else []:
            end += len(block["text"])
            if block.get("cache_control"):
                marks.append(end)
        start += len(text) + len(BETWEEN)
    if body.get("cache_control"):
        marks.append(start - len(BETWEEN))
    if len(marks) > _MOST_MARKS:
        raise MalformedError(
            f"A maximum of {_MOST_MARKS} blocks with cache_control may be provided. Found {len(marks)}."
        )
    return tuple(marks)


def _usage(answer: Answer) -> dict[str, Any]:
    written = answer.tokens_cache_written
    return {
        "input_tokens": answer.tokens_in - answer.tokens_cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": answer.tokens_cached,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": answer.tokens_out,
        "service_tier": "standard",
    }


_NAMES: dict[type, str] = {str: "string", int: "integer", list: "list"}
_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_ERRORS: dict[str, tuple[int, str, str]] = {
    "rate_limit": (
        429,
        "rate_limit_error",
        "This request would exceed the rate limit for your organization of requests per minute.",
    ),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "server_error": (500, "api_error", "Internal server error"),
    "bad_key": (401, "authentication_error", "invalid x-api-key"),
    "no_credit": (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
    ),
    "context_too_long": (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
    "content_filter": (400, "invalid_request_error", "Output blocked by content filtering policy"),
    "model_missing": (404, "not_found_error", "model: not found"),
    "forbidden": (
        403,
        "permission_error",
        "Your API key does not have permission to use the specified resource.",
    ),
    "bad_request": (400, "invalid_request_error", "messages: invalid request (simulated fault)"),
}
