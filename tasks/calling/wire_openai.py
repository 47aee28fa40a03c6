"""OpenAI chat completions, as OpenAI and the many compatible servers speak it. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.calling.failures import CallFailed, error_object
from tasks.calling.messages import Finish, Reply, Usage
from tasks.calling.verdicts import (
    BAD_KEY,
    FILTERED,
    MODEL_MISSING,
    NO_CREDIT,
    OVERLOADED,
    RATE_LIMIT,
    SERVER_ERROR,
    TOO_LONG,
    Verdict,
    failed,
    no_answer,
    parsed,
)
from tasks.calling.wire_parts import (
    JSON_ONLY,
    count,
    mapping,
    most_tokens,
    own_headers,
    split,
    text_or_none,
    with_params,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.catalog import Model, Provider
    from tasks.calling.messages import Ask


class OpenAIWire:
    """`POST {base_url}/chat/completions`."""

    name = "openai"
    version = 1

    def path(self, model: Model) -> str:  # noqa: ARG002
        return "/chat/completions"

    def headers(self, key: str | None, provider: Provider, model: Model) -> dict[str, str]:
        own = {"authorization": f"Bearer {key}"} if key else {}
        return {"content-type": "application/json", **own, **own_headers(provider, model)}

    def body(self, model: Model, ask: Ask) -> dict[str, Any]:
        system, turns = split(ask)
        # OpenAI answers 400 to json_object if no message says JSON.
        if ask.format == "json" and not any("json" in each.content.lower() for each in ask.messages):
            system.append(JSON_ONLY)
        said = [("system", text) for text in system] + turns
        body: dict[str, Any] = {
            "model": model.id,
            "messages": [{"role": role, "content": content} for role, content in said],
            model.params.get("max_tokens_field", "max_tokens"): most_tokens(model, ask),
        }
        if ask.temperature is not None:
            body["temperature"] = ask.temperature
        if ask.format == "json":
            body["response_format"] = {"type": "json_object"}
        elif isinstance(ask.format, dict):
            schema = {"name": "answer", "schema": ask.format}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return with_params(body, model.params)

    def reply(self, body: dict[str, Any]) -> Reply:
        choices = mapping(body).get("choices")
        if not isinstance(choices, list) or not choices:
            raise _error_inside(body) or no_answer(body, "'choices' is missing")
        choice = mapping(choices[0])
        message = choice.get("message")
        if choice.get("finish_reason") == "error" or not isinstance(message, dict):
            raise _error_inside(choice) or no_answer(choice, "'message' is missing")
        text = _text(message.get("content"))
        if text is None:
            raise no_answer(message, "'content' is not text")
        refusal = text_or_none(message.get("refusal"))
        return Reply(
            text=refusal or text,
            finish="refusal" if refusal else _FINISH.get(str(choice.get("finish_reason")), "other"),
            usage=_usage(body.get("usage")),
            simulated=body.get("simulated") is True,
            model_id=text_or_none(body.get("model")),
        )

    def failure(self, status: int, headers: Mapping[str, str], body: bytes) -> CallFailed:
        error = error_object(parsed(body))
        inner = mapping(error.get("innererror")).get("code")
        said = (inner, error.get("code"), error.get("type"))
        return failed(status, headers, body, codes=_CODES, said=said)


def _text(content: object) -> str | None:
    """A string, nothing, or parts of which only the text ones count; None for anything else."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        return None
    parts = [mapping(part) for part in content]
    return "".join(text_or_none(part.get("text")) or "" for part in parts if part.get("type") == "text")


def _usage(usage: object) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    details = mapping(usage.get("prompt_tokens_details"))
    cached = count(details.get("cached_tokens"))
    if cached is None:
        cached = count(usage.get("prompt_cache_hit_tokens"))
    written = count(details.get("cache_write_tokens"))
    return Usage(count(usage.get("prompt_tokens")), count(usage.get("completion_tokens")), cached, written)


def _error_inside(body: object) -> CallFailed | None:
    """An error sent under HTTP 200, as gateways do; its own code stands for the status."""
    error = mapping(body).get("error")
    if not error:
        return None
    code = mapping(error).get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 502
    said = (code, mapping(error).get("type"))
    message = mapping(error).get("message", error)
    failure = failed(status, {}, str(message).encode("utf-8", "replace"), codes=_CODES, said=said)
    failure.status = 200
    return failure


_FINISH: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "model_length": "length",
    "content_filter": "content_filter",
}

_CODES: dict[str, Verdict] = {
    "insufficient_quota": NO_CREDIT,
    "billing_hard_limit_reached": NO_CREDIT,
    "billing_not_active": NO_CREDIT,
    "credit_balance_exhausted": NO_CREDIT,
    "organization_spend_limit_exceeded": NO_CREDIT,
    "project_spend_limit_exceeded": NO_CREDIT,
    "organization_usage_limit_exceeded": NO_CREDIT,
    "blocked_api_access": NO_CREDIT,
    "invalid_api_key": BAD_KEY,
    "invalid_authentication": BAD_KEY,
    "account_deactivated": BAD_KEY,
    "context_length_exceeded": TOO_LONG,
    "exceed_context_size_error": TOO_LONG,
    "string_above_max_length": TOO_LONG,
    "content_filter": FILTERED,
    "content_policy_violation": FILTERED,
    "responsibleaipolicyviolation": FILTERED,
    "model_not_found": MODEL_MISSING,
    "model_decommissioned": MODEL_MISSING,
    "invalid_model": MODEL_MISSING,
    "deploymentnotfound": MODEL_MISSING,
    "rate_limit_exceeded": RATE_LIMIT,
    "slow_down": RATE_LIMIT,
    "server_is_overloaded": OVERLOADED,
    "server_error": SERVER_ERROR,
}
