"""Reads fields of a request body and complains in OpenAI's and Anthropic's manner. Pure."""

from __future__ import annotations

from typing import Any, Literal

from deployments.simulator.asked import MalformedError

_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


def want_list(body: dict[str, Any], key: str) -> list[Any]:
    """A list with at least one entry, or MalformedError."""
    if key not in body:
        raise MalformedError(f"Missing required parameter: '{key}'.", key)
    value = body[key]
    if not isinstance(value, list):
        raise MalformedError(f"Invalid type for '{key}': expected an array.", key)
    if not value:
        raise MalformedError(f"Invalid '{key}': empty array. Expected at least one entry.", key)
    return value


def want_text(body: dict[str, Any], key: str) -> str:
    """A text that is not empty, or MalformedError."""
    value = body.get(key)
    if value is None:
        raise MalformedError(f"you must provide a {key} parameter", key)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"Invalid type for '{key}': expected a string.", key)
    return value


def want_count(body: dict[str, Any], key: str) -> int | None:
    """A whole number of at least 1, None if absent, or MalformedError."""
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError(f"Invalid type for '{key}': expected an integer.", key)
    if value < 1:
        raise MalformedError(f"Invalid '{key}': integer below minimum value. Expected a value >= 1.", key)
    return value


def want_number(body: dict[str, Any], key: str, low: float, high: float) -> float | None:
    """A number in [low, high], None if absent, or MalformedError."""
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise MalformedError(f"Invalid type for '{key}': expected a decimal.", key)
    if not low <= value <= high:
        raise MalformedError(f"Invalid '{key}': expected a value between {low:g} and {high:g}.", key)
    return float(value)


def want_choice(body: dict[str, Any], key: str, choices: frozenset[str], where: str) -> str:
    """One of `choices`, or MalformedError with the path `where.key`."""
    value = body.get(key)
    if not isinstance(value, str) or value not in choices:
        known = ", ".join(f"'{choice}'" for choice in sorted(choices))
        raise MalformedError(f"Invalid value: '{value}'. Supported values are: {known}.", f"{where}.{key}")
    return value


def text_of(content: Any, where: str) -> str:
    """The text of a message's content: a string, or a list of text parts.

    Raises:
        MalformedError: it is neither, or a part is not text (images and audio are out of scope).
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise MalformedError(f"Invalid type for '{where}': expected a string or an array of objects.", where)
    texts = []
    for index, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _TEXT_PARTS or not isinstance(part.get("text"), str):
            raise MalformedError(
                f"Invalid value for '{where}[{index}]': the simulator takes text only.", where
            )
        texts.append(part["text"])
    return "".join(texts)


def forced_json(
    tools: Any, choice: Any, api: Literal["openai", "anthropic"]
) -> tuple[Literal["text"] | dict[str, Any], str | None]:
    """The input schema and the name of the tool that the client forces, else ("text", None)."""
    if not isinstance(tools, list) or not isinstance(choice, dict | str):
        return "text", None
    named: dict[str, Any] = choice if isinstance(choice, dict) else {"type": choice}
    wanted = named.get("function", {}).get("name") if api == "openai" else named.get("name")
    if wanted is None and named.get("type") not in ("any", "required"):
        return "text", None
    for tool in tools:
        spec = tool.get("function", tool) if isinstance(tool, dict) else {}
        if wanted in (None, spec.get("name")):
            schema = spec.get("parameters") or spec.get("input_schema") or {"type": "object"}
            return schema, str(spec.get("name"))
    raise MalformedError(f"Tool choice '{wanted}' not found in 'tools' parameter.", "tool_choice")
