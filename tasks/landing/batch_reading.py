"""All outputs of a night held against each other, row group by row group, from the parts that its shards staged."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from tasks.judging.leaked_keys import SHAPES, SHORTEST_SECRET
from tasks.judging.near_duplicates import NearDuplicates
from tasks.judging.word_runs import words_of
from tasks.landing.batch_faults import Fault, TextChecks, twin_fault
from tasks.patterns.batch_settings import Batch
from tasks.storing.parts import read_row_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tasks.patterns.recipe import Recipe
    from tasks.patterns.templates import Renderer
    from tasks.storing.filesystem import Store

ARM: Final = "made"
COLUMNS: Final = ["run", "request_id", "arm", "status", "content"]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a night's outputs lie.

    Attributes:
        staged: parts that hold what was worked.
        standing: parts of the run's former generation.
        redone: the rows of those that do not stand any more.
    """

    store: Store
    run: str
    staged: Sequence[str]
    standing: Sequence[str] = ()
    redone: frozenset[str] = frozenset()

    def worked(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """What was made tonight, a row group at a time."""
        for path in self.staged:
            for group in read_row_groups(self.store, path, columns):
                yield _made(group)

    def kept(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """What an earlier generation made and this one leaves as it is."""
        gone = pa.array(sorted(self.redone), pa.string())
        for path in self.standing:
            for group in read_row_groups(self.store, path, columns):
                own = _made(group.filter(pc.equal(group["run"], self.run)))
                yield own.filter(pc.invert(pc.is_in(own["request_id"], value_set=gone)))

    def rows(self, wanted: Iterable[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Some rows by request id, of tonight and before."""
        ids = pa.array(sorted(wanted), pa.string())
        found: dict[str, dict[str, Any]] = {}
        if len(ids):
            for groups in (self.kept(columns), self.worked(columns)):
                for group in groups:
                    chosen = group.filter(pc.is_in(group["request_id"], value_set=ids))
                    found |= {row["request_id"]: row for row in chosen.to_pylist()}
        return found


@dataclass(slots=True)
class Checked:
    """What a night's outputs came to.

    Attributes:
        rows: made tonight.
        faults: request id → what is wrong with it.
        twins: who is like whom; None if nobody asks.
    """

    rows: int = 0
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    twins: NearDuplicates | None = None


class BatchCheck:
    """Args: `secrets`: the keys in use."""

    def __init__(self, recipe: Recipe, renderer: Renderer, secrets: Sequence[str]) -> None:
        self.batch = recipe.batch or Batch()
        self.texts = TextChecks(recipe, renderer, secrets)
        self._keys = "|".join([SHAPES, *(_literal(each) for each in secrets if len(each) >= SHORTEST_SECRET)])

    def run(self, outputs: Outputs) -> Checked:
        """Read everything once."""
        threshold = self.batch.near_duplicates
        checked = Checked(twins=None if threshold is None else NearDuplicates(threshold))
        columns = [*COLUMNS, "request"] if self.batch.reads_all else COLUMNS
        for group in outputs.worked(columns):
            checked.rows += group.num_rows
            self._take(group, checked)
        if checked.twins is not None:
            for group in outputs.kept(columns):
                for row in group.to_pylist():
                    checked.twins.add(
                        row["request_id"], words_of(row["content"]), _digest(row["request"]), stands=True
                    )
            for key, twin in checked.twins.found().items():
                checked.faults.setdefault(key, []).insert(0, twin_fault(twin))
        return checked

    def _take(self, group: pa.Table, checked: Checked) -> None:
        # A scan in Arrow, at some hundred MB a second; Python's takes thirty times as long.
        suspect = pc.match_substring_regex(group["content"], self._keys)
        rows = (group if self.batch.reads_all else group.filter(suspect)).to_pylist()
        suspects = suspect.to_pylist() if self.batch.reads_all else [True] * len(rows)
        for row, may_have_key in zip(rows, suspects, strict=True):
            faults = self._of_row(row, checked) if self.batch.reads_all else []
            faults += self.texts.keys(row["content"]) if may_have_key else ()
            if faults:
                checked.faults[row["request_id"]] = faults

    def _of_row(self, row: dict[str, Any], checked: Checked) -> list[Fault]:
        words = words_of(row["content"])
        if checked.twins is not None:
            checked.twins.add(row["request_id"], words, _digest(row["request"]))
        return self.texts.faults(row["content"], words, orjson.loads(row["request"]))


def _made(group: pa.Table) -> pa.Table:
    mask = pc.and_(pc.equal(group["arm"], ARM), pc.equal(group["status"], "made"))
    return group.filter(pc.and_(mask, pc.is_valid(group["content"])))


def _digest(request: str) -> bytes:
    return blake2b(request.encode(), digest_size=8).digest()


def _literal(secret: str) -> str:
    """A secret as RE2 reads it."""
    return "".join(each if each.isalnum() else f"\\x{{{ord(each):x}}}" for each in secret)
