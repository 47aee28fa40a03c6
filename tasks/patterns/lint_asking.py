"""What one call costs at most: the dearest model that may answer it, as often as it may be asked. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.calling.prices import cost
from tasks.patterns import lint_calls
from tasks.patterns.lint_calls import WorstCase
from tasks.patterns.lint_shown import CORRECTION_TOKENS, REQUEST_TOKENS
from tasks.patterns.model_choice import Cascade, names_in
from tasks.patterns.prior import call_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.calling.prices import Price
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.reckoning import Question

INSTRUCTION_TOKENS: Final = 1000
LEAST_CACHED_TOKENS: Final = 1024
JUDGEMENT_TOKENS: Final = 1500


@dataclass(frozen=True, slots=True)
class Asking:
    """The sums of the worst case: who may be asked, and for how much.

    Attributes:
        prices: catalog name → price. Where a need or nobody says which model, any of these may be meant.
        fallbacks: catalog name → the models that serve when this one cannot.
        request_tokens: of the row, each column once.
    """

    prices: Mapping[str, Price | None]
    fallbacks: Mapping[str, Sequence[str]]
    request_tokens: float = REQUEST_TOKENS

    def call(self, question: Question) -> WorstCase:
        """A call, and the same with what was wrong with its answer as often as that may be."""
        read, tokens_out = question.read, question.tokens_out
        times = (2 if question.is_json else 1) * (2 if question.checked else 1)
        if isinstance(question.choice, Cascade):
            times *= len(question.choice.cascade)
        request = round(self.request_tokens * max(read.cells.values(), default=1))
        tokens_in = request + read.own + read.drafts + (INSTRUCTION_TOKENS if read.instructed else 0)
        reads = [tokens_in + number * (tokens_out + CORRECTION_TOKENS) for number in range(times)]
        models = self._may_answer(question.choice)
        usd = [self._dearest(models, each, tokens_out) for each in reads]
        known = [each for each in usd if each is not None]
        label = question.label
        return WorstCase(
            calls=times,
            sequential=times,
            least=1,
            usd=sum(known) if len(known) == len(usd) else None,
            models=dict.fromkeys(models, times),
            chain=label if times == 1 else f"{label} ×{times}",
            tokens_in=sum(reads),
            tokens_out=times * tokens_out,
            seconds=times * call_seconds(tokens_out),
        )

    def after(self, parts: Sequence[WorstCase]) -> WorstCase:
        return lint_calls.after(parts)

    def at_once(self, parts: Sequence[WorstCase]) -> WorstCase:
        return lint_calls.at_once(parts)

    def one_of(self, parts: Sequence[WorstCase]) -> WorstCase:
        return lint_calls.one_of(parts)

    def some_of(self, parts: Sequence[WorstCase], _chances: Sequence[float]) -> WorstCase:
        return lint_calls.some_of(parts)

    def several(self, parts: Sequence[WorstCase], most: int) -> WorstCase:
        return lint_calls.over_again(lint_calls.one_of(parts), most)

    def over_again(self, part: WorstCase, times: int, _chance: float) -> WorstCase:
        return lint_calls.over_again(part, times)

    def copies(self, part: WorstCase, number: int) -> WorstCase:
        return lint_calls.copies(part, number)

    def perhaps(self, part: WorstCase, _chance: float) -> WorstCase:
        return lint_calls.perhaps(part)

    def _may_answer(self, choice: ModelChoice | None) -> list[str]:
        waiting = list(names_in(choice)) if choice is not None else []
        if not waiting:
            return list(self.prices)
        found: list[str] = []
        while waiting:
            name = waiting.pop(0)
            if name not in found:
                found.append(name)
                waiting.extend(self.fallbacks.get(name, ()))
        return found

    def _dearest(self, models: Sequence[str], tokens_in: int, tokens_out: int) -> float | None:
        written = (
            tokens_in if tokens_in >= LEAST_CACHED_TOKENS else 0
        )  # a provider's cache may be written anew
        found = [cost(self.prices.get(name), tokens_in, tokens_out, 0, written) for name in models]
        known = [usd for usd in found if usd is not None]
        return max(known) if known and len(known) == len(found) else None
