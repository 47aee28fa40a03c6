"""How long a night takes at least: the calls at once, and what the quotas of providers and models let through. No I/O."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tasks.calling.catalog import Catalog
    from tasks.calling.entries import Limits, Provider
    from tasks.landing.estimate_lines import EstimateLine


def run_seconds(
    lines: Sequence[EstimateLine], catalog: Catalog, rows: int, at_once: int, row_seconds: float
) -> tuple[float, str]:
    """Seconds of the run, and what it waits for most: the narrowest quota, and then its last row.

    Args:
        lines: of one request on average.
        at_once: calls in flight at most.
        row_seconds: of one request.
    """
    if not rows:
        return 0.0, "nothing"
    busy = sum(line.calls * line.seconds for line in lines)
    waits = [(rows * busy / at_once, f"{at_once} calls at once")]
    by: dict[str, list[EstimateLine]] = defaultdict(list)
    providers: dict[str, list[EstimateLine]] = defaultdict(list)
    for line in lines:
        by[line.asked.model].append(line)
        providers[catalog.model(line.asked.model).provider].append(line)
    for name, own in providers.items():
        waits += _waits(own, catalog.providers[name], rows, name)
    for name, own in by.items():
        waits += _waits(own, catalog.model(name).limits, rows, name)
    longest, held_by = max(waits)
    return (longest + row_seconds, held_by) if longest > row_seconds else (row_seconds, "one row's calls")


def _waits(
    lines: Sequence[EstimateLine], quota: Provider | Limits, rows: int, name: str
) -> Iterator[tuple[float, str]]:
    calls = rows * sum(line.calls for line in lines)
    if quota.requests_per_minute is not None:
        yield 60 * calls / quota.requests_per_minute, f"the requests per minute of {name}"
    if quota.tokens_per_minute is not None:
        tokens = rows * sum(line.tokens_in + line.tokens_out for line in lines)
        yield 60 * tokens / quota.tokens_per_minute, f"the tokens per minute of {name}"
    if quota.concurrency is not None:
        busy = rows * sum(line.calls * line.seconds for line in lines)
        yield busy / quota.concurrency, f"the concurrency of {name}"
