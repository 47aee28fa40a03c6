"""Tokens of a request table's cells, counted here and now: what a row adds to the calls that read it. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tasks.patterns.template_values import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BYTES_PER_TOKEN: Final = 4
LONGEST_TOLD: Final = 500


class Cell(NamedTuple):
    """How a call reads a column.

    Attributes:
        told: unasked, as a part of the task, and then only where it is short; else a template quotes it.
    """

    column: str
    told: bool


@dataclass(slots=True)
class CellTokens:
    """The tokens of some rows, as far as calls read them.

    Attributes:
        wanted: which cells are counted.
        totals: cell → tokens of all rows.
        largest: cell → tokens of the row that has most of them.
    """

    wanted: frozenset[Cell]
    rows: int = 0
    totals: dict[Cell, float] = field(default_factory=dict)
    largest: dict[Cell, float] = field(default_factory=dict)
    largest_row: float = 0.0

    def add(self, values: Mapping[str, Any]) -> None:
        """Take in one row."""
        self.rows += 1
        found = {cell: _tokens(values.get(cell.column), told=cell.told) for cell in self.wanted}
        for cell, tokens in found.items():
            self.totals[cell] = self.totals.get(cell, 0.0) + tokens
        size = sum(_by_column(found).values())
        if size > self.largest_row or not self.largest:
            self.largest, self.largest_row = found, size

    @property
    def means(self) -> dict[Cell, float]:
        """Cell → tokens of a row on average; empty without rows."""
        return {cell: total / self.rows for cell, total in self.totals.items()} if self.rows else {}

    @property
    def mean_row(self) -> float:
        """Tokens of a row on average, each column once."""
        return sum(_by_column(self.means).values())


def cell_tokens(wanted: Iterable[Cell], rows: Iterable[Mapping[str, Any]]) -> CellTokens:
    """Of all rows, one at a time in memory."""
    found = CellTokens(frozenset(wanted))
    for values in rows:
        found.add(values)
    return found


def _tokens(value: Any, *, told: bool) -> float:
    text = printable(value)
    if told and len(text) > LONGEST_TOLD:
        return 0.0
    return len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN


def _by_column(tokens: Mapping[Cell, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for cell, number in tokens.items():
        found[cell.column] = max(number, found.get(cell.column, 0.0))
    return found
