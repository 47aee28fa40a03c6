"""The control arm of a shard, and the blind judging of what it delivers: done when its rows are, with what money is left.

Which requests are compared follows from the recipe and the requests of the shard, so one that is worked again compares
the same, and its calls are in the ledger.
The judges' calls are of the arm `proof`: what it costs to prove is in no arm's own sums.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tasks.calling.budget import OVER_BUDGET, RowBudget
from tasks.landing.labels import MADE
from tasks.landing.tally import Tally
from tasks.patterns.baseline import NO_OTHER, make_baseline
from tasks.patterns.blind import SHOWN_FIRST, Bench
from tasks.patterns.blind_paths import FINAL, PAIR
from tasks.patterns.judge_choice import judges_blind
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from tasks.calling.call import Row
    from tasks.calling.catalog import Model
    from tasks.judging.side_by_side import Preference
    from tasks.landing.outputs import Outcome
    from tasks.landing.run_state import RunState
    from tasks.patterns.blind import Verdict
    from tasks.patterns.draft import Draft
    from tasks.storing.requests import Request

    Worked = tuple[Outcome, Tally]
    Working = Callable[[Request, Awaitable[Draft], Tally], Awaitable[Outcome]]

CONTROL = "baseline"
PROOF = "proof"
PREFERENCE = "preference"


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one request beside the row that the recipe made.

    Attributes:
        control: the baseline's row, None if there is none.
        verdicts: arm → what the blind judges say of its text.
        preferences: of the made text over the baseline's.
        left: the control row could not be made for now: for want of money, or as its model could not be asked.
    """

    request_id: str
    control: Worked | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    preferences: Sequence[Preference] = ()
    left: bool = False


def compared(recipe: str, ids: Iterable[str], share: float) -> frozenset[str]:
    """The requests of a shard that are compared: as many as the share comes to, whatever order they stand in.

    The part of a request that is left over is drawn, so that over many shards the share holds.
    """
    drawn = sorted((sha256(f"{recipe}\n{each}".encode()).digest(), each) for each in ids)
    if not drawn:
        return frozenset()
    first = int.from_bytes(sha256(b"\n".join(each for each, _ in drawn)).digest()[:8], "big") / 2**64
    return frozenset(each for _, each in drawn[: int(share * len(drawn) + first)])


async def proofs(
    state: RunState, ids: Sequence[str], worked: Sequence[Worked], working: Working
) -> dict[str, Proof]:
    """What is to be known beside the rows of a shard, by request; nothing where rows wait for money.

    Args:
        ids: of all the shard's requests, also of those that are not worked this time.
        working: makes an outcome of a coming draft, whatever goes wrong with it.
    """
    recipe = state.recipe
    if not judges_blind(recipe) or any(outcome.error_kind == OVER_BUDGET for outcome, _ in worked):
        return {}
    share = recipe.baseline.share if recipe.baseline is not None else 0.0
    with_control = compared(recipe.recipe, ids, share)
    judged = with_control | compared(recipe.recipe, ids, recipe.quality.share)
    found = await asyncio.gather(
        *(
            _prove(state, outcome, tally, working, has_control=tally.row.request_id in with_control)
            for outcome, tally in worked
            if tally.row.request_id in judged and outcome.status != "deferred"
        )
    )
    return {each.request_id: each for each in found}


async def _prove(
    state: RunState, outcome: Outcome, tally: Tally, working: Working, *, has_control: bool
) -> Proof:
    async with state.rows_gate:
        control = await _control(state, outcome.request, tally.row, working) if has_control else None
        left = has_control and control is None
        texts = {
            arm: each.draft.content
            for arm, each in ((MADE, outcome), (CONTROL, control[0] if control else None))
            if each is not None and each.draft is not None
        }
        proof = Proof(tally.row.request_id, control, left=left)
        if not texts:
            return proof
        asking = Tally(state.calls, _proving(tally.row), state.plan.fresh)
        bench = Bench(state.recipe, state.setting, outcome.request.values, asking)
        try:
            verdicts = await bench.verdicts(texts)
            preferences: Sequence[Preference] = ()
            if state.recipe.quality.pairs and len(texts) > 1:
                preferences = await bench.preferences(texts[MADE], texts[CONTROL])
        except RowDeferred:
            return proof
        return replace(proof, verdicts=verdicts, preferences=preferences)


async def _control(state: RunState, request: Request, made: Row, working: Working) -> Worked | None:
    """The baseline's row; None if it cannot be made now."""
    recipe = state.recipe
    if recipe.baseline is None:
        return None
    own = RowBudget(recipe.budget.usd_per_request, "request", 0.0)
    row = replace(_alone(made, CONTROL), budgets=(*made.budgets[:-1], own))
    tally = Tally(state.calls, row, state.plan.fresh)
    coming = make_baseline(recipe, recipe.baseline, request.values, state.setting, tally.notes, tally)
    outcome = await working(request, coming, tally)
    if outcome.status == "deferred" or outcome.error_kind == NO_OTHER:
        return None
    return outcome, tally


def _proving(made: Row) -> Row:
    """Who asks the blind judges: what the row's own judge has said of a text before does not count as a judgement."""
    return replace(_alone(made, PROOF), budgets=made.budgets[:-1], asked=dict(made.asked))


def _alone(made: Row, arm: str) -> Row:
    return replace(
        made, arm=arm, ticket=None, paid_at={}, asked={}, unanswered={}, decided={}, usd_failed=0.0
    )


def proof_scores(proof: Proof, run: str, models: Mapping[str, Model]) -> list[dict[str, Any]]:
    """Rows of `scores`: one per arm, judge and criterion, and one per judge and order of a pair."""

    def row(
        arm: str, step: str, round_: int, judge: str, criterion: str, score: float, reason: str | None
    ) -> Any:
        family = models[judge].family if judge in models else None
        return {
            "run": run, "request_id": proof.request_id, "arm": arm, "step": step, "round": round_, "judge": judge,
            "judge_family": family, "criterion": criterion, "score": score, "reason": reason,
        }  # fmt: skip

    scores = [
        row(arm, FINAL, SHOWN_FIRST, each.judge, name, score, each.reasons.get(name))
        for arm, verdict in proof.verdicts.items()
        for each in verdict.judgements
        for name, score in each.by.items()
    ]
    return scores + [
        row(MADE, PAIR, each.round, each.judge, PREFERENCE, each.score, each.reason)
        for each in proof.preferences
    ]
