"""The tables' columns and types are a promise to analysts.

To renew the snapshot after adding a column: `python tests/storing/test_schemas.py`, and look at the difference.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tasks.storing.schemas import TABLES

SNAPSHOT = Path(__file__).with_name("schemas.txt")


def rendered():
    lines = []
    for table, schema in TABLES.items():
        lines.append(f"{table} {schema.metadata}")
        lines += [f"    {each.name}: {each.type}{'' if each.nullable else ' not null'}" for each in schema]
    return "\n".join(lines) + "\n"


def test_the_schemas_are_frozen():
    assert rendered() == SNAPSHOT.read_text(), (
        "the tables changed; if that is meant: python tests/storing/test_schemas.py"
    )


def test_times_carry_their_zone_and_run_date_is_no_column():
    for table, schema in TABLES.items():
        assert not {"run_date", "rated_date"} & set(schema.names), table
        assert len(set(schema.names)) == len(schema.names), table
        for column in schema:
            if pa.types.is_timestamp(column.type):
                assert column.type == pa.timestamp("us", tz="UTC"), (table, column.name)


if __name__ == "__main__":
    SNAPSHOT.write_text(rendered())
