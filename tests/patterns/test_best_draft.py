"""The best draft so far: what takes its place, what the next round is shown, what a failed round leaves."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.calling.failures import CallFailed
from tasks.patterns.assess import Assessment
from tasks.patterns.best_draft import Best, tried
from tasks.patterns.draft import Draft
from tasks.patterns.notes import Decided, Notes
from tasks.patterns.ran import RowFailed
from tasks.patterns.scope import Scope, Setting
from tasks.patterns.templates import Renderer, RenderFailed
from tasks.storing.errors import RowDeferred

SCORES = st.one_of(st.none(), st.sampled_from([0.0, 0.3, 0.5, 0.5000001, 1.0]))


class Kept:
    """Decisions in a dict, as a ledger keeps them; `again` is what the next process sees of them."""

    def __init__(self, known: dict[str, dict] | None = None) -> None:
        self.known = known or {}
        self.settled: dict[str, dict] = {}

    def decided(self, path: str) -> Decided:
        return Decided(self.known.get(path), lambda value: self.settled.__setitem__(path, value))


def scope(decisions: Kept | None = None) -> Scope:
    async def nobody(call):
        raise AssertionError(call)

    return Scope(Setting(Renderer()), {}, nobody, None, Notes(decisions or Kept()))


def attempt(outcome: Draft | Exception, decisions: Kept | None = None) -> tuple[Draft | None, list[str]]:
    async def work() -> Draft:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    around = scope(decisions)
    return asyncio.run(tried(work, around, around.at("body"), "round 2 failed")), around.notes.warnings


@given(st.lists(SCORES, min_size=1, max_size=8))
def test_the_best_is_the_first_of_the_highest_score(scores):
    best = Best(Draft("0"), Assessment(scores[0]))
    for number, score in enumerate(scores[1:], 2):
        best.offer(Draft(str(number - 1)), Assessment(score), number)
    known = [-1.0 if score is None else score for score in scores]
    place = known.index(max(known))
    assert (best.draft.content, best.score, best.round) == (str(place), scores[place], place + 1)
    assert best.scored.score == scores[place]


def test_the_next_round_is_shown_the_best_draft_its_score_and_its_feedback():
    best = Best(Draft("text"), Assessment(0.4, "More."), 1)
    best.offer(Draft("worse"), Assessment(0.3, "Much more."), 2)
    shown = best.shown_in(scope(), 3).values()
    assert (shown["draft"], shown["score"], shown["feedback"], shown["round"]) == (
        Draft("text", score=0.4),
        0.4,
        "More.",
        3,
    )


@pytest.mark.parametrize(
    ("failure", "is_kept"),
    [
        (CallFailed("row_fails", "server_error", "down"), True),
        (CallFailed("row_fails", "refusal", "no"), False),
        (CallFailed("row_fails", "no_parse", "no JSON"), False),
        (RowFailed("checks_failed", "too short"), False),
        (RenderFailed("p", "there is no field 'x'"), False),
    ],
    ids=lambda value: getattr(value, "error_kind", None) or type(value).__name__,
)
def test_a_failed_round_warns_and_is_journalled_only_if_a_replay_might_get_past_it(failure, is_kept):
    decisions = Kept()
    assert attempt(failure, decisions) == (None, [f"make: round 2 failed: {failure}"])
    assert bool(decisions.settled) is is_kept


def test_a_round_that_is_known_to_have_failed_is_not_tried_and_warns_as_it_did():
    decisions = Kept()
    _, warnings = attempt(CallFailed("row_fails", "timeout", "slow"), decisions)
    assert attempt(Draft("up again"), Kept(decisions.settled)) == (None, warnings)


def test_a_round_that_goes_well_leaves_no_trace():
    decisions = Kept()
    assert attempt(Draft("text"), decisions) == (Draft("text"), [])
    assert decisions.settled == {}


def test_a_row_that_cannot_go_on_now_is_not_a_failed_round():
    with pytest.raises(RowDeferred):
        attempt(RowDeferred("over budget"))
