"""What rows of committed runs came to, by step, role and model, at tonight's prices. Reads only."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from tasks.calling.prices import cost
from tasks.landing.labels import MADE
from tasks.patterns.asked import Asked
from tasks.patterns.cell_tokens import CellTokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tasks.calling.prices import Price
    from tasks.landing.committed import Committed
    from tasks.patterns.cell_tokens import Cell

CALL_COLUMNS: Final = [
    "step", "arm", "role", "model", "host", "request_id", "status", "cached", "tokens_in", "tokens_out", "tokens_cached", "usd",
    "usd_failed", "seconds", "simulated",
]  # fmt: skip
OUTPUT_COLUMNS: Final = ["request_id", "arm", "cached_calls", "seconds", "request"]


@dataclass(slots=True)
class PastLine:
    """Calls of one kind.

    Attributes:
        calls: asked for, whether they were sent or served from the ledger.
        counted: those that said how many tokens they took; the tokens are theirs.
        untold: those that were answered and did not say so, as from the ledger.
        usd: of their answers, at the prices of then.
        usd_failed: of failed attempts, at the prices of then.
        answered: those that took `seconds`.
    """

    calls: int = 0
    counted: int = 0
    untold: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    usd: float = 0.0
    usd_failed: float = 0.0
    answered: int = 0
    seconds: float = 0.0

    def add(self, other: PastLine) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class PastRows:
    """What some rows came to.

    Attributes:
        priced: catalog name → tonight's price.
        wanted: which cells of the requests are counted.
        alike: the runs had the steps that the recipe has tonight.
        rows: that were worked to an end, made or failed.
        usd: of each row all of whose calls were sent, at tonight's prices.
        seconds: of each such row.
    """

    priced: dict[str, Price | None]
    wanted: frozenset[Cell]
    alike: bool = True
    runs: list[str] = field(default_factory=list)
    rows: int = 0
    lines: dict[Asked, PastLine] = field(default_factory=dict)
    usd: array[float] = field(default_factory=lambda: array("d"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    cells: CellTokens = field(init=False)

    def __post_init__(self) -> None:
        self.cells = CellTokens(self.wanted)

    def take(self, committed: Committed, hosts: dict[str, str], most: int) -> bool:
        """Take in a run's rows, at most so many; false, with nothing of use taken in, if it tells nothing of tonight.

        Args:
            hosts: catalog name → host of tonight's base_url.
        """
        rows = self._outputs(committed, most)
        spent: dict[str, float | None] = {}
        for call in _calls(committed, rows):
            model, request_id = call["model"] or "", call["request_id"]
            if model not in hosts or (call["simulated"] and call["host"] != hosts[model]):
                return False
            asked = Asked(call["step"] or "", call["role"] or "", model)
            self.lines.setdefault(asked, PastLine()).add(_line(call))
            if not call["cached"]:
                usd, before = self._tonight(model, call), spent.get(request_id, 0.0)
                spent[request_id] = None if usd is None or before is None else before + usd
        whole = [(request_id, took) for request_id, took in rows.items() if took is not None]
        self.usd.extend(usd for request_id, _ in whole if (usd := spent.get(request_id)) is not None)
        self.seconds.extend(seconds for _, seconds in whole)
        self.rows = len(rows)
        self.runs = [committed.run]
        return bool(self.lines)

    def add(self, other: PastRows) -> None:
        """Take in what other rows came to."""
        self.alike = other.alike
        self.runs += other.runs
        self.rows += other.rows
        for asked, line in other.lines.items():
            self.lines.setdefault(asked, PastLine()).add(line)
        self.usd.extend(other.usd)
        self.seconds.extend(other.seconds)
        self.cells.rows += other.cells.rows
        for cell, tokens in other.cells.totals.items():
            self.cells.totals[cell] = self.cells.totals.get(cell, 0.0) + tokens

    def _outputs(self, committed: Committed, most: int) -> dict[str, float | None]:
        """Request id → seconds; None where calls came from the ledger, and the row was faster and cheaper for it."""
        found: dict[str, float | None] = {}
        for row in _rows(committed):
            if len(found) == most:
                break
            found[row["request_id"]] = None if row["cached_calls"] else row["seconds"]
            self.cells.add(orjson.loads(row["request"] or "{}"))
        return found

    def _tonight(self, model: str, call: dict[str, Any]) -> float | None:
        price = self.priced.get(model)
        return cost(price, call["tokens_in"] or 0, call["tokens_out"] or 0, call["tokens_cached"])


def _calls(committed: Committed, rows: Iterable[str]) -> Iterator[dict[str, Any]]:
    wanted = pa.array(list(rows), pa.string())
    for batch in committed.rows("calls", CALL_COLUMNS):
        calls = pa.Table.from_batches([batch])
        own = pc.and_(pc.is_in(calls["request_id"], value_set=wanted), pc.equal(calls["arm"], MADE))
        yield from calls.filter(own).to_pylist()


def _rows(committed: Committed) -> Iterator[dict[str, Any]]:
    for batch in committed.rows("outputs", OUTPUT_COLUMNS):
        yield from batch.filter(pc.equal(batch["arm"], MADE)).to_pylist()


def _line(call: dict[str, Any]) -> PastLine:
    if call["cached"]:
        return PastLine(calls=1, untold=1)
    is_counted = call["tokens_in"] is not None and call["tokens_out"] is not None
    is_ok = call["status"] == "ok"
    is_answered = is_ok and call["seconds"] is not None
    return PastLine(
        calls=1,
        counted=int(is_counted),
        untold=int(is_ok and not is_counted),
        tokens_in=(call["tokens_in"] or 0) if is_counted else 0,
        tokens_out=(call["tokens_out"] or 0) if is_counted else 0,
        tokens_cached=(call["tokens_cached"] or 0) if is_counted else 0,
        usd=call["usd"] or 0.0,
        usd_failed=call["usd_failed"] or 0.0,
        answered=int(is_answered),
        seconds=call["seconds"] if is_answered else 0.0,
    )
