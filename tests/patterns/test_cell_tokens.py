"""Tokens of a table's cells: sums, means, and the row that has most. Pure."""

from __future__ import annotations

from tasks.patterns.cell_tokens import LONGEST_TOLD, Cell, CellTokens, cell_tokens

QUOTED, TOLD = Cell("a", told=False), Cell("a", told=True)


def test_a_token_is_four_bytes_and_columns_nobody_reads_are_not_counted():
    found = cell_tokens([QUOTED], [{"a": "x" * 40, "b": "y" * 4000}, {"a": "ä" * 40}])
    assert found.totals == {QUOTED: 10 + 20}
    assert found.means == {QUOTED: 15}
    assert (found.rows, found.largest, found.largest_row) == (2, {QUOTED: 20}, 20)


def test_a_long_cell_is_quoted_and_not_told():
    found = cell_tokens([QUOTED, TOLD], [{"a": "x" * (LONGEST_TOLD + 100)}])
    assert found.totals == {QUOTED: 150, TOLD: 0}
    assert found.mean_row == 150, "a column counts once, however it is read"


def test_a_cell_counts_as_the_text_that_templates_print():
    values = [{"a": None}, {}, {"a": 12345678}, {"a": ["x", "y"]}, {"a": "\ud800"}]
    assert [cell_tokens([QUOTED], [each]).totals[QUOTED] for each in values] == [0, 0, 2, 9 / 4, 3 / 4]


def test_no_rows_have_no_tokens():
    found = CellTokens(frozenset({QUOTED}))
    assert (found.rows, found.means, found.mean_row, found.largest_row) == (0, {}, 0, 0)
