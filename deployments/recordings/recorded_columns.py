"""Which columns of a table are recorded calls, by their names or by a given mapping. No I/O.

Known are our own `calls` table and the usual columns of recorded benchmarks: one row is one answer of one model to one
prompt. A table that has its models side by side (`strong_model`, `strong_response`, `weak_model`, `weak_response`) counts
as several such tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.storing.errors import UserError, near_miss

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "model": ("model_id", "model"),
    "prompt": ("prompt", "question"),
    "response": ("response", "output", "answer"),
    "sample": ("sample",),
    "tokens_in": ("tokens_in", "tok_in"),
    "tokens_out": ("tokens_out", "tok_out"),
    "tokens_cached": ("tokens_cached",),
    "usd": ("usd", "cost_usd"),
    "seconds": ("seconds",),
    "latency_ms": ("latency_ms",),
    "confidence": ("confidence",),
    "logprob_conf": ("logprob_conf",),
    "finish_reason": ("finish_reason",),
    "status": ("status",),
    "finished_at": ("finished_at",),
}
"""What a recorded call consists of → the columns it is found in, the first one that is there."""
NEEDED: Final = ("model", "prompt", "response")
TEXTS: Final = (*NEEDED, "finish_reason", "status")
JOINS: Final = {"prompt": "\n\n", "response": "\n\n"}
JOINED: Final = "/"
RECORDED: Final = pa.schema(
    [
        ("model", pa.string()),
        ("prompt", pa.large_string()),
        ("response", pa.large_string()),
        ("finish_reason", pa.string()),
        *((name, pa.float64()) for name in ("sample", "tokens_in", "tokens_out", "tokens_cached", "usd")),
        *((name, pa.float64()) for name in ("seconds", "confidence", "finished_at")),
    ]
)
"""A recorded call; usage, seconds and USD are null where they are not known, confidence is from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each part of a recorded call is: part → columns, of which texts are joined."""

    of: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> list[str]:
        """All columns that have to be read."""
        return list(dict.fromkeys(name for names in self.of.values() for name in names))


def mapping_in(given: str) -> dict[str, tuple[str, ...]]:
    """`prompt=question,model=model+style` as part → columns.

    Raises:
        UserError: it is not of that form, or names a part that there is not.
    """
    found: dict[str, tuple[str, ...]] = {}
    for pair in filter(None, (each.strip() for each in given.split(","))):
        part, equals, columns = (each.strip() for each in pair.partition("="))
        if not equals or not columns:
            raise UserError(
                f"{pair!r} names no column", where="--columns", hint="write prompt=question,response=answer"
            )
        if part not in KNOWN:
            raise UserError(
                f"a recorded call has no part {part!r}", where="--columns", hint=near_miss(part, KNOWN)
            )
        found[part] = tuple(each.strip() for each in columns.split("+"))
    return found


def columns_of(names: Iterable[str], mapping: Mapping[str, tuple[str, ...]], where: str) -> list[Columns]:
    """One entry, or one for each model of a table that has them side by side.

    Raises:
        UserError: a part that is needed is in no column, or a column of the mapping is not there.
    """
    there = list(names)
    for part, wanted in mapping.items():
        for each in wanted:
            if each not in there:
                hint = near_miss(each, there)
                raise UserError(f"there is no column {each!r} for {part}", where=where, hint=hint)
    usual = {
        part: known if part == "model" else known[:1]
        for part, names_of in KNOWN.items()
        if (known := tuple(each for each in names_of if each in there))
    }
    found = {**usual, **mapping}
    if "model" not in found and "prompt" in found:
        beside = _side_by_side(there)
        if beside:
            return [Columns({"prompt": found["prompt"], **each}) for each in beside]
    missing = [part for part in NEEDED if part not in found]
    if missing:
        usual_names = "; ".join(f"{part}: {', '.join(KNOWN[part])}" for part in missing)
        raise UserError(
            f"these are no recorded calls: no column for {' or '.join(missing)} ({usual_names}) among {', '.join(there)}",
            where=where,
            hint=f"name it: --columns {missing[0]}=…",
        )
    return [Columns(found)]


def recorded(batch: pa.RecordBatch, columns: Columns, where: str) -> pa.Table:
    """The usable rows (schema RECORDED): those with status `ok` or none, a model, a prompt and an answer.

    Raises:
        UserError: a column does not hold what its name says.
    """
    parts = {part: _part(batch, part, names, where) for part, names in columns.of.items()}
    if "seconds" not in parts and "latency_ms" in parts:
        parts["seconds"] = pc.divide(parts["latency_ms"], 1000.0)
    if "confidence" not in parts and "logprob_conf" in parts:
        parts["confidence"] = pc.exp(parts["logprob_conf"])
    if "confidence" in parts:
        parts["confidence"] = _shares(parts["confidence"])
    rows = pa.table(
        [
            parts[field.name].cast(field.type) if field.name in parts else pa.nulls(len(batch), field.type)
            for field in RECORDED
        ],
        schema=RECORDED,
    )
    usable = pc.and_(
        pc.and_(pc.is_valid(rows["model"]), pc.is_valid(rows["prompt"])), pc.is_valid(rows["response"])
    )
    if "status" in parts:
        usable = pc.and_(usable, pc.fill_null(pc.equal(parts["status"], "ok"), True))
    return rows.filter(usable)


def _side_by_side(there: list[str]) -> list[dict[str, tuple[str, ...]]]:
    found: list[dict[str, tuple[str, ...]]] = []
    for name in there:
        prefix = name.removesuffix("_model")
        response = next(
            (f"{prefix}_{each}" for each in KNOWN["response"] if f"{prefix}_{each}" in there), None
        )
        if name.endswith("_model") and prefix and response:
            found.append({"model": (name,), "response": (response,)})
    return found


def _part(batch: pa.RecordBatch, part: str, names: tuple[str, ...], where: str) -> Any:
    kind = pa.large_string() if part in TEXTS else pa.float64()
    try:
        read = [_plain(batch.column(batch.schema.get_field_index(name)), kind) for name in names]
    except pa.ArrowException as error:
        raise UserError(
            f"column {' or '.join(map(repr, names))} cannot be read as {part}: {error}", where=where
        ) from None
    if len(read) == 1:
        return read[0]
    if names == KNOWN["model"]:
        return pc.coalesce(*read)
    return pc.binary_join_element_wise(*read, pa.scalar(JOINS.get(part, JOINED), pa.large_string()))


def _plain(column: Any, kind: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return column.cast(kind, safe=False)


def _shares(values: Any) -> Any:
    """Null for what is no share of 1."""
    inside = pc.and_(pc.greater_equal(values, 0.0), pc.less_equal(values, 1.0))
    return pc.if_else(pc.fill_null(inside, False), values, pa.scalar(None, pa.float64()))
