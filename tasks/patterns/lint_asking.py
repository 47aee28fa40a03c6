"""What one call costs at most: the dearest model that may answer it, as often as it may be asked. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.calling.prices import cost
from tasks.patterns.lint_calls import WorstCase
from tasks.patterns.lint_shown import CORRECTION_TOKENS, REQUEST_TOKENS
from tasks.patterns.model_choice import Cascade, names_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.calling.prices import Price
    from tasks.patterns.model_choice import ModelChoice

INSTRUCTION_TOKENS: Final = 1000
LEAST_CACHED_TOKENS: Final = 1024
JUDGEMENT_TOKENS: Final = 1500


@dataclass(frozen=True, slots=True)
class Asking:
    """Who may be asked, and for how much.

    Attributes:
        prices: catalog name → price. Where a need or nobody says which model, any of these may be meant.
        fallbacks: catalog name → the models that serve when this one cannot.
        judges: who judges where a step does not say, in order of preference.
    """

    prices: Mapping[str, Price | None]
    fallbacks: Mapping[str, Sequence[str]]
    judges: ModelChoice | None

    def call(
        self, label: str, choice: ModelChoice | None, tokens_in: int, tokens_out: int, times: int = 1
    ) -> WorstCase:
        """A call, and the same with what was wrong with its answer until it has been asked `times` times."""
        if isinstance(choice, Cascade):
            times *= len(choice.cascade)
        models = self._may_answer(choice)
        usd = 0.0
        for number in range(times):
            read = tokens_in + number * (tokens_out + CORRECTION_TOKENS)
            dearest = self._dearest(models, read, tokens_out)
            if dearest is None:
                return _calls(label, times, models, None)
            usd += dearest
        return _calls(label, times, models, usd)

    def own(
        self, label: str, choice: ModelChoice | None, tokens_shown: int, tokens_out: int, times: int
    ) -> WorstCase:
        """As `call`, with a pattern's own instructions; None is whoever judges."""
        read = INSTRUCTION_TOKENS + REQUEST_TOKENS + tokens_shown
        return self.call(label, self.judges if choice is None else choice, read, tokens_out, times)

    def judged(self, choice: ModelChoice | None, tokens_shown: int, label: str = "judge") -> WorstCase:
        """A judgement, asked for again if it cannot be read."""
        return self.own(label, choice, tokens_shown, JUDGEMENT_TOKENS, 2)

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


def _calls(label: str, times: int, models: Sequence[str], usd: float | None) -> WorstCase:
    chain = label if times == 1 else f"{label} ×{times}"
    return WorstCase(times, times, 1, usd, dict.fromkeys(models, times), chain)
