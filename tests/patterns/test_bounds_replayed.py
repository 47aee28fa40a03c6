"""Whatever the recipe: a row that came to its draft comes to the same in a replay, and asks for nothing that it had."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from random_recipes import Anybody, recipes, setting

from tasks.calling.failures import CallFailed
from tasks.calling.key_files import FINISHED_FAILURES
from tasks.patterns.notes import Decided, Notes
from tasks.patterns.ran import RowFailed
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft

if TYPE_CHECKING:
    from tasks.calling.call import Call, Completion
    from tasks.patterns.draft import Draft

Key = tuple[str, int, str, int]


@dataclass
class Remembering:
    """A ledger in a dict: what was finished and decided, by one process after the other.

    Attributes:
        anew: the calls that this process had to send, and whether an earlier one had sent them in vain.
    """

    ask: Anybody
    finished: dict[Key, Completion | CallFailed] = field(default_factory=dict)
    failed: set[Key] = field(default_factory=set)
    decisions: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    anew: list[tuple[str, bool]] = field(default_factory=list)
    times: Counter[Any] = field(default_factory=Counter)
    taken: defaultdict[Any, set[int]] = field(default_factory=lambda: defaultdict(set))

    def next_process(self, ask: Anybody) -> Remembering:
        return Remembering(ask, dict(self.finished), set(self.failed), dict(self.decisions))

    def decided(self, path: str) -> Decided:
        self.times[path] += 1
        at = (path, self.times[path])
        return Decided(self.decisions.get(at), lambda value: self.decisions.__setitem__(at, value))

    async def __call__(self, call: Call) -> Completion:
        question = (call.step, call.round, repr((call.models, call.ask)))
        number = min(set(range(len(self.taken[question]) + 1)) - self.taken[question])
        self.taken[question].add(number)
        key = (*question, number)
        outcome = self.finished.get(key)
        if outcome is None:
            self.anew.append((call.step, key in self.failed))
            outcome = await self._sent(call, key)
        if isinstance(outcome, CallFailed):
            raise outcome
        return outcome

    async def _sent(self, call: Call, key: Key) -> Completion | CallFailed:
        try:
            self.finished[key] = await self.ask(call)
        except CallFailed as failure:
            if failure.error_kind not in FINISHED_FAILURES:
                self.failed.add(key)
                self.taken[key[:3]].discard(key[3])
                raise
            self.finished[key] = failure
        return self.finished[key]


def worked(plain: dict[str, Any], asker: Remembering) -> Draft:
    recipe = load_recipe(json.dumps(plain))
    making = make_draft(recipe, {"topic": "tides"}, asker, setting(recipe), Notes(asker))
    return asyncio.run(making)


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(recipes(optional=False), st.integers(0, 2**32), st.sampled_from([0.6, 0.8, 0.95]))
def test_a_replay_comes_to_the_same_draft_and_sends_nothing_anew(plain, seed, well):
    """Whoever was down is up in the second process, and would answer something else."""
    first = Remembering(Anybody(Random(seed), 500, well))
    try:
        draft = worked(plain, first)
    except (CallFailed, RowFailed):
        assume(False)
    second = first.next_process(Anybody(Random(seed + 1), 500, 1.0))
    again = worked(plain, second)
    assert second.anew == []
    assert (again.content, again.data, again.score) == (draft.content, draft.data, draft.score)
