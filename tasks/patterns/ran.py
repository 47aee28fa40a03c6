"""What running a pattern comes to, and how patterns run their inner steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from tasks.patterns.draft import Draft
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Step


@dataclass(frozen=True, slots=True)
class Ran:
    """What a pattern came to.

    Attributes:
        inner: drafts of the steps inside it.
        text: what a model gave, before it became a draft; empty where the draft is all there is.
        value: the JSON in it, None if there is none.
        round: in which it came about.
        truncated: an answer in it was cut off at max_tokens.
    """

    draft: Draft
    inner: Mapping[str, Draft] = field(default_factory=dict)
    text: str = ""
    value: object = None
    round: int = 1
    truncated: bool = False


class RunStep(Protocol):
    """Runs an inner step; `running.run_step`, handed down so that no pattern imports what imports it."""

    async def __call__(self, step: Step, scope: Scope, place: str = "") -> Draft:
        """The step's draft; `place` is what an unnamed step is called in paths."""


class RowFailed(NightpressError):
    """A row has no usable result; `error_kind` is what the tables say."""

    def __init__(self, error_kind: str, message: str) -> None:
        super().__init__(error_kind, message)
        self.error_kind = error_kind
        self.message = message

    def __str__(self) -> str:
        return self.message
