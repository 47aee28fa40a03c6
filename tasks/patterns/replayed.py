"""Which failures a replay meets again by itself, so that nobody has to journal them. No I/O."""

from __future__ import annotations

from tasks.calling.budget import OverBudget
from tasks.calling.failures import CallFailed

REPLAYED = frozenset(
    {"refusal", "empty", "no_parse"}
)  # a filtered text may also be an error, which no ledger keeps


def comes_again(failure: Exception) -> bool:
    """Whether it follows from answers that are in the ledger; whatever else failed might go well another time.

    So might what could not be paid.
    """
    if isinstance(failure, OverBudget):
        return False
    return not isinstance(failure, CallFailed) or failure.error_kind in REPLAYED
