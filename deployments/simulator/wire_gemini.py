"""The Gemini generateContent format: bodies read, answers and errors written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployments.simulator.asked import Asked, MalformedError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployments.simulator.asked import Answer
    from deployments.simulator.config import FaultKind

_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "refusal": "STOP"}
_JSON = "application/json"


class GeminiWire:
    """POST {..}/models/{model}:generateContent."""

    name = "gemini"

    def has_key(self, headers: Mapping[str, str]) -> bool:
        return bool(headers.get("x-goog-api-key") or headers.get("Authorization"))

    def read(self, body: dict[str, Any], model: str) -> Asked:
        """The body as an `Asked` for the model named in the path; both spellings of each field are taken.

        Raises:
            MalformedError: as Google would answer 400.
        """
        contents = body.get("contents")
        if not isinstance(contents, list) or not contents:
            raise MalformedError("* GenerateContentRequest.contents: contents is not specified")
        messages = tuple(_content(item, f"contents[{i}]") for i, item in enumerate(contents))
        system = _either(body, "systemInstruction", "system_instruction")
        if system is not None:
            messages = (("system", _parts(system, "system_instruction")), *messages)
        config = _either(body, "generationConfig", "generation_config")
        if config is not None and not isinstance(config, dict):
            raise MalformedError("Invalid value at 'generation_config'")
        config = config or {}
        limit = _either(config, "maxOutputTokens", "max_output_tokens")
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
            raise MalformedError(
                "* GenerateContentRequest.generation_config.max_output_tokens: must be a positive number"
            )
        _check_temperature(config.get("temperature"))
        return Asked("gemini", model, messages, limit, _form(config))

    def write(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        text = answer.text or (_REFUSAL if answer.finish == "refusal" else "")
        candidate: dict[str, Any] = {"finishReason": _FINISH[answer.finish], "index": 0}
        if text:
            candidate = {"content": {"parts": [{"text": text}], "role": "model"}, **candidate}
        return {
            "candidates": [candidate],
            "usageMetadata": _usage(answer),
            "modelVersion": asked.model,
            "responseId": answer.serial,
        }

    def refuse(
        self, kind: FaultKind, message: str | None = None, param: str | None = None, status: int | None = None
    ) -> Refused:
        """The error that Google answers for this kind, with its usual status unless another is given."""
        del param
        if kind == "content_filter":
            return Refused(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, {})
        usual, name, text, reason = _ERRORS[kind]
        if status not in (None, usual):
            name = _NAMES.get(status or usual, name)
        error: dict[str, Any] = {"code": status or usual, "message": message or text, "status": name}
        if reason:
            error["details"] = [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": reason,
                    "domain": "googleapis.com",
                    "metadata": {"service": "generativelanguage.googleapis.com"},
                }
            ]
        return Refused(status or usual, {"error": error}, {})

    def refuse_status(self, status: int, message: str) -> Refused:
        """An error of any other status, such as 404 for an unknown path."""
        name = _NAMES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")
        return Refused(status, {"error": {"code": status, "message": message, "status": name}}, {})

    def limit_headers(self, limit: int, left: int) -> dict[str, str]:
        del limit, left
        return {}


def _either(body: dict[str, Any], camel: str, snake: str) -> Any:
    value = body.get(camel)
    return body.get(snake) if value is None else value


def _content(item: Any, where: str) -> tuple[str, str]:
    role = item.get("role", "user") if isinstance(item, dict) else None
    if role not in ("user", "model"):
        raise MalformedError("Please use a valid role: user, model.")
    return ("assistant" if role == "model" else "user"), _parts(item, where)


def _parts(item: Any, where: str) -> str:
    parts = item.get("parts") if isinstance(item, dict) else None
    parts = [parts] if isinstance(parts, dict) else parts
    if not isinstance(parts, list) or not parts:
        raise MalformedError(f"* GenerateContentRequest.{where}.parts: contents.parts must not be empty.")
    texts = [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    if len(texts) < len(parts):
        raise MalformedError(f"* GenerateContentRequest.{where}.parts: the simulator takes text only")
    return "\n".join(texts)


def _check_temperature(value: Any) -> None:
    if value is not None and (not isinstance(value, int | float) or not 0 <= value <= 2):
        raise MalformedError(
            "* GenerateContentRequest.generation_config.temperature: must be in the range [0.0, 2.0]"
        )


def _form(config: dict[str, Any]) -> Any:
    schema = (
        _either(config, "responseJsonSchema", "response_json_schema")
        or config.get("_responseJsonSchema")
        or _either(config, "responseSchema", "response_schema")
    )
    mime = _either(config, "responseMimeType", "response_mime_type")
    if schema is None:
        return "json" if mime == _JSON else "text"
    if mime != _JSON:
        raise MalformedError(
            "Function calling config or response schema needs response mime type: 'application/json'"
        )
    if not isinstance(schema, dict):
        raise MalformedError("Invalid value at 'generation_config.response_schema'")
    return schema


def _usage(answer: Answer) -> dict[str, Any]:
    usage: dict[str, Any] = {
        "promptTokenCount": answer.tokens_in,
        "candidatesTokenCount": answer.tokens_out,
        "totalTokenCount": answer.tokens_in + answer.tokens_out,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": answer.tokens_in}],
    }
    if answer.tokens_cached:
        usage["cachedContentTokenCount"] = answer.tokens_cached
        usage["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": answer.tokens_cached}]
    return usage


_REFUSAL = "I can't help with that request. (simulated)"
_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_ERRORS: dict[str, tuple[int, str, str, str | None]] = {
    "rate_limit": (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", None),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later.", None),
    "server_error": (500, "INTERNAL", "An internal error has occurred. Please retry.", None),
    "bad_key": (
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
        "API_KEY_INVALID",
    ),
    "no_credit": (
        429,
        "RESOURCE_EXHAUSTED",
        "Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.",
        None,
    ),
    "context_too_long": (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        None,
    ),
    "model_missing": (
        404,
        "NOT_FOUND",
        "The model is not found for API version v1beta, or is not supported for generateContent.",
        None,
    ),
    "forbidden": (403, "PERMISSION_DENIED", "The caller does not have permission.", None),
    "bad_request": (400, "INVALID_ARGUMENT", "Request contains an invalid argument (simulated fault).", None),
}
