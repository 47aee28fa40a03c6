"""What a recipe is expected to come to for one request, from the recipe alone: the mean beside the worst case. No I/O.

Which chances and shares are supposed stands in `prior`. Tokens of the request are not in it: each line says how often
its calls read each cell, and whoever has the table adds what its rows hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.patterns.asked import Asked
from tasks.patterns.model_choice import Cascade, names_in
from tasks.patterns.prior import (
    ANSWER_SHARE,
    CASCADE_GOES_ON,
    CHECK_FAILS,
    CORRECTION_TOKENS,
    INSTRUCTION_TOKENS,
    OWN_ANSWER_SHARE,
    SUBTASKS_PER_SPECIALIST,
    UNREADABLE,
    call_seconds,
    gain_chances,
    rounds,
)
from tasks.patterns.reckoning import Reckoning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tasks.patterns.cell_tokens import Cell
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.reckoning import Question

    Likely = Callable[[ModelChoice | None, Sequence[str]], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """Calls of one kind, for one request on average.

    Attributes:
        tokens_in: read by all of them together, the request's cells not counted.
        cells: how often they read each cell of the request.
        tokens_out: written by all of them together.
    """

    calls: float = 0.0
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    cells: Mapping[Cell, float] = field(default_factory=dict)

    def plus(self, other: Line) -> Line:
        cells = {
            cell: self.cells.get(cell, 0.0) + other.cells.get(cell, 0.0)
            for cell in dict.fromkeys([*self.cells, *other.cells])
        }
        return Line(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            cells,
        )

    def times(self, number: float) -> Line:
        cells = {cell: often * number for cell, often in self.cells.items()}
        return Line(self.calls * number, self.tokens_in * number, self.tokens_out * number, cells)

    def reading(self, tokens: Mapping[Cell, float]) -> float:
        """Tokens read, if the cells hold so many."""
        return self.tokens_in + sum(often * tokens.get(cell, 0.0) for cell, often in self.cells.items())


@dataclass(frozen=True, slots=True)
class Expected:
    """What one request comes to on average.

    Attributes:
        lines: in the recipe's order.
        seconds: of the calls after one another.
    """

    lines: Mapping[Asked, Line] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def calls(self) -> float:
        return sum(line.calls for line in self.lines.values())

    @property
    def cells(self) -> frozenset[Cell]:
        """The cells of the request that are read at all."""
        return frozenset(cell for line in self.lines.values() for cell in line.cells)


def expected_case(
    recipe: Recipe, models: Sequence[str], default_judge: tuple[str, ...] = (), likely: Likely | None = None
) -> Expected:
    """The mean of one request.

    Args:
        recipe: free of mistakes.
        models: who may be meant by a need.
        default_judge: who judges where neither a step nor the recipe says.
        likely: which models a choice comes to, with the share of each; by default `any_of_them`.
    """
    judges = recipe.quality.judge if recipe.quality.judge is not None else default_judge or None
    return Reckoning(recipe, _Means(models, likely or any_of_them), judges).proven()


def any_of_them(choice: ModelChoice | None, models: Sequence[str]) -> dict[str, float]:
    """Which models a choice comes to: the first that it names; for a need each model alike; of a cascade each with its chance."""
    if isinstance(choice, Cascade) and choice.by == "gain":
        return dict(zip(choice.cascade, gain_chances(choice.strong_share, 0.0, checked=False), strict=True))
    if isinstance(choice, Cascade):
        return {name: CASCADE_GOES_ON**number for number, name in enumerate(choice.cascade)}
    named = names_in(choice) if choice is not None else ()
    return {named[0]: 1.0} if named else dict.fromkeys(models, 1 / len(models)) if models else {}


@dataclass(frozen=True, slots=True)
class _Means:
    """The sums of the expected case."""

    models: Sequence[str]
    likely: Likely

    def call(self, question: Question) -> Expected:
        share = OWN_ANSWER_SHARE if question.read.instructed else ANSWER_SHARE
        tokens_out = share * question.tokens_out
        unreadable = UNREADABLE if question.is_json else 0.0
        again = (1 + unreadable) * (1 + (CHECK_FAILS if question.checked else 0.0)) - 1
        read = question.read
        own = read.own + ANSWER_SHARE * read.usual + (INSTRUCTION_TOKENS if read.instructed else 0)
        times = 1 + again
        line = Line(
            calls=times,
            tokens_in=times * own + again * (tokens_out + CORRECTION_TOKENS),
            tokens_out=times * tokens_out,
            cells={cell: times * often for cell, often in read.cells.items()},
        )
        shares = self.likely(question.choice, self.models)
        lines = {
            Asked(question.path, question.role, model): line.times(share) for model, share in shares.items()
        }
        return Expected(lines, times * sum(shares.values()) * call_seconds(tokens_out))

    def after(self, parts: Sequence[Expected]) -> Expected:
        return Expected(_added(parts), sum(each.seconds for each in parts))

    def at_once(self, parts: Sequence[Expected]) -> Expected:
        return Expected(_added(parts), max((each.seconds for each in parts), default=0.0))

    def one_of(self, parts: Sequence[Expected]) -> Expected:
        """Each way is as likely."""
        return self.perhaps(self.after(parts), 1 / len(parts))

    def some_of(self, parts: Sequence[Expected], chances: Sequence[float]) -> Expected:
        return self.after([self.perhaps(part, chance) for part, chance in zip(parts, chances, strict=True)])

    def several(self, parts: Sequence[Expected], most: int) -> Expected:
        """So many for each specialist; half of what does not stand alone waits for others."""
        each = min(SUBTASKS_PER_SPECIALIST, most / len(parts))
        together = self.perhaps(self.after(parts), each)
        longest = max(part.seconds for part in parts)
        return Expected(together.lines, (longest + max(longest, together.seconds)) / 2)

    def over_again(self, part: Expected, times: int, chance: float) -> Expected:
        return self.perhaps(part, rounds(times, chance))

    def copies(self, part: Expected, number: int) -> Expected:
        return Expected(self.perhaps(part, number).lines, part.seconds)

    def perhaps(self, part: Expected, chance: float) -> Expected:
        if not chance:
            return Expected()
        lines = {asked: line.times(chance) for asked, line in part.lines.items()}
        return Expected(lines, part.seconds * chance)


def _added(parts: Sequence[Expected]) -> dict[Asked, Line]:
    found: dict[Asked, Line] = {}
    for part in parts:
        for asked, line in part.lines.items():
            found[asked] = found[asked].plus(line) if asked in found else line
    return found
