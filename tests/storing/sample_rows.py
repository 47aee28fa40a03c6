"""Rows with a value in every column of a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa


def sample_row(schema, number):
    return {column.name: sample(column.type, column.name, number) for column in schema}


def sample(kind, name, number):
    if pa.types.is_struct(kind):
        return {each.name: sample(each.type, each.name, number) for each in kind}
    if pa.types.is_map(kind):
        return [(key, sample(kind.item_type, key, number)) for key in ("accuracy", "tone")]
    if pa.types.is_list(kind):
        return [sample(kind.value_type, name, number)] * (number % 3)
    if pa.types.is_timestamp(kind):
        return datetime(2026, 1, 31, 23, 59, 59, 123456, tzinfo=UTC) + timedelta(days=number)
    if pa.types.is_boolean(kind):
        return number % 2 == 0
    if pa.types.is_floating(kind):
        return number / 10
    return number if pa.types.is_integer(kind) else f"{name} é{number}"
