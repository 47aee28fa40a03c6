"""Recorded calls by model and prompt: an index of 40 bytes a call and some 150 a prompt in memory, the texts in a file mapped into it.

The file has no name any more once it is open: it goes with the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deployments.recordings.prompt_forms import digest, forms, loose
from deployments.recordings.recorded_columns import RECORDED
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

KEPT: Final = pa.schema([field for field in RECORDED if field.name not in ("model", "prompt", "sample")])


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded answer; what is None was not recorded.

    Attributes:
        confidence: the model's own, 0 to 1.
    """

    response: str
    finish_reason: str | None
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    usd: float | None
    seconds: float | None
    confidence: float | None


class Recordings:
    """All answers, those of equal model and prompt in the order of their samples, then of their time.

    Args:
        tables: rows of schema RECORDED, and how many were read for them.

    Raises:
        UserError: there is none.

    Attributes:
        answers: how many there are.
        left_out: rows that had no text, no model or no success.
        models: their ids, sorted.
        prompts: how many different ones.
    """

    def __init__(self, tables: Iterable[tuple[pa.Table, int]]) -> None:
        found = _Indexed()
        with TemporaryDirectory(prefix="nightpress-replay-") as folder:
            path = Path(folder) / "answers.arrow"
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, KEPT) as kept:
                for table, rows in tables:
                    found.add(table, rows)
                    kept.write_table(table.select(KEPT.names))
            self._kept = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        self.answers = len(self._kept)
        self.left_out = found.rows - self.answers
        if not self.answers:
            raise UserError(
                f"of {found.rows:,} rows none has a model, a prompt and an answer", where="--replay"
            )
        self.models = sorted(found.models)
        exact, close, order = found.sorted()
        self._order = order
        self._exact = exact[order]
        by_close = np.argsort(close, kind="stable")  # of several prompts that are alike, the first one counts
        self._close = close[by_close]
        self._exact_of_close = exact[by_close]
        self.prompts = found.prompts

    def find(self, model: str, messages: Sequence[tuple[str, str]]) -> tuple[int, NDArray[np.int64]] | None:
        """A number for the recorded question, and the rows of its answers in order; None if there are none."""
        named = digest(model)
        for place, text in enumerate(forms(messages)):
            key = np.uint64(named ^ digest(text))
            if place:
                at = int(np.searchsorted(self._close, key))
                if at == len(self._close) or self._close[at] != key:
                    continue
                key = self._exact_of_close[at]
            low, high = np.searchsorted(self._exact, key), np.searchsorted(self._exact, key, "right")
            if low < high:
                return int(key), self._order[low:high]
        return None

    def has(self, model: str) -> bool:
        """Whether anything of this model is recorded."""
        return model in self.models

    def answer(self, row: int) -> Recorded:
        """The answer in a row."""
        cells: dict[str, Any] = self._kept.slice(row, 1).to_pylist()[0]
        counts = {name: _count(cells[name]) for name in ("tokens_in", "tokens_out", "tokens_cached")}
        return Recorded(
            cells["response"], cells["finish_reason"], **counts, usd=cells["usd"], seconds=cells["seconds"],
            confidence=cells["confidence"],
        )  # fmt: skip


class _Indexed:
    """What is remembered of each row while the rows go by."""

    def __init__(self) -> None:
        self.rows = 0
        self.models: set[str] = set()
        self._close_of: dict[int, int] = {}
        self._columns: list[tuple[Any, Any, Any, Any]] = []

    @property
    def prompts(self) -> int:
        return len(set(self._close_of.values()))

    def add(self, table: pa.Table, rows: int) -> None:
        self.rows += rows
        model_codes, models = _encoded(table["model"])
        prompt_codes, prompts = _encoded(table["prompt"])
        self.models.update(models)
        named = np.array([digest(each) for each in models], np.uint64)[model_codes]
        exact = np.array([digest(each) for each in prompts], np.uint64)
        close = np.array(list(map(self._close, prompts, exact.tolist())), np.uint64)
        numbers = [
            pc.fill_null(table[name], 0.0).combine_chunks().to_numpy() for name in ("sample", "finished_at")
        ]
        self._columns.append((named ^ exact[prompt_codes], named ^ close[prompt_codes], *numbers))

    def _close(self, prompt: str, exact: int) -> int:
        close = self._close_of.get(exact)
        if close is None:
            close = self._close_of[exact] = digest(loose(prompt))
        return close

    def sorted(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]:
        """Both hashes of each row, and the rows in order: equal questions together, by sample, time and place."""
        exact, close, sample, time = (np.concatenate(each) for each in zip(*self._columns, strict=True))
        return exact, close, np.lexsort((np.arange(len(exact)), time, sample, exact))


def _encoded(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()


def _count(value: float | None) -> int | None:
    return None if value is None else round(value)
