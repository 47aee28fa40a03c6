"""What the calls of one row come to: the row's asker, which counts as it passes calls on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tasks.patterns.notes import Decided, Notes

if TYPE_CHECKING:
    from tasks.calling.call import Call, Completion, Row
    from tasks.calling.run_calls import RunCalls


@dataclass(slots=True)
class Tally:
    """Asks and decides for one row, and keeps what its output will show.

    Attributes:
        fresh: other runs' answers are not asked for.
        usd_of_answers: None as soon as one call's price is not known.
        tokens_saved: step → tokens that were left out of its calls, estimated.
        notes: what its patterns note of it; one step per call.
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
    tokens_saved: Counter[str] = field(default_factory=Counter)
    notes: Notes = field(init=False)

    def __post_init__(self) -> None:
        self.notes = Notes(self)

    async def __call__(self, call: Call) -> Completion:
        """Complete `call` for this row."""
        if self.fresh:
            call = replace(call, ttl_seconds=None)
        completion = await self.calls_of_run.complete(call, self.row)
        self.count(call, completion)
        return completion

    def count(self, call: Call, completion: Completion) -> None:
        """Add a completed call to the sums."""
        self.calls += 1
        self.cached += completion.cached
        self.tokens_in += completion.tokens_in or 0
        self.tokens_out += completion.tokens_out or 0
        known = self.usd_of_answers is not None and completion.usd is not None
        self.usd_of_answers = (self.usd_of_answers or 0.0) + (completion.usd or 0.0) if known else None
        self.simulated |= completion.simulated
        if call.tokens_saved and not completion.cached:
            self.tokens_saved[call.step] += call.tokens_saved
        self.notes.steps.append(
            {
                "path": call.step,
                "role": call.role,
                "model": completion.model,
                "quality": None,
                "usd": completion.usd,
                "seconds": completion.seconds,
            }
        )

    def decided(self, path: str) -> Decided:
        """The row's next decision at this path: as an earlier process journalled it, or to be journalled."""
        ledger, request_id = self.calls_of_run.ledger, self.row.request_id
        path = self.row.place(path)
        occurrence = self.row.occurrence(path)
        known = ledger.decision(request_id, path, occurrence)
        return Decided(known, partial(ledger.decide, request_id, path, occurrence))

    @property
    def steps(self) -> list[dict[str, Any]]:
        """One entry per call: path, role, model, quality, usd, seconds."""
        return self.notes.steps

    @property
    def usd(self) -> float | None:
        """What the row has paid, failed attempts included; None if a price is not known."""
        return None if self.usd_of_answers is None else self.usd_of_answers + self.row.usd_failed

    @property
    def models(self) -> list[str]:
        """The models that answered, each once, in order of first use."""
        return list(dict.fromkeys(step["model"] for step in self.steps))
