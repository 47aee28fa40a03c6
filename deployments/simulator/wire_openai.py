"""The OpenAI chat completions format: bodies read, answers and errors written. Pure but for the clock in `created`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from deployments.simulator.asked import Asked, MalformedError, Refused
from deployments.simulator.body_reading import (
    forced_json,
    text_of,
    want_choice,
    want_count,
    want_list,
    want_number,
    want_text,
)
from deployments.simulator.errors_openai import ERRORS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployments.simulator.asked import Answer
    from deployments.simulator.config import FaultKind

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_FINISH = {"stop": "stop", "length": "length", "content_filter": "content_filter", "refusal": "stop"}


class OpenAIWire:
    """Chat completions as OpenAI documents them; other compatible servers differ by less than their clients mind."""

    name = "openai"

    def has_key(self, headers: Mapping[str, str]) -> bool:
        scheme, _, key = headers.get("Authorization", "").partition(" ")
        return (scheme.lower() == "bearer" and bool(key.strip())) or bool(headers.get("api-key"))

    def read(self, body: dict[str, Any], model: str) -> Asked:
        """The body as an `Asked`; `model` of the path is not used by this format.

        Raises:
            MalformedError: as OpenAI would answer 400.
        """
        del model
        messages = tuple(_message(item, i) for i, item in enumerate(want_list(body, "messages")))
        want_number(body, "temperature", 0, 2)
        if body.get("stream"):
            raise MalformedError("The simulator does not stream: 'stream' must be false.", "stream")
        if body.get("n") not in (None, 1):
            raise MalformedError("The simulator answers with one choice: 'n' must be 1.", "n")
        if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
            raise MalformedError(
                "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
            )
        limit = want_count(body, "max_completion_tokens") or want_count(body, "max_tokens")
        form, tool = _form(body, messages)
        return Asked("openai", want_text(body, "model"), messages, limit, form, tool)

    def write(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        refused = answer.finish == "refusal"
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if refused else answer.text,
            "refusal": _REFUSAL if refused else None,
            "annotations": [],
        }
        finish = _FINISH[answer.finish]
        if asked.tool and answer.finish in ("stop", "length"):
            message["content"] = None
            message["tool_calls"] = [
                {
                    "id": f"call_{answer.serial}",
                    "type": "function",
                    "function": {"name": asked.tool, "arguments": answer.text},
                }
            ]
        return {
            "id": f"chatcmpl-{answer.serial}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": asked.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
            "usage": _usage(answer),
            "service_tier": "default",
            "system_fingerprint": "fp_simulated",
        }

    def refuse(
        self, kind: FaultKind, message: str | None = None, param: str | None = None, status: int | None = None
    ) -> Refused:
        """The error that OpenAI answers for this kind, with its usual status unless another is given."""
        usual, error_type, code, text = ERRORS[kind]
        error = {"message": message or text, "type": error_type, "param": param, "code": code}
        return Refused(status or usual, {"error": error}, {})

    def refuse_status(self, status: int, message: str) -> Refused:
        """An error of any other status, such as 404 for an unknown path."""
        kind = "invalid_request_error" if status < 500 else "server_error"
        return Refused(status, {"error": {"message": message, "type": kind, "param": None, "code": None}}, {})

    def limit_headers(self, limit: int, left: int) -> dict[str, str]:
        return {"x-ratelimit-limit-requests": str(limit), "x-ratelimit-remaining-requests": str(left)}


def _message(item: Any, index: int) -> tuple[str, str]:
    where = f"messages[{index}]"
    if not isinstance(item, dict):
        raise MalformedError(f"Invalid type for '{where}': expected an object.", where)
    role = want_choice(item, "role", _ROLES, where)
    content = item.get("content")
    if content is None and role == "assistant":
        return role, ""
    return ("system" if role == "developer" else role), text_of(content, f"{where}.content")


def _form(body: dict[str, Any], messages: tuple[tuple[str, str], ...]) -> tuple[Any, str | None]:
    wanted = body.get("response_format")
    if wanted is None:
        return forced_json(body.get("tools"), body.get("tool_choice"), "openai")
    if not isinstance(wanted, dict):
        raise MalformedError("Invalid type for 'response_format': expected an object.", "response_format")
    kind = want_choice(wanted, "type", frozenset({"text", "json_object", "json_schema"}), "response_format")
    if kind == "json_object":
        if not any("json" in text.lower() for _, text in messages):
            raise MalformedError(_SAY_JSON, "messages")
        return "json", None
    if kind == "text":
        return "text", None
    named = wanted.get("json_schema")
    if not isinstance(named, dict) or not isinstance(named.get("name"), str):
        raise MalformedError(
            "Missing required parameter: 'response_format.json_schema.name'.",
            "response_format.json_schema.name",
        )
    schema = named.get("schema")
    if schema is not None and not isinstance(schema, dict):
        raise MalformedError("Invalid schema for response_format: expected an object.", "response_format")
    return schema or "json", None


def _usage(answer: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": answer.tokens_in,
        "completion_tokens": answer.tokens_out,
        "total_tokens": answer.tokens_in + answer.tokens_out,
        "prompt_tokens_details": {"cached_tokens": answer.tokens_cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


_REFUSAL = "I'm sorry, but I can't help with that. (simulated)"
_SAY_JSON = (
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
)
