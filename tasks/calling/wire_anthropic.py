"""Anthropic messages. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tasks.calling.failures import CallFailed, error_object
from tasks.calling.messages import Finish, Reply, Usage
from tasks.calling.prompt_caching import in_order, marks
from tasks.calling.verdicts import (
    BAD_KEY,
    BAD_REQUEST,
    FORBIDDEN,
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
    added,
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

API_VERSION = "2023-06-01"


class AnthropicWire:
    """`POST {base_url}/v1/messages`."""

    name = "anthropic"
    version = 1

    def path(self, model: Model) -> str:  # noqa: ARG002
        return "/v1/messages"

    def headers(self, key: str | None, provider: Provider, model: Model) -> dict[str, str]:
        own = {"x-api-key": key} if key else {}
        plain = {"content-type": "application/json", "anthropic-version": API_VERSION}
        return {**plain, **own, **own_headers(provider, model)}

    def body(self, model: Model, ask: Ask) -> dict[str, Any]:
        system, turns = split(ask)
        # There is no JSON mode without a schema: structured outputs want closed objects.
        if ask.format == "json":
            system.append(JSON_ONLY)
        body: dict[str, Any] = {"model": model.id, "max_tokens": most_tokens(model, ask)}
        marked = marks(self.name, model.id, ask)
        commons = [marked.get(number, 0) for number, _ in in_order(ask)]
        if system:
            body["system"] = _system(system, commons)
        turn_commons = commons[len(commons) - len(turns) :]
        body["messages"] = [
            {"role": role, "content": _blocks(content, common) if common else content}
            for (role, content), common in zip(turns, turn_commons, strict=True)
        ]
        if ask.temperature is not None:
            body["temperature"] = ask.temperature
        if isinstance(ask.format, dict):
            body["output_config"] = {"format": {"type": "json_schema", "schema": closed(ask.format)}}
        return with_params(body, model.params)

    def reply(self, body: dict[str, Any]) -> Reply:
        content = mapping(body).get("content")
        if not isinstance(content, list):
            if mapping(body).get("type") == "error":
                failure = self.failure(500, {}, orjson.dumps(body, default=str))
                failure.status = 200
                raise failure
            raise no_answer(body, "'content' is not a list")
        texts = [mapping(block).get("text") for block in content if mapping(block).get("type") == "text"]
        if not all(isinstance(text, str) for text in texts):
            raise no_answer(body, "a text block without text")
        finish = _FINISH.get(str(body.get("stop_reason")), "other")
        text = "".join(map(str, texts))
        if finish == "refusal" and not text:
            text = text_or_none(mapping(body.get("stop_details")).get("explanation")) or ""
        return Reply(
            text=text,
            finish=finish,
            usage=_usage(body.get("usage")),
            simulated=body.get("simulated") is True,
            model_id=text_or_none(body.get("model")),
        )

    def failure(self, status: int, headers: Mapping[str, str], body: bytes) -> CallFailed:
        error = error_object(parsed(body))
        detail = mapping(error.get("details")).get("error_code")
        return failed(status, headers, body, codes=_CODES, said=(detail, error.get("type")))


def _system(texts: list[str], commons: list[int]) -> str | list[dict[str, Any]]:
    """One text; or its blocks where something in it is marked, which come to the same text."""
    if not any(commons[: len(texts)]):
        return "\n\n".join(texts)
    blocks: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        between = "\n\n" if number else ""
        common = commons[number] if number < len(commons) else 0
        blocks += _blocks(between + text, common and len(between) + common)
    return blocks


def _blocks(text: str, common: int) -> list[dict[str, Any]]:
    """`text` as blocks of which the first ends with what is common, and says so; a block has to have text in it."""
    head, rest = text[:common], text[common:]
    if not rest.strip():
        head, rest = text, ""
    marked = [{"type": "text", "text": head, "cache_control": {"type": "ephemeral"}}] if common else []
    return [*marked, *([{"type": "text", "text": rest}] if rest else [])]


def closed(schema: Any) -> Any:
    """`schema` as structured outputs take it: objects closed, bounds they refuse left out.

    The bounds still hold: answers are checked against the recipe's own schema afterwards.
    """
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _MAPS and isinstance(value, dict):
            kept[name] = {key: closed(each) for key, each in value.items()}
        elif name in _VALUES:
            kept[name] = value
        elif name not in _REFUSED and not (name == "minItems" and value not in {0, 1}):
            kept[name] = closed(value)
    if kept.get("type") == "object" or "properties" in kept:
        kept.setdefault("additionalProperties", False)
    return kept


def _usage(usage: object) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    read = count(usage.get("cache_read_input_tokens"))
    written = count(usage.get("cache_creation_input_tokens"))
    fresh = count(usage.get("input_tokens"))
    tokens_in = None if fresh is None else added(fresh, read, written)
    return Usage(tokens_in, count(usage.get("output_tokens")), read, written)


_FINISH: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}

_CODES: dict[str, Verdict] = {
    "enforced_spend_limit_reached": NO_CREDIT,
    "billing_error": NO_CREDIT,
    "authentication_error": BAD_KEY,
    "permission_error": FORBIDDEN,
    "not_found_error": MODEL_MISSING,
    "request_too_large": TOO_LONG,
    "rate_limit_error": RATE_LIMIT,
    "overloaded_error": OVERLOADED,
    "api_error": SERVER_ERROR,
    "timeout_error": SERVER_ERROR,
    "conflict_error": SERVER_ERROR,
    "invalid_request_error": BAD_REQUEST,
}

_MAPS = frozenset({"properties", "$defs", "definitions"})
_VALUES = frozenset({"enum", "const", "default", "required", "examples"})
_REFUSED = frozenset({
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties",
})  # fmt: skip
