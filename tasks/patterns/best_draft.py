"""The best draft so far: what every loop keeps, so that a later round never makes the outcome worse. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tasks.calling.failures import CallFailed
from tasks.patterns.degrading import GivenUp, is_for
from tasks.patterns.ran import RowFailed
from tasks.patterns.replayed import comes_again
from tasks.patterns.templates import RenderFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tasks.patterns.assess import Assessment
    from tasks.patterns.draft import Draft
    from tasks.patterns.scope import Scope

DRAFT = "draft"
SKIPPED = "refinement stopped, the best so far counts"


@dataclass(slots=True)
class Best:
    """The best of the drafts offered; of equal ones the earlier.

    Attributes:
        round: in which it came about.
    """

    draft: Draft
    assessment: Assessment
    round: int = 1

    def offer(self, draft: Draft, assessment: Assessment, round_: int) -> bool:
        """Whether the draft is better than the best, which it then is."""
        if assessment.score is None or (self.score is not None and assessment.score <= self.score):
            return False
        self.draft, self.assessment, self.round = draft, assessment, round_
        return True

    @property
    def score(self) -> float | None:
        return self.assessment.score

    @property
    def scored(self) -> Draft:
        """The draft with its score."""
        return replace(self.draft, score=self.score)

    def shown_in(self, scope: Scope, round_: int) -> Scope:
        """What the next round sees: the best draft, its score, and what to change in it."""
        seeing = scope.seeing({DRAFT: self.scored})
        return seeing.with_reserved(score=self.score, feedback=self.assessment.feedback, round=round_)


class RefinementSkipped(Exception):
    """The money does not reach for another round; the loop ends with the best it has."""


async def tried(work: Callable[[], Awaitable[Draft]], scope: Scope, at: Scope, said: str) -> Draft | None:
    """What a later round gives; None if it failed, which costs the row nothing but a warning.

    A failure that might not come again is journalled: a replay that got past it would ask what follows anew.

    Args:
        scope: the loop's, which warns.
        at: the round's, where the failure is decided.
        said: what failing comes to, as the warning has it.

    Raises:
        RefinementSkipped: it could not be paid, and the recipe gives up refinement for that; it has warned.
        RowDeferred: the row cannot go on now.
    """
    decided = at.decided("failed")
    if decided.known is not None:
        scope.warn(f"{decided.known.get('said', said)}: {decided.known['because']}")
        if "said" in decided.known:
            raise RefinementSkipped
        return None
    try:
        return await work()
    except GivenUp as failure:
        if not is_for(failure, scope):
            raise
        decided.settle({"because": str(failure), "said": SKIPPED})
        scope.warn(f"{SKIPPED}: {failure}")
        raise RefinementSkipped from failure
    except (CallFailed, RowFailed, RenderFailed) as failure:
        if not comes_again(failure):
            decided.settle({"because": str(failure)})
        scope.warn(f"{said}: {failure}")
        return None
