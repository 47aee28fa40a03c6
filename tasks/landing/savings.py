"""Tokens that were left out of a run's calls, summed up by step. No I/O."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tasks.landing.outputs import Outcome
    from tasks.landing.tally import Tally


def saved_by_step(worked: Iterable[tuple[Outcome, Tally]]) -> dict[str, int]:
    """Of the rows that are finished: those worked again count then, with the calls that they have made by now."""
    saved: Counter[str] = Counter()
    for outcome, tally in worked:
        if outcome.status != "deferred" and not outcome.retryable:
            saved.update(tally.tokens_saved)
    return dict(saved)


def saved_in_all(former: Mapping[str, Any] | None, records: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Of a run, the dearest step first.

    Args:
        former: manifest of the generation whose other rows stand as they are; None if there is none.
        records: `tokens_saved` of each shard's record.
    """
    saved: Counter[str] = Counter(former.get("tokens_saved", {}) if former else {})
    for each in records:
        saved.update(each)
    return dict(saved.most_common())
