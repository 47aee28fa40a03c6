"""Which models a call goes to: those that the recipe names, or those that fit what it needs. No I/O.

A need is resolved once per call, when its length, the request's type and the models before it are known. What was
chosen is journalled: a replay asks the same model, whatever can be used by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from tasks.calling.failures import CallFailed
from tasks.calling.route import estimated_tokens
from tasks.choosing.complexity import standing
from tasks.choosing.ranking import Wanted
from tasks.patterns.model_choice import Need, names_in
from tasks.patterns.route import request_text as shown_text
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tasks.calling.messages import Ask
    from tasks.choosing.ranking import Ranking
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.scope import Scope

RUNNERS_UP: Final = 2


def models_for(
    choice: ModelChoice, scope: Scope, ask: Callable[[], Ask], *, avoid: Iterable[str] = ()
) -> tuple[str, ...]:
    """The models to ask, in fallback order.

    Args:
        ask: gives the question, for its length.
        avoid: families that a need takes only if there is no other.

    Raises:
        CallFailed: no model can be taken for a need (`no_model`).
        RowDeferred: none can, and providers are closed for this run.
    """
    if not isinstance(choice, Need):
        return names_in(choice)
    decided = scope.decided("model")
    known: Any = decided.known
    if known is None:
        known = _decision(choice, scope, ask(), frozenset(avoid))
        decided.settle(known)
    if "below" in known:
        scope.warn(known["below"])
    return (known["model"], *known["then"])


def _decision(need: Need, scope: Scope, ask: Ask, avoid: frozenset[str]) -> dict[str, Any]:
    ranking = _ranking(need, scope, ask, avoid)
    if not ranking.usable:
        raise _nobody(need, scope, ranking)
    first, *others = ranking.usable
    then = [each.name for each in others if each.fits or not first.fits][:RUNNERS_UP]
    decision: dict[str, Any] = {"model": first.name, "then": then, "for": need.strength}
    if ranking.explored:
        decision["explored"] = True
    if first.below:
        floor = ranking.wanted.floor
        decision["below"] = (
            f"no model is known to reach {floor:.2f} for {need.strength}; {first.name} comes closest ({first.worth:.2f})"
        )
    return decision


def _ranking(need: Need, scope: Scope, ask: Ask, avoid: frozenset[str]) -> Ranking:
    chooser = scope.setting.chooser
    if chooser is None:
        said = f"{scope.place}: nothing is known of the models to choose from"
        raise CallFailed("row_fails", "no_model", said)
    wanted = Wanted(
        need.strength,
        quality=need.quality,
        complexity=standing(shown_text(scope)) if need.complexity == "auto" else need.complexity,
        usd_per_call=need.usd_per_call,
        partner=partner_of(need, scope),
        request_type=scope.request_type,
        tokens_in=estimated_tokens(ask),
        max_tokens=ask.max_tokens,
        avoid=avoid,
    )
    return chooser.choose(wanted, request_text(scope))


def _nobody(need: Need, scope: Scope, ranking: Ranking) -> Exception:
    """Why nobody can be asked: another time somebody may, if a provider is closed now."""
    chooser = scope.setting.chooser
    away = chooser.closed() if chooser is not None else {}
    if away:
        return RowDeferred(next(iter(away.values())))
    reasons = "; ".join(f"{each.name}: {each.out}" for each in ranking.models)
    said = f"{scope.place}: no model can be taken for {need.strength}: {reasons}"
    return CallFailed("row_fails", "no_model", said)


def partner_of(need: Need, scope: Scope) -> str | None:
    """The model that wrote the step that the need names: the nearest of that name around this one."""
    if need.partner is None:
        return None
    *around, _ = ("", *scope.path.split("/")) if scope.path else ("", "")
    for depth in range(len(around), 0, -1):
        path = "/".join((*around[1:depth], need.partner))
        if writer := scope.notes.writer_at(path):
            return writer
    return None


def request_text(scope: Scope) -> str:
    """The request as one text, whatever its values are."""
    return orjson.dumps(dict(scope.request), default=str, option=orjson.OPT_SORT_KEYS).decode()
