"""Errors, from the root.

    NightpressError
    ├── UserError          somebody has to change a file, a flag or an environment
    │   └── PlanChanged    the run exists with another plan
    ├── RowDeferred        the row is left for a later run, its finished calls kept
    │   └── OverBudget     its next call does not fit the budget (tasks.calling.budget)
    │       ├── ProviderSpent  what does not fit is a provider's limit
    │       └── KeptWhole      its shard's share is spent; the rest of the run's money may do
    │           └── NotAdmitted  its row has not begun to pay, and is not expected to fit
    ├── CallFailed         one model call did not give a usable answer (tasks.calling.failures)
    ├── RenderFailed       a template cannot be filled in for this row (tasks.patterns.templates)
    └── RowFailed          a row has no usable result (tasks.patterns.running)

A class exists only where a caller acts differently on it.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class NightpressError(Exception):
    """Root of everything this project raises on purpose."""


class UserError(NightpressError):
    """A mistake in what a person gave: says where, what, and what to do.

    Args:
        what: one sentence, without the place.
        where: `file:line`, a flag, or an environment variable; empty if there is none.
        hint: what to do about it; empty if that is plain.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f"; {self.hint}" if self.hint else "")

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.hint))


class PlanChanged(UserError):
    """The run exists in the store with another plan, and `--replace` was not given."""


class RowDeferred(NightpressError):
    """The row cannot go on now and may later; the message is its reason."""


def near_miss(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the known name closest to `name`, else the known names, else ''."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else ""


def _rebuild(kind: type[UserError], what: str, where: str, hint: str) -> UserError:
    return kind(what, where=where, hint=hint)
