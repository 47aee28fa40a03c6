"""What is supposed and what past rows took, blended line by line: one line per step, role and model. No I/O.

What is supposed weighs as much as `PRIOR_ROWS` rows; each past row weighs one. Tokens that past calls read are corrected
by the difference between tonight's cells and those of then; prices are tonight's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.calling.prices import cost
from tasks.landing.past_rows import PastLine
from tasks.patterns.blind_paths import is_proof
from tasks.patterns.expected_case import Line
from tasks.patterns.prior import FAILED_SHARE, PRIOR_ROWS, call_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tasks.calling.prices import Price
    from tasks.landing.past_rows import PastRows
    from tasks.patterns.asked import Asked
    from tasks.patterns.cell_tokens import Cell
    from tasks.patterns.expected_case import Expected


@dataclass(frozen=True, slots=True)
class EstimateLine:
    """Calls of one kind, for one request on average.

    Attributes:
        usd: with failed attempts; None if the price is not known.
        seconds: of one call.
    """

    asked: Asked
    calls: float
    tokens_in: float
    tokens_out: float
    usd: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class _Took:
    """What one request takes of a line."""

    calls: float
    tokens_in: float
    tokens_out: float
    tokens_cached: float
    failed_share: float
    seconds: float

    def blended(self, past: _Took, weight: float) -> _Took:
        """`weight` is the share of what is past; shares and seconds of calls that never were say nothing."""
        told = weight * past.calls
        supposed = (1 - weight) * self.calls
        among = told / (told + supposed) if told + supposed else 0.0
        return _Took(
            _between(self.calls, past.calls, weight),
            _between(self.tokens_in, past.tokens_in, weight),
            _between(self.tokens_out, past.tokens_out, weight),
            _between(self.tokens_cached, past.tokens_cached, weight),
            _between(self.failed_share, past.failed_share, among),
            _between(self.seconds, past.seconds, among),
        )


def estimate_lines(
    expected: Expected, tonight: Mapping[Cell, float], past: PastRows, prices: Mapping[str, Price | None]
) -> list[EstimateLine]:
    """In the recipe's order, then what only past rows did.

    Args:
        tonight: cell → tokens of a row on average.
        prices: tonight's.
    """
    return [_priced(asked, took, prices.get(asked.model)) for asked, took in _lines(expected, tonight, past)]


def _lines(
    expected: Expected, tonight: Mapping[Cell, float], past: PastRows
) -> Iterator[tuple[Asked, _Took]]:
    steps = {asked.step for asked in past.lines}
    weight = past.rows / (past.rows + PRIOR_ROWS)
    then = past.cells.means
    for asked in dict.fromkeys([*expected.lines, *past.lines]):
        line = expected.lines.get(asked)
        known = past.lines.get(asked)
        if line is None and (not past.alike or is_proof(asked.step)):
            continue  # a step that the recipe has no more, or what proved another night
        supposed = _supposed(line or Line(), tonight)
        if is_proof(asked.step) or not past.rows or (not past.alike and asked.step not in steps):
            yield asked, supposed
        else:
            yield asked, supposed.blended(_past(line, known, supposed, past.rows, tonight, then), weight)


def _supposed(line: Line, tonight: Mapping[Cell, float]) -> _Took:
    per_call = line.tokens_out / line.calls if line.calls else 0.0
    return _Took(
        line.calls, line.reading(tonight), line.tokens_out, 0.0, FAILED_SHARE, call_seconds(per_call)
    )


def _past(
    line: Line | None,
    known: PastLine | None,
    supposed: _Took,
    rows: int,
    tonight: Mapping[Cell, float],
    then: Mapping[Cell, float],
) -> _Took:
    """Calls from the ledger are counted as if they were sent: they would read and write what those did that were."""
    if known is None:
        return _Took(0.0, 0.0, 0.0, 0.0, FAILED_SHARE, supposed.seconds)
    calls = known.calls / rows
    failed = known.usd_failed / known.usd if known.usd else FAILED_SHARE
    seconds = known.seconds / known.answered if known.answered else supposed.seconds
    if not known.counted:
        often = calls / supposed.calls if supposed.calls else 0.0
        return _Took(calls, often * supposed.tokens_in, often * supposed.tokens_out, 0.0, failed, seconds)
    each = (1 + known.untold / known.counted) / rows
    longer = 0.0
    if line is not None and line.calls and then:
        longer = (line.reading(tonight) - line.reading(then)) * calls / line.calls
    return _Took(
        calls,
        max(0.0, known.tokens_in * each + longer),
        known.tokens_out * each,
        known.tokens_cached * each,
        failed,
        seconds,
    )


def _priced(asked: Asked, took: _Took, price: Price | None) -> EstimateLine:
    return EstimateLine(asked, took.calls, took.tokens_in, took.tokens_out, _usd(price, took), took.seconds)


def _usd(price: Price | None, took: _Took) -> float | None:
    """By a million requests, as tokens are counted in whole ones."""
    many = 1_000_000
    usd = cost(
        price, round(took.tokens_in * many), round(took.tokens_out * many), round(took.tokens_cached * many)
    )
    return None if usd is None else usd / many * (1 + took.failed_share)


def _between(supposed: float, past: float, weight: float) -> float:
    return (1 - weight) * supposed + weight * past
