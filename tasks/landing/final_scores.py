"""What judges said blind of the texts that were delivered, taken as row groups of `scores` pass.

Blind are the scores of the step `@final`: one text at a time, of either arm, by judges that do not know whose it is. The
score of a pattern's own judge is not: the best of several drafts by its score is one that this judge overrates
(the winner's curse), so that metrics prefer blind scores where a run has any. Pairs shown side by side are `@pair`.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from math import isnan, nan
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from tasks.judging.judge_cautions import NEAR_TOP, place_verdicts
from tasks.patterns.blind_paths import FINAL, PAIR

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from tasks.judging.position import Both

    Numbers = NDArray[np.float64]

MADE_FIRST: Final = 1


@dataclass(slots=True)
class FinalScores:
    """Blind scores by text, judge and criterion: 8 bytes each.

    Attributes:
        texts: arm → request id → the text's number.
        by: judge, criterion → score of each text, not a number where there is none.
        families: judge → family.
        preferred: another arm than the baseline → scores of the pairs with its texts, in either order.
        verdicts: judge → request id → scores with the made text shown first and second.
    """

    COLUMNS: ClassVar[list[str]] = [
        "request_id", "arm", "step", "round", "judge", "judge_family", "criterion", "score",
    ]  # fmt: skip

    texts: dict[str, dict[str, int]] = field(default_factory=dict)
    by: dict[tuple[str, str], array[float]] = field(default_factory=dict)
    families: dict[str, str | None] = field(default_factory=dict)
    verdicts: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    preferred: dict[str, list[float]] = field(default_factory=dict)
    count: int = 0

    def add(self, table: pa.Table) -> None:
        """Take in a row group with COLUMNS."""
        columns = [table[name].to_pylist() for name in self.COLUMNS]
        for request_id, arm, step, round_, judge, family, criterion, score in zip(*columns, strict=True):
            if score is None:
                continue
            if step == FINAL:
                self.families[judge] = family
                self._add(request_id, arm, judge, criterion, score)
            elif step.startswith(f"{PAIR}/"):
                self.preferred.setdefault(step.removeprefix(f"{PAIR}/"), []).append(score)
            elif step == PAIR:
                seen = self.verdicts.setdefault(judge, {}).setdefault(request_id, [nan, nan])
                seen[0 if round_ == MADE_FIRST else 1] = score

    def _add(self, request_id: str, arm: str, judge: str, criterion: str, score: float) -> None:
        texts = self.texts.setdefault(arm, {})
        text = texts.get(request_id)
        if text is None:
            text = texts[request_id] = self.count
            self.count += 1
        column = self.by.setdefault((judge, criterion), array("d"))
        column.extend([nan] * (text + 1 - len(column)))
        column[text] = score

    def has(self, request_id: str, arm: str) -> bool:
        """Whether a text was judged blind."""
        return request_id in self.texts.get(arm, {})

    @property
    def judges(self) -> list[str]:
        """All that judged blind."""
        return sorted({judge for judge, _ in self.by})

    @property
    def criteria(self) -> list[str]:
        """All that was judged, in the order it came."""
        return list(dict.fromkeys(criterion for _, criterion in self.by))

    def of_text(self, request_id: str, arm: str) -> dict[str, float]:
        """Judge → mean over the criteria; empty for a text that was not judged."""
        text = self.texts.get(arm, {}).get(request_id)
        if text is None:
            return {}
        found: dict[str, list[float]] = {}
        for (judge, _), column in self.by.items():
            if text < len(column) and not isnan(column[text]):
                found.setdefault(judge, []).append(column[text])
        return {judge: sum(scores) / len(scores) for judge, scores in found.items()}

    def near_top(self) -> dict[str, float]:
        """Arm → share of its scores that are near the top of the scale."""
        found = {}
        for arm, texts in self.texts.items():
            places = np.fromiter(texts.values(), np.intp)
            seen = [
                np.frombuffer(column, np.float64)[places[places < len(column)]] for column in self.by.values()
            ]
            scores = np.concatenate(seen)
            scores = scores[~np.isnan(scores)]
            found[arm] = float((scores >= NEAR_TOP).mean()) if len(scores) else 0.0
        return found

    def requests(self) -> list[int]:
        """Of each text, in the order of `table`, the number of its request."""
        numbers: dict[str, int] = {}
        found = [0] * self.count
        for texts in self.texts.values():
            for request_id, text in texts.items():
                found[text] = numbers.setdefault(request_id, len(numbers))
        return found

    def table(self, criterion: str | None = None) -> Numbers:
        """A row per judge, a column per text; of one criterion, or the mean over all."""
        tables = [self._table([name]) for name in ([criterion] if criterion is not None else self.criteria)]
        if not tables:
            return np.zeros((0, 0))
        if len(tables) == 1:
            return tables[0]
        total, seen = np.zeros_like(tables[0]), np.zeros_like(tables[0])
        for each in tables:
            known = ~np.isnan(each)
            total[known] += each[known]
            seen += known
        return np.where(seen > 0, total / np.maximum(seen, 1), np.nan)

    def _table(self, criteria: Sequence[str]) -> Numbers:
        found = np.full((len(self.judges), self.count), np.nan)
        for row, judge in enumerate(self.judges):
            for criterion in criteria:
                column = self.by.get((judge, criterion))
                if column:
                    found[row, : len(column)] = np.frombuffer(column, np.float64)
        return found

    def pairs_of(self, judge: str) -> list[Both]:
        """One judge's verdicts on the pairs that it saw in both orders."""
        seen: dict[str, Any] = self.verdicts.get(judge, {})
        return [
            place_verdicts(first, second)
            for first, second in seen.values()
            if not isnan(first) and not isnan(second)
        ]
