"""What a call is shown, in tokens at most: its templates, the request, and the drafts before it. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tasks.patterns.cell_tokens import Cell
from tasks.patterns.lint_calls import LARGEST
from tasks.patterns.lint_reading import cells_quoted, named
from tasks.patterns.prior import WHEN_HOLDS
from tasks.patterns.step_tree import Place, inner_places
from tasks.patterns.steps import Ask, Ensemble, Team

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.patterns.steps import NamedStep, Step

REQUEST_TOKENS: Final = 500
CORRECTION_TOKENS: Final = 300
TEXT_TOKENS: Final = 4096


def largest_text(step: Step) -> int:
    """Tokens of a step's draft, at most."""
    if isinstance(step.pattern, Ask):
        own = step.pattern.max_tokens * step.pattern.samples
    else:
        inner = [largest_text(place.step) for place in inner_places(Place((), step, frozenset()))]
        quoting = step.result is not None
        own = sum(inner) if quoting else max(inner, default=0)
        if isinstance(step.pattern, Team | Ensemble):
            own = max(own, TEXT_TOKENS)
    return own + (tokens_of(step.result.content or "") if step.result is not None else 0)


def tokens_of(*templates: str) -> int:
    """Tokens of texts that are known: four bytes each."""
    return sum(len(template.encode("utf-8", "surrogatepass")) for template in templates) // 4


@dataclass(frozen=True, slots=True)
class Read:
    """What a call reads.

    Attributes:
        own: tokens of its templates, or of a pattern's own instructions as far as the recipe says them.
        drafts: tokens of what other calls wrote, at most.
        usual: of those, what it is shown on average if each draft is as long as it may be.
        cells: how often it reads each cell of the request.
        instructed: the pattern's own instructions come first.
    """

    own: int = 0
    drafts: int = 0
    usual: float = 0.0
    cells: Mapping[Cell, int] = field(default_factory=dict)
    instructed: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a call may be shown beside the request.

    Attributes:
        columns: the recipe's.
        tokens: by name, at most.
        previous: steps of which one is the last that ran; its draft is told unasked.
        unasked: what else is told whether a template names it or not.
        shares: by name, how many of the calls are shown it; 1 unless it says else.
    """

    columns: Sequence[str] = ()
    tokens: Mapping[str, int] = field(default_factory=dict)
    previous: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    shares: Mapping[str, float] = field(default_factory=dict)

    def read(self, *templates: str) -> Read:
        """What a call with these templates reads."""
        quoted = self.unasked.union(*map(named, templates))
        last = max((self.tokens[name] for name in self.previous - quoted), default=0)
        told = sum(self.tokens.get(name, 0) for name in quoted)
        usual = last + sum(self.shares.get(name, 1.0) * self.tokens.get(name, 0) for name in quoted)
        return Read(tokens_of(*templates), last + told, usual, self._cells(templates))

    def instructed(
        self, drafts: int, own: int = 0, *, usual: float | None = None, whole: bool = False
    ) -> Read:
        """What a pattern's own call reads: its instructions, these drafts, and the task.

        Args:
            usual: as `Read` has it; by default all drafts.
            whole: the request in full, not only its short cells.
        """
        cells = {Cell(column, told=not whole): 1 for column in self.columns}
        return Read(own, drafts, drafts if usual is None else usual, cells, instructed=True)

    def _cells(self, templates: Sequence[str]) -> dict[Cell, int]:
        """What is quoted; of the rest the short cells, where there is something before that makes it a task."""
        found: dict[Cell, int] = {}
        for name in (each for template in templates for each in cells_quoted(template)):
            for column in self.columns if name == "*" else [name]:
                if column in self.columns:
                    cell = Cell(column, told=False)
                    found[cell] = found.get(cell, 0) + 1
        quoted = {cell.column for cell in found}
        if self.tokens:
            found |= {Cell(column, told=True): 1 for column in self.columns if column not in quoted}
        return found

    def followed_by(self, step: NamedStep) -> Shown:
        """What the next step of a pipeline is shown; a step that may be left out leaves the one before it the last."""
        may_be_empty = step.when is not None or step.optional
        previous = (self.previous if may_be_empty else frozenset()) | {step.name}
        text = largest_text(step)
        if step.result is not None and step.result.content:
            text += sum(self.tokens.get(name, 0) for name in named(step.result.content))
        shares = {**self.shares, step.name: 1.0 if step.when is None else WHEN_HOLDS}
        tokens = {**self.tokens, step.name: min(text, LARGEST)}
        return replace(self, tokens=tokens, previous=previous, shares=shares)

    def telling(self, share: float, /, **tokens: int) -> Shown:
        """With further texts, told unasked, to that share of the calls."""
        return replace(
            self,
            tokens={**self.tokens, **tokens},
            unasked=self.unasked | tokens.keys(),
            shares={**self.shares, **dict.fromkeys(tokens, share)},
        )
