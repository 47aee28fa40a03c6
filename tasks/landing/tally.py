"""What the calls of one row come to: the row's asker, which counts as it passes calls on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.calling.call import Call, Completion, Row
    from tasks.calling.run_calls import RunCalls


@dataclass(slots=True)
class Tally:
    """Asks for one row and keeps the sums that its output will show.

    Attributes:
        fresh: other runs' answers are not asked for.
        usd_of_answers: None as soon as one call's price is not known.
        steps: one entry per call, in the order they finished: path, role, model, quality, usd, seconds.
    """

    calls_of_run: RunCalls
    row: Row
    fresh: bool = False
    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd_of_answers: float | None = 0.0
    simulated: bool = False
    steps: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, call: Call) -> Completion:
        """Complete `call` for this row."""
        if self.fresh:
            call = replace(call, ttl_seconds=None)
        completion = await self.calls_of_run.complete(call, self.row)
        self.calls += 1
        self.cached += completion.cached
        self.tokens_in += completion.tokens_in or 0
        self.tokens_out += completion.tokens_out or 0
        known = self.usd_of_answers is not None and completion.usd is not None
        self.usd_of_answers = (self.usd_of_answers or 0.0) + (completion.usd or 0.0) if known else None
        self.simulated |= completion.simulated
        step = {"path": call.step, "role": call.role, "model": completion.model, "quality": None}
        self.steps.append(step | {"usd": completion.usd, "seconds": completion.seconds})
        return completion

    @property
    def usd(self) -> float | None:
        """What the row has paid, failed attempts included; None if a price is not known."""
        return None if self.usd_of_answers is None else self.usd_of_answers + self.row.usd_failed

    @property
    def models(self) -> list[str]:
        """The models that answered, each once, in order of first use."""
        return list(dict.fromkeys(step["model"] for step in self.steps))
