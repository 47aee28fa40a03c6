"""Which calls are meant: of one step, in one role, to one model, in one arm. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MADE: Final = "made"  # the arm of a run's own recipe


@dataclass(frozen=True, slots=True)
class Asked:
    """Which calls: of this step, in this role, to this model.

    Attributes:
        arm: whose step it is: another arm may have one of the same name.
    """

    step: str
    role: str
    model: str
    arm: str = MADE

    @property
    def is_own(self) -> bool:
        """Whether the run's own recipe asked, and nothing that proves what it is worth."""
        return self.arm == MADE
