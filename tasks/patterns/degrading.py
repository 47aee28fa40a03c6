"""What a row gives up before it costs more: the recipe's `on_budget`, tried in its order where a call cannot be paid.

| way | where it applies | what happens |
|---|---|---|
| skip_refinement | once a refine, repeat or team has a draft | it stops with the best it has |
| fewer_members | in an ensemble | the member drops out (the first listed does not); merger, comparer and judge are done without |
| cheaper_model | everywhere but for judges | the dearest model of the run that costs less and can be paid answers |
| defer | everywhere | the row waits; nothing after it in the list is tried |

Of the patterns around a call that could give something up, the innermost of a kind does. What a pattern gave up, and
which model answered instead, is journalled where failures are, so that a replay does the same. No I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Literal

from tasks.calling.budget import KeptWhole, OverBudget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.call import Asker, Call, Completion
    from tasks.patterns.notes import Notes
    from tasks.patterns.scope import Scope
    from tasks.patterns.settings import Degradation

JUDGING: Final = frozenset({"judge", "reviewer"})
PatternWay = Literal["skip_refinement", "fewer_members"]


class GivenUp(OverBudget):
    """A call that cannot be paid, for the pattern that goes on without it.

    Attributes:
        level: which pattern that is.
    """

    def __init__(self, short: OverBudget, level: object) -> None:
        super().__init__(short.needed_usd, short.left_usd, short.whose)
        self.level = level


@dataclass(frozen=True, slots=True)
class Thrift:
    """A row's asker that knows what may be given up where it is asked.

    Attributes:
        order: the recipe's `on_budget`.
        levels: what the patterns around this can give up → the innermost that can.
        own: the pattern that asks for itself.
    """

    inner: Asker
    order: tuple[Degradation, ...]
    notes: Notes
    levels: Mapping[str, object] = field(default_factory=dict)
    own: object = None

    async def __call__(self, call: Call) -> Completion:
        """Complete `call`, by a cheaper model if that is what the recipe gives up first here.

        Raises:
            GivenUp: the money does not reach, and a pattern around this can do without.
            OverBudget: and none can.
        """
        ways = [
            each for each in takewhile(lambda way: way != "defer", self.order) if self._applies(each, call)
        ]
        if ways and ways[0] == "cheaper_model":
            call = replace(call, may_be_cheaper=True)
        try:
            completion = await self.inner(call)
        except KeptWhole:
            raise
        except OverBudget as short:
            self.notes.degraded = True
            for way in ways:
                if way != "cheaper_model":
                    raise GivenUp(short, self.levels[way]) from short
            raise
        if completion.cheaper_than is not None:
            self.notes.degraded = True
            place = f"step {call.step}" if call.step else "make"
            self.notes.warnings.append(
                f"{place}: {completion.model} answered, the money did not reach for {completion.cheaper_than}"
            )
        return completion

    def _applies(self, way: Degradation, call: Call) -> bool:
        return call.role not in JUDGING if way == "cheaper_model" else way in self.levels


def refining(scope: Scope) -> Scope:
    """The scope of a pattern that has a draft by now, and can stop with it."""
    return _able_to(scope, "skip_refinement")


def ensembling(scope: Scope) -> Scope:
    """The scope of an ensemble, which can do with fewer voices."""
    return _able_to(scope, "fewer_members")


def indispensable(scope: Scope) -> Scope:
    """The scope of a member that the ensemble around it does not drop: at least one has to answer."""
    thrift = scope.ask
    if not isinstance(thrift, Thrift):
        return scope
    levels = {way: level for way, level in thrift.levels.items() if level is not thrift.own}
    return scope.asking(replace(thrift, levels=levels))


def drops_before_skipping(scope: Scope, short: OverBudget) -> bool:
    """Whether the recipe gives up the member that tried all else, before what it tried last: a refinement around it."""
    thrift = scope.ask
    ways = list(takewhile(lambda way: way != "defer", thrift.order)) if isinstance(thrift, Thrift) else []
    if "fewer_members" not in ways:
        return False
    is_to_skip = isinstance(short, GivenUp) and "skip_refinement" in ways
    return not is_to_skip or ways.index("fewer_members") < ways.index("skip_refinement")


def is_for(failure: Exception, scope: Scope) -> bool:
    """Whether the pattern of this scope is the one that does without what could not be paid."""
    thrift = scope.ask
    return isinstance(failure, GivenUp) and isinstance(thrift, Thrift) and failure.level is thrift.own


def _able_to(scope: Scope, way: PatternWay) -> Scope:
    thrift = scope.ask
    if not isinstance(thrift, Thrift):
        return scope
    level = object()
    return scope.asking(replace(thrift, levels={**thrift.levels, way: level}, own=level))
