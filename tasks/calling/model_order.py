"""Which models are asked for one call, in which order, and what it comes to when none of them answers. No I/O."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tasks.calling.budget import OVER_BUDGET, OverBudget
from tasks.calling.failures import CallFailed
from tasks.calling.route import estimated_tokens
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tasks.calling.call import Completion
    from tasks.calling.entries import Model
    from tasks.calling.messages import Ask
    from tasks.calling.route import Route


def in_order(wanted: Iterable[str], fallbacks: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The models wanted, then their fallbacks, then theirs; each once."""
    names: list[str] = []
    waiting = list(wanted)
    while waiting:
        name = waiting.pop(0)
        if name not in names:
            names.append(name)
            waiting.extend(fallbacks.get(name, ()))
    return names


def cheaper(ask: Ask, model: str, routes: Mapping[str, Route]) -> list[str]:
    """The run's models that cost less at worst than `model` and have room for the call, the dearest first."""
    tokens_in = estimated_tokens(ask)
    limit = routes[model].worst_usd(tokens_in, ask.max_tokens) or 0.0
    found: list[tuple[float, str]] = []
    for name, route in routes.items():
        usd = route.worst_usd(tokens_in, ask.max_tokens)
        if usd is not None and usd < limit and _has_room(route.model, tokens_in, ask.max_tokens):
            found.append((-usd, name))
    return [name for _, name in sorted(found)]


def from_decided(models: list[str], decided: dict[str, Any] | None) -> list[str]:
    """Who is asked, in order: from the one on that answered here before."""
    if decided is None:
        return list(models)
    model: str = decided["model"]
    return models[models.index(model) :] if model in models else [model]


def _has_room(model: Model, tokens_in: int, max_tokens: int) -> bool:
    writes_enough = model.max_output is None or max_tokens <= model.max_output
    return writes_enough and (model.context is None or tokens_in + max_tokens <= model.context)


def because(failures: list[CallFailed | OverBudget]) -> str:
    """Why the first choice did not answer; money counts before all else."""
    short = any(isinstance(failure, OverBudget) for failure in failures)
    first = failures[0]
    return OVER_BUDGET if short or isinstance(first, OverBudget) else first.error_kind


def marked(completion: Completion, decided: dict[str, Any] | None) -> Completion:
    if decided is None or decided["because"] != OVER_BUDGET or completion.model == decided["instead_of"]:
        return completion
    return replace(completion, cheaper_than=decided["instead_of"])


def no_model_left(failures: list[CallFailed | OverBudget]) -> Exception:
    short = [failure for failure in failures if isinstance(failure, OverBudget)]
    if short:
        return short[-1]
    failed = [failure for failure in failures if isinstance(failure, CallFailed)]
    closed = [failure for failure in failed if failure.kind == "close_provider"]
    if closed:
        return RowDeferred(f"provider {closed[0].provider} is closed for this run: {closed[0].message}")
    last = failed[-1]
    tried = ", ".join(dict.fromkeys(failure.model or "" for failure in failed))
    message = last.message if len(failed) == 1 else f"{last.message} (tried {tried})"
    return CallFailed(
        "row_fails", last.error_kind, message, status=last.status, usage=last.usage, provider=last.provider,
        model=last.model,
    )  # fmt: skip
