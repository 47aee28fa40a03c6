"""Which calls are meant: of one step, in one role, to one model. No I/O."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """Which calls: of this step of the recipe, in this role, to this model."""

    step: str
    role: str
    model: str
