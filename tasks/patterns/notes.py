"""What is to be remembered of a row beside its draft: warnings, judgements, the route taken, lessons. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tasks.judging.rubric import Judgement


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement of what a step gave.

    Attributes:
        step: path of the step that was judged.
        round: in which it was judged, from 1.
    """

    step: str
    round: int
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a route went.

    Attributes:
        kind: the class that was found, empty if none was.
        confidence: of that class, from 0 to 1.
        taken: the label of the step that ran, or `general`.
    """

    kind: str
    confidence: float
    taken: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a reviewer taught: one sentence, and the score of the text that it was said of."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Decided:
    """Something decided at run time, once for all replays.

    Attributes:
        known: what an earlier process decided here, None if none did.
        settle: journals what is decided now.
    """

    known: Mapping[str, Any] | None
    settle: Callable[[dict[str, Any]], None]


class Decisions(Protocol):
    """Where a row's decisions are kept."""

    def decided(self, path: str) -> Decided:
        """The next decision at this path."""


class Undecided:
    """Decisions that nobody keeps: for a row that cannot be interrupted."""

    def decided(self, path: str) -> Decided:  # noqa: ARG002 - as the protocol has it
        return Decided(None, lambda _: None)


@dataclass(slots=True)
class Notes:
    """Filled as a row goes on.

    Attributes:
        warnings: what went wrong without failing the row.
        steps: one entry per call, in the order they finished: path, role, model, quality, usd, seconds.
        judged: in the order they were made.
        routes: outer before inner.
        degraded: something was given up because the money did not reach.
    """

    decisions: Decisions = field(default_factory=Undecided)
    warnings: list[str] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    routes: list[Routed] = field(default_factory=list)
    lessons: list[Lesson] = field(default_factory=list)
    degraded: bool = False
    _texts: dict[str, Judgement] = field(default_factory=dict)
    _asked_at: set[str] = field(default_factory=set)

    def judging(self, path: str) -> None:
        """A judge is about to be asked there: what it answers is no text of the row."""
        self._asked_at.add(path)

    def judge(self, path: str, round_: int, text: str, judgement: Judgement) -> None:
        """Note a judgement of `text`, which the step at `path` gave."""
        self.judged.append(Judged(path, round_, judgement))
        self._texts[text] = judgement
        for entry in reversed(self.steps):
            inside = not path or entry["path"] == path or entry["path"].startswith(f"{path}/")
            if inside and entry["path"] not in self._asked_at:
                entry["quality"] = judgement.score if entry["quality"] is None else entry["quality"]
                return

    def fails(self, path: str) -> None:
        """Note that the text which the step at `path` gave last failed its checks: it is a 0 for who wrote it."""
        for entry in reversed(self.steps):
            if entry["path"] == path:
                entry["quality"] = 0.0
                return

    def writer_at(self, path: str) -> str | None:
        """The model that wrote last at this path or inside it; None if none has."""
        for entry in reversed(self.steps):
            inside = not path or entry["path"] == path or entry["path"].startswith(f"{path}/")
            if inside and entry["path"] not in self._asked_at:
                return str(entry["model"])
        return None

    def judgement_of(self, text: str) -> Judgement | None:
        """The latest judgement of exactly this text."""
        return self._texts.get(text)
