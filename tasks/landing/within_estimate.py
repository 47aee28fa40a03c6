"""How many of the rows that earlier runs left a night may take over within `max_estimate_usd`: its own come first.

A night whose own rows are above the limit does not start at all. Beside them as many adopted rows are made, oldest
first, as the limit reaches for; the others stay where they are, for later nights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.landing.night_estimate import NightEstimate
    from tasks.landing.sorting import Sorted

LESS = 0.9  # of the rows, where the limit does not reach for those that the mean row let one hope for


def within_estimate(
    own: Sorted, table: Sorted, limit_usd: float | None, estimate_of: Callable[[Sorted], NightEstimate]
) -> tuple[Sorted, NightEstimate]:
    """The table with the adopted rows that are within the limit, and its estimate; above it only if `own` is.

    Args:
        own: the night's own rows.
        table: the same with all that may be adopted.
        limit_usd: None is no limit.
    """
    estimate = estimate_of(table)
    if limit_usd is None or not table.adopted or _is_within(estimate, limit_usd):
        return table, estimate
    fewer = table.adopting_only((), own)
    alone = estimate_of(fewer)
    if not _is_within(alone, limit_usd):
        return fewer, alone
    many = _within_mean(estimate, alone, len(table.adopted), limit_usd)
    while many:
        some = table.adopting_only(table.adopted[:many], own)
        estimate = estimate_of(some)
        if _is_within(estimate, limit_usd):
            return some, estimate
        many = int(many * LESS)
    return fewer, alone


def _within_mean(all_rows: NightEstimate, alone: NightEstimate, adopted: int, limit_usd: float) -> int:
    """How many adopted rows fit if they cost alike."""
    own_usd = alone.run_usd or 0.0
    each_usd = ((all_rows.run_usd or 0.0) - own_usd) / adopted
    return min(adopted - 1, int((limit_usd - own_usd) / each_usd)) if each_usd > 0 else 0


def _is_within(estimate: NightEstimate, limit_usd: float) -> bool:
    return estimate.run_usd is not None and estimate.run_usd <= limit_usd
