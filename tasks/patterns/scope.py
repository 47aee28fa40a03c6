"""What a step can see and whom it can ask: the request, earlier drafts by name, and a caller. No I/O of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from tasks.patterns.draft import NOTHING, Draft

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.calling.call import Call, Completion
    from tasks.patterns.templates import Renderer


class Asker(Protocol):
    """Completes a call for the row that the pattern works on."""

    async def __call__(self, call: Call) -> Completion:
        """The finished call; raises CallFailed or RowDeferred."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What one step starts from.

    Attributes:
        request: the row's values.
        drafts: results of earlier steps by name, in order; this is also the order of the conversation so far.
        ask: completes a model call for this row.
        about: what the recipe is for.
        path: where in the recipe this is, `` at the top, `draft` or `refine/polish` below.
        ttl_seconds: how old another run's answer may be; None for none.
        handoffs: model name → the form it likes context in.
        columns: the declared columns, in order: models may be told of these unasked, the others only travel along.
        warnings: filled as the row goes on: what went wrong without failing it.
    """

    request: Mapping[str, Any]
    ask: Asker
    renderer: Renderer
    about: str
    ttl_seconds: float | None
    handoffs: Mapping[str, str]
    columns: Sequence[str] = ()
    drafts: Mapping[str, Draft] = field(default_factory=dict)
    path: str = ""
    reserved: Mapping[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where this is, as an error names it."""
        return f"step {self.path}" if self.path else "make"

    @property
    def round(self) -> int:
        """Which time this is done over, from 1."""
        return int(self.reserved.get("round", 1))

    @property
    def feedback(self) -> str:
        """What was wrong the last time; empty in the first round."""
        return str(self.reserved.get("feedback", ""))

    @property
    def previous(self) -> tuple[str, Draft]:
        """The name and the draft of the last earlier step that ran, or '' and an empty draft."""
        for name, draft in reversed(list(self.drafts.items())):
            if draft:
                return name, draft
        return "", NOTHING

    def values(self) -> dict[str, Any]:
        """The template variables."""
        return {
            **self.drafts,
            "feedback": "",
            "score": None,
            "round": 1,
            "members": [],
            **self.reserved,
            "request": self.request,
        }

    def render(self, source: str) -> str:
        """Fill in a template; raises RenderFailed."""
        return self.renderer.render(source, self.values())

    def at(self, name: str | None) -> Scope:
        """The scope of a step called `name`."""
        if not name:
            return self
        return replace(self, path=f"{self.path}/{name}" if self.path else name)

    def seeing(self, drafts: Mapping[str, Draft]) -> Scope:
        """The same with these drafts besides, as the latest; an inner step hides an outer one of its name."""
        earlier = {name: draft for name, draft in self.drafts.items() if name not in drafts}
        return replace(self, drafts={**earlier, **drafts})

    def again(self, wrong: Sequence[str], round_: int) -> Scope:
        """The same for another round, with what was wrong as `feedback`."""
        return replace(self, reserved={**self.reserved, "feedback": "\n".join(wrong), "round": round_})

    def caching(self, ttl_seconds: float | None) -> Scope:
        """The same with another time to live."""
        return replace(self, ttl_seconds=ttl_seconds)
