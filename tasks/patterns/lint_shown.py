"""What a call is shown, in tokens at most: its templates, the request, and the drafts before it. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tasks.patterns.lint_calls import LARGEST
from tasks.patterns.lint_reading import named
from tasks.patterns.step_tree import Place, inner_places
from tasks.patterns.steps import Ask, Ensemble, Team

if TYPE_CHECKING:
    from collections.abc import Mapping

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
class Shown:
    """What a call may be shown beside the request.

    Attributes:
        tokens: by name, at most.
        previous: steps of which one is the last that ran; its draft is told unasked.
        unasked: what else is told whether a template names it or not.
    """

    tokens: Mapping[str, int] = field(default_factory=dict)
    previous: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()

    def read(self, *templates: str) -> int:
        """Tokens that a call with these templates reads."""
        quoted = self.unasked.union(*map(named, templates))
        last = max((self.tokens[name] for name in self.previous - quoted), default=0)
        told = sum(self.tokens.get(name, 0) for name in quoted)
        return REQUEST_TOKENS + tokens_of(*templates) + last + told

    def followed_by(self, step: NamedStep) -> Shown:
        """What the next step of a pipeline is shown; a step that may be left out leaves the one before it the last."""
        may_be_empty = step.when is not None or step.optional
        previous = (self.previous if may_be_empty else frozenset()) | {step.name}
        text = largest_text(step)
        if step.result is not None and step.result.content:
            text += sum(self.tokens.get(name, 0) for name in named(step.result.content))
        return replace(self, tokens={**self.tokens, step.name: min(text, LARGEST)}, previous=previous)

    def telling(self, **tokens: int) -> Shown:
        """With further texts, told unasked."""
        return replace(self, tokens={**self.tokens, **tokens}, unasked=self.unasked | tokens.keys())
