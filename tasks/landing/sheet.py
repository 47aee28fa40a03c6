"""A table of a report as words, whatever shows it: Markdown, HTML, a terminal or Prefect. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Sheet:
    """A titled table; its texts are as they came and have to be escaped.

    Attributes:
        columns: titles.
        numbers: how many of the last columns hold figures.
        shares: for each row how long its bar is, from 0 to 1; empty for a table without bars.
        note: what has to be known to read it.
        lesser: titles of columns that a narrow place can do without.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int = 0
    shares: tuple[float, ...] = ()
    note: str = ""
    lesser: tuple[str, ...] = ()

    def is_number(self, column: int) -> bool:
        """Whether the column with this index holds figures."""
        return column >= len(self.columns) - self.numbers

    @property
    def narrow(self) -> Sheet:
        """The same without its lesser columns."""
        kept = [place for place, title in enumerate(self.columns) if title not in self.lesser]
        return replace(
            self,
            columns=tuple(self.columns[place] for place in kept),
            rows=tuple(tuple(row[place] for place in kept) for row in self.rows),
            numbers=sum(self.is_number(place) for place in kept),
            lesser=(),
        )


def of_largest(amounts: list[float | None]) -> tuple[float, ...]:
    """Each amount as a share of the largest; nothing for what is unknown."""
    largest = max((each for each in amounts if each is not None), default=0.0)
    return tuple((each or 0.0) / largest if largest > 0 else 0.0 for each in amounts)
