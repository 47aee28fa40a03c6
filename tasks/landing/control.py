"""The other arms of a shard, and the blind judging of what it delivers: done when its rows are, with what money is left.

Which requests are compared follows from the recipe and the requests of the shard, so one that is worked again compares
the same, and its calls are in the ledger. The judges' calls are of the arm `proof`: what it costs to prove is in no arm's
own sums.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tasks.calling.budget import Budget
from tasks.landing.arms import CONTROL, PROOF, alone, arms_of
from tasks.landing.labels import MADE
from tasks.landing.tally import Tally
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
DEGRADED = "degraded"
NOTHING_DELIVERED = frozenset(
    {"refusal", "empty", "no_parse", "checks_failed", "content_filter", "context_too_long"}
)
"""Failures that are the arm's own: nothing was delivered. Whatever else stood in its way says nothing of its worth."""
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one request beside the row that the recipe made.

    Attributes:
        others: what other arms made of it.
        verdicts: arm → what the blind judges say of its text.
        preferences: arm → of the made text over this arm's.
        left: why arms have no row → how many: for want of money, or as their model could not be asked as it should.
    """

    request_id: str
    others: Sequence[tuple[Arm, Worked]] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    preferences: Mapping[str, Sequence[Preference]] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)


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
    state: RunState, ids: Sequence[str], worked: Sequence[Worked], working: Working, spare_usd: float | None
) -> dict[str, Proof]:
    """What is to be known beside the rows of a shard, by request.

    Args:
        ids: of all the shard's requests, also of those that are not worked this time.
        working: makes an outcome of a coming draft, whatever goes wrong with it.
        spare_usd: what it may cost; None is no limit but the shard's.
    """
    recipe, arms, spare = state.recipe, arms_of(state), Budget(spare_usd, "run")
    if not (arms or recipe.quality.share):
        return {}
    by_arm = [(arm, compared(recipe.recipe, ids, arm.share)) for arm in arms]
    chosen = compared(recipe.recipe, ids, recipe.quality.share).union(*(some for _, some in by_arm))
    found = await asyncio.gather(
        *(
            _prove(
                Proving(state, working, spare),
                outcome,
                tally,
                [arm for arm, some in by_arm if row_id in some],
            )
            for outcome, tally in worked
            if (row_id := tally.row.request_id) in chosen and outcome.status != "deferred"
        )
    )
    return {each.request_id: each for each in found}


@dataclass(frozen=True, slots=True)
class Proving:
    """What the requests of a shard are proven with."""

    state: RunState
    working: Working
    spare: Budget


async def _prove(proving: Proving, outcome: Outcome, tally: Tally, arms: Sequence[Arm]) -> Proof:
    async with proving.state.rows_gate:
        others: list[tuple[Arm, Worked]] = []
        left: Counter[str] = Counter()
        for arm in arms:
            found = await _worked(proving, arm, outcome.request, tally.row)
            if isinstance(found, str):
                left[found] += 1
            else:
                others.append((arm, found))
        texts = {MADE: outcome.draft.content} if outcome.draft is not None else {}
        texts |= {arm.name: each.draft.content for arm, (each, _) in others if each.draft is not None}
        proof = await judged(proving.state, outcome.request, proving_row(tally.row, proving.spare), texts)
        return replace(proof, others=others, left=left)


async def _worked(proving: Proving, arm: Arm, request: Request, made: Row) -> Worked | str:
    """What the arm makes of a request, or why that cannot be held against it."""
    tally = arm.tally(proving.state, made, proving.spare)
    outcome = await proving.working(request, arm.make(request, tally), tally)
    if outcome.status == "made":
        return DEGRADED if tally.notes.degraded else (outcome, tally)
    kind = outcome.error_kind or ""
    return (outcome, tally) if kind in NOTHING_DELIVERED else kind


async def judged(state: RunState, request: Request, asking: Row, texts: Mapping[str, str]) -> Proof:
    """What the blind judges say of the texts of a request; without verdicts where they cannot be asked now.

    Args:
        asking: as `proving_row` gives it.
        texts: arm → text.
    """
    proof = Proof(request.request_id)
    if not texts:
        return proof
    tally = Tally(state.calls, asking, state.plan.fresh)
    bench = Bench(state.recipe, state.setting, request.values, tally)
    try:
        verdicts = await bench.verdicts(texts)
        preferences = {}
        if state.recipe.quality.pairs and MADE in texts:
            for name in (name for name in texts if name != MADE):
                preferences[name] = await bench.preferences(texts[MADE], texts[name])
    except RowDeferred:
        return proof
    except Exception:
        LOG.warning("request %s could not be judged", request.request_id, exc_info=True)
        return proof
    return replace(proof, verdicts=verdicts, preferences=preferences)


def proving_row(made: Row, spare: Budget) -> Row:
    """Who asks the blind judges: what the row's own judge has said of a text before does not count as a judgement."""
    return replace(alone(made, PROOF), budgets=(*made.budgets[:-1], spare), asked=dict(made.asked))


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
