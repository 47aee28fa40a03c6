"""The other arms of a shard, and the blind judging of what it delivers: done when its rows are, with what money is left.

Which requests are compared follows from the recipe and the requests of the shard, so one that is worked again compares
the same, and its calls are in the ledger. The judges' calls are of the arm `proof`: what it costs to prove is in no arm's
own sums.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tasks.calling.budget import OVER_BUDGET
from tasks.landing.arms import CONTROL, PROOF, alone, arms_of
from tasks.landing.labels import MADE
from tasks.landing.tally import Tally
from tasks.patterns.baseline import NO_OTHER
from tasks.patterns.blind import SHOWN_FIRST, Bench
from tasks.patterns.blind_paths import FINAL, PAIR
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from tasks.calling.call import Row
    from tasks.calling.catalog import Model
    from tasks.judging.side_by_side import Preference
    from tasks.landing.arms import Arm
    from tasks.landing.outputs import Outcome
    from tasks.landing.run_state import RunState
    from tasks.patterns.blind import Verdict
    from tasks.patterns.draft import Draft
    from tasks.storing.requests import Request

    Worked = tuple[Outcome, Tally]
    Working = Callable[[Request, Awaitable[Draft], Tally], Awaitable[Outcome]]

PREFERENCE = "preference"


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one request beside the row that the recipe made.

    Attributes:
        others: what other arms made of it.
        verdicts: arm → what the blind judges say of its text.
        preferences: arm → of the made text over this arm's.
        left: arms whose row could not be made for now: for want of money, or as their model could not be asked.
    """

    request_id: str
    others: Sequence[tuple[Arm, Worked]] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    preferences: Mapping[str, Sequence[Preference]] = field(default_factory=dict)
    left: int = 0


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
    recipe, arms = state.recipe, arms_of(state)
    if not (arms or recipe.quality.share) or any(each.error_kind == OVER_BUDGET for each, _ in worked):
        return {}
    by_arm = [(arm, compared(recipe.recipe, ids, arm.share)) for arm in arms]
    judged = compared(recipe.recipe, ids, recipe.quality.share).union(*(chosen for _, chosen in by_arm))
    found = await asyncio.gather(
        *(
            _prove(state, outcome, tally, working, [arm for arm, chosen in by_arm if row_id in chosen])
            for outcome, tally in worked
            if (row_id := tally.row.request_id) in judged and outcome.status != "deferred"
        )
    )
    return {each.request_id: each for each in found}


async def _prove(
    state: RunState, outcome: Outcome, tally: Tally, working: Working, arms: Sequence[Arm]
) -> Proof:
    async with state.rows_gate:
        made = [(arm, await _worked(state, arm, outcome.request, tally.row, working)) for arm in arms]
        others = [(arm, each) for arm, each in made if each is not None]
        texts = {MADE: outcome.draft.content} if outcome.draft is not None else {}
        texts |= {arm.name: each.draft.content for arm, (each, _) in others if each.draft is not None}
        left = len(made) - len(others)
        proof = await judged(state, outcome.request, tally.row, texts)
        return replace(proof, others=others, left=left)


async def judged(state: RunState, request: Request, made: Row, texts: Mapping[str, str]) -> Proof:
    """What the blind judges say of the texts of a request; without verdicts where they cannot be asked now.

    Args:
        made: who asked for the made text.
        texts: arm → text.
    """
    proof = Proof(request.request_id)
    if not texts:
        return proof
    bench = Bench(
        state.recipe, state.setting, request.values, Tally(state.calls, _proving(made), state.plan.fresh)
    )
    try:
        verdicts = await bench.verdicts(texts)
        preferences = {}
        if state.recipe.quality.pairs and MADE in texts:
            for name in (name for name in texts if name != MADE):
                preferences[name] = await bench.preferences(texts[MADE], texts[name])
    except RowDeferred:
        return proof
    return replace(proof, verdicts=verdicts, preferences=preferences)


async def _worked(state: RunState, arm: Arm, request: Request, made: Row, working: Working) -> Worked | None:
    """What the arm makes of a request; None if it cannot be made now."""
    tally = arm.tally(state, made)
    outcome = await working(request, arm.make(request, tally), tally)
    if outcome.status == "deferred" or outcome.error_kind == NO_OTHER:
        return None
    return outcome, tally


def _proving(made: Row) -> Row:
    """Who asks the blind judges: what the row's own judge has said of a text before does not count as a judgement."""
    return replace(alone(made, PROOF), budgets=made.budgets[:-1], asked=dict(made.asked))


def proof_scores(proof: Proof, run: str, models: Mapping[str, Model]) -> list[dict[str, Any]]:
    """Rows of `scores`: one per arm, judge and criterion, and one per judge and order of a pair.

    A pair with the baseline stands at the step `@pair`, one with another arm at `@pair/<arm>`.
    """

    def row(
        arm: str, step: str, round_: int, judge: str, criterion: str, score: float, reason: str | None
    ) -> dict[str, Any]:
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
        row(MADE, PAIR if arm == CONTROL else f"{PAIR}/{arm}", each.round, each.judge, PREFERENCE, each.score, each.reason)
        for arm, preferences in sorted(proof.preferences.items())
        for each in preferences
    ]  # fmt: skip
