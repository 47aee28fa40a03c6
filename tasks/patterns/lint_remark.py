"""What the linter says: remarks, never errors. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tasks.patterns.step_tree import Loc

UNREACHABLE: Final = "unreachable"
UNUSED: Final = "unused"
OVER_ORCHESTRATION: Final = "over_orchestration"
CONTEXT_LOSS: Final = "context_loss"
COST: Final = "cost"
LATENCY: Final = "latency"
QUALITY_DIFFUSION: Final = "quality_diffusion"
JUDGE_FAMILY: Final = "judge_family"
NOT_ACTED_ON: Final = "not_acted_on"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a sound recipe that is probably not meant.

    Attributes:
        loc: keys and indices from the document's root.
        kind: one of the constants beside this.
        what: one plain sentence, without the place.
        hint: what to do about it.
    """

    loc: Loc
    kind: str
    what: str
    hint: str
