"""Google's Gemini generateContent. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from tasks.calling.failures import CallFailed, error_object
from tasks.calling.messages import Finish, Reply, Usage
from tasks.calling.verdicts import (
    BAD_KEY,
    BAD_REQUEST,
    FILTERED,
    FORBIDDEN,
    MODEL_MISSING,
    NO_CREDIT,
    OVERLOADED,
    RATE_LIMIT,
    SERVER_ERROR,
    Verdict,
    failed,
    no_answer,
    parsed,
)
from tasks.calling.wire_parts import (
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


class GeminiWire:
    """`POST {base_url}/models/{id}:generateContent`; base_url ends in the API's version."""

    name = "gemini"
    version = 1

    def path(self, model: Model) -> str:
        named = model.id if model.id.startswith(("models/", "tunedModels/")) else f"models/{model.id}"
        return f"/{quote(named)}:generateContent"

    def headers(self, key: str | None, provider: Provider, model: Model) -> dict[str, str]:
        own = {"x-goog-api-key": key} if key else {}
        return {"content-type": "application/json", **own, **own_headers(provider, model)}

    def body(self, model: Model, ask: Ask) -> dict[str, Any]:
        system, turns = split(ask)
        body: dict[str, Any] = {}
        if system:
            body["systemInstruction"] = {"parts": [{"text": "\n\n".join(system)}]}
        body["contents"] = [
            {"role": "model" if role == "assistant" else "user", "parts": [{"text": content}]}
            for role, content in turns
        ]
        settings: dict[str, Any] = {"maxOutputTokens": most_tokens(model, ask)}
        if ask.temperature is not None:
            settings["temperature"] = ask.temperature
        if ask.format != "text":
            settings["responseMimeType"] = "application/json"
        if isinstance(ask.format, dict):
            settings["responseJsonSchema"] = ask.format
        body["generationConfig"] = settings
        return _nulls_out(with_params(body, model.params))

    def reply(self, body: dict[str, Any]) -> Reply:
        usage = _usage(mapping(body).get("usageMetadata"))
        candidates = mapping(body).get("candidates")
        if not isinstance(candidates, list) or not candidates:
            raise (
                _blocked(body, usage)
                or self._error_inside(body)
                or no_answer(body, "'candidates' is missing")
            )
        candidate = mapping(candidates[0])
        parts = mapping(candidate.get("content")).get("parts", [])
        if not isinstance(parts, list):
            raise no_answer(candidate, "'parts' is not a list")
        spoken = [mapping(part) for part in parts if mapping(part).get("thought") is not True]
        texts = [part["text"] for part in spoken if "text" in part]
        if not all(isinstance(text, str) for text in texts):
            raise no_answer(candidate, "a part's 'text' is not text")
        return Reply(
            text="".join(texts),
            finish=_FINISH.get(str(candidate.get("finishReason")), "other"),
            usage=usage,
            simulated=body.get("simulated") is True,
            model_id=text_or_none(body.get("modelVersion")),
        )

    def failure(self, status: int, headers: Mapping[str, str], body: bytes) -> CallFailed:
        error = error_object(parsed(body))
        details = error.get("details")
        reasons = [mapping(each).get("reason") for each in (details if isinstance(details, list) else [])]
        failure = failed(status, headers, body, codes=_CODES, said=(*reasons, error.get("status")))
        # A quota per day does not come back tonight, whatever retryDelay says.
        if failure.kind == "wait" and _per_day(details):
            failure.kind = "next_model"
        return failure

    def _error_inside(self, body: object) -> CallFailed | None:
        if not mapping(body).get("error"):
            return None
        failure = self.failure(502, {}, orjson.dumps(body, default=str))
        failure.status = 200
        return failure


def _blocked(body: object, usage: Usage | None) -> CallFailed | None:
    reason = text_or_none(mapping(mapping(body).get("promptFeedback")).get("blockReason"))
    if reason is None:
        return None
    return CallFailed(*FILTERED, f"the prompt was blocked: {reason}", status=200, usage=usage)


def _per_day(details: object) -> bool:
    for detail in details if isinstance(details, list) else []:
        violations = mapping(detail).get("violations")
        for violation in violations if isinstance(violations, list) else []:
            if "PerDay" in str(mapping(violation).get("quotaId", "")):
                return True
    return False


def _nulls_out(body: dict[str, Any]) -> dict[str, Any]:
    """A null inside generationConfig takes the setting out, as at the top."""
    settings = body.get("generationConfig")
    if isinstance(settings, dict):
        body["generationConfig"] = {name: value for name, value in settings.items() if value is not None}
    return body


def _usage(usage: object) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    prompt = count(usage.get("promptTokenCount"))
    answer = added(count(usage.get("candidatesTokenCount")), count(usage.get("thoughtsTokenCount")))
    total = count(usage.get("totalTokenCount"))
    if answer is None and total is not None and prompt is not None:
        answer = max(0, total - prompt)
    return Usage(prompt, answer, count(usage.get("cachedContentTokenCount")))


_FINISH: dict[str, Finish] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
}

_CODES: dict[str, Verdict] = {
    "api_key_invalid": BAD_KEY,
    "api_key_service_blocked": BAD_KEY,
    "api_key_ip_address_blocked": BAD_KEY,
    "api_key_http_referrer_blocked": BAD_KEY,
    "consumer_suspended": BAD_KEY,
    "service_disabled": BAD_KEY,
    "access_token_expired": BAD_KEY,
    "unauthenticated": BAD_KEY,
    "billing_disabled": NO_CREDIT,
    "permission_denied": FORBIDDEN,
    "not_found": MODEL_MISSING,
    "resource_exhausted": RATE_LIMIT,
    "unavailable": OVERLOADED,
    "internal": SERVER_ERROR,
    "deadline_exceeded": SERVER_ERROR,
    "invalid_argument": BAD_REQUEST,
    "failed_precondition": BAD_REQUEST,
}
