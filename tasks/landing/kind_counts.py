"""How often each kind of thing was said, with the first example of each. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.landing.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_KINDS = 200
LONGEST_EXAMPLE = 300
OTHERS = "others"


@dataclass(slots=True)
class KindCounts:
    """Counts by kind, the commonest first; after MOST_KINDS different ones the rest are `others`."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, example: str | None = None) -> None:
        """Count one."""
        if kind not in self.counts and len(self.counts) >= MOST_KINDS:
            kind = OTHERS
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if example and kind not in self.examples:
            self.examples[kind] = one_line(example, LONGEST_EXAMPLE)

    def add_all(self, said: Iterable[tuple[str, str | None]]) -> None:
        """Count each (kind, example)."""
        for kind, example in said:
            self.add(kind, example)

    def commonest(self) -> list[tuple[str, int]]:
        """(kind, count), the commonest first, then by name."""
        return sorted(self.counts.items(), key=lambda each: (-each[1], each[0]))
