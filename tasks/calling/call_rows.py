"""One row of the `calls` table for each way a call can end. Times are microseconds since 1970, UTC."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

import orjson

from tasks.calling.failures import CallFailed, unusable
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from tasks.calling.attempts import Attempts
    from tasks.calling.call import Asked
    from tasks.calling.wire import Ask, Reply

LANE = "online"


def paid_row(asked: Asked, attempts: Attempts, reply: Reply) -> dict[str, Any]:
    """A call with an answer, good or not: a refusal and an empty answer are `failed` with their kind.

    An answer that does not say what it cost is charged what was reserved for it.
    """
    usage = reply.usage
    usd = asked.route.usd(usage)
    failure = unusable(reply)
    return {
        **_who(asked),
        **_sent(asked, attempts),
        "response": reply.text,
        "finish_reason": reply.finish,
        "status": "failed" if failure else "ok",
        "error_kind": failure.error_kind if failure else None,
        "error": failure.message if failure else None,
        "tokens_in": usage.tokens_in if usage else None,
        "tokens_out": usage.tokens_out if usage else None,
        "tokens_cached": usage.tokens_cached if usage else None,
        "usd": attempts.reserved_usd if usd is None else usd,
        "simulated": reply.simulated,
    }


def failed_row(asked: Asked, attempts: Attempts, failure: Exception) -> dict[str, Any]:
    """A call without an answer; its id is its own, so that asking again is another call."""
    return {
        **_who(asked),
        **_sent(asked, attempts),
        "call_id": f"{asked.call_id}-{int(attempts.started_at * 1e6):x}",
        "status": "failed",
        "error_kind": failure.error_kind if isinstance(failure, CallFailed) else "deferred",
        "error": str(failure),
        "usd": 0.0 if asked.route.price is not None else None,
        "simulated": False,
    }


def lost_row(asked: Asked, attempts: Attempts) -> dict[str, Any]:
    """A call that was broken off while it was under way; what it may have cost is in `attempts`."""
    broken_off = NightpressError("the call was broken off before its answer came; it may have been billed")
    return {**failed_row(asked, attempts, broken_off), "status": "lost", "error_kind": "lost"}


def hit_row(asked: Asked, known: dict[str, Any]) -> dict[str, Any]:
    """A call answered by another call's answer: costs nothing, carries no text."""
    now = int(time() * 1e6)
    return {
        **_who(asked),
        **{
            name: known[name]
            for name in ("provider", "host", "model", "model_id", "finish_reason", "simulated")
        },
        "params": _params(asked.call.ask),
        "status": "ok",
        "attempts": 0,
        "tokens_in": 0,
        "tokens_out": 0,
        "tokens_cached": 0,
        "usd": 0.0,
        "usd_failed": 0.0,
        "usd_saved": known["usd"],
        "usd_estimated": 0.0,
        "seconds": 0.0,
        "cached": True,
        "source_call_id": known["call_id"],
        "lane": LANE,
        "started_at": now,
        "finished_at": now,
    }


def prompt_text(ask: Ask) -> str:
    """The messages as one text: a lone user message is itself, others are headed by their role."""
    if len(ask.messages) == 1:
        return ask.messages[0].content
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in ask.messages)


def _who(asked: Asked) -> dict[str, Any]:
    call, row = asked.call, asked.row
    return {
        "call_id": asked.call_id,
        "key": asked.key.hex(),
        "run": asked.run,
        "request_id": row.request_id,
        "arm": row.arm,
        "recipe": row.recipe,
        "request_type": row.request_type,
        "shard": row.shard,
        "step": call.step,
        "role": call.role,
        "round": call.round,
        "sample": asked.sample,
    }


def _sent(asked: Asked, attempts: Attempts) -> dict[str, Any]:
    route = asked.route
    return {
        "provider": route.provider_name,
        "host": route.host,
        "model": route.name,
        "model_id": route.model.id,
        "params": _params(asked.call.ask),
        "prompt": prompt_text(asked.call.ask),
        "attempts": attempts.count,
        "usd_failed": attempts.usd_failed if route.price is not None else None,
        "usd_saved": 0.0,
        "usd_estimated": attempts.usd_estimated,
        "seconds": attempts.seconds,
        "cached": False,
        "lane": LANE,
        "started_at": int(attempts.started_at * 1e6),
        "finished_at": int(time() * 1e6),
    }


def _params(ask: Ask) -> str:
    return orjson.dumps(
        {"temperature": ask.temperature, "max_tokens": ask.max_tokens, "format": ask.format}
    ).decode()
