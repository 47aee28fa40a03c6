from __future__ import annotations

from datetime import date, datetime

import pytest
from pydantic import ValidationError

from tasks.storing.columns import Column, coerce


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("str", " kept as it is ", " kept as it is "),
        ("str", 1984, "1984"),
        ("int", " -12 ", -12),
        ("int", 3.0, 3),
        ("float", "1e-3", 0.001),
        ("float", 2, 2.0),
        ("bool", "Yes", True),
        ("bool", "0", False),
        ("date", "2026-01-31", "2026-01-31"),
        ("date", date(2026, 1, 31), "2026-01-31"),
        ("date", datetime(2026, 1, 31), "2026-01-31"),  # noqa: DTZ001
        ("list", '["a", 1]', ["a", 1]),
        ("list", "a; b ;", ["a", "b"]),
        ("json", '{"a": [1]}', {"a": [1]}),
    ],
)
def test_a_cell_becomes_a_value_of_its_type(kind, cell, value):
    coerced = coerce(cell, Column(type=kind))
    assert coerced == value
    assert type(coerced) is type(value)


@pytest.mark.parametrize(
    ("kind", "cell", "reason"),
    [
        ("str", True, "is true, not text"),
        ("str", ["a"], "not text"),
        ("int", "1.5", "is '1.5', not a whole number"),
        ("int", True, "is true, not a whole number"),
        ("int", "9" * 19, "beyond 64 bits"),
        ("float", "1,5", "write 1.5, not 1,5"),
        ("float", "nan", "not a finite number"),
        ("float", True, "not a number"),
        ("float", [1], "not a number"),
        ("float", 10**400, "too large"),
        ("bool", "maybe", "not true or false"),
        ("bool", 2, "not true or false"),
        ("date", "31.01.2026", "not a date like 2026-01-31"),
        ("date", "2026-02-30", "not a date like 2026-01-31"),
        ("date", datetime(2026, 1, 31, 8), "a time and not a day"),  # noqa: DTZ001
        ("list", '["a"', "not valid JSON"),
        ("list", 1, "not a list"),
        ("json", "{a: 1}", "not valid JSON"),
    ],
)
def test_a_cell_that_does_not_fit_says_why(kind, cell, reason):
    with pytest.raises(ValueError) as error:
        coerce(cell, Column(type=kind))
    assert reason in str(error.value)


def test_a_text_in_a_json_column_is_the_value_itself_where_values_are_typed():
    assert coerce("5", Column(type="json"), from_text=False) == "5"
    assert coerce("5", Column(type="json")) == 5


def test_a_null_default_makes_a_column_optional_and_survives_freezing():
    assert Column(type="int").required
    optional = Column(type="int", default=None)
    assert not optional.required
    frozen = optional.model_dump(mode="json", exclude_none=True)
    assert not Column.model_validate(frozen).required
    assert Column.model_validate(Column().model_dump(mode="json")).required


def test_a_default_has_to_fit_its_type():
    assert Column(type="float", default=2).default == 2.0
    with pytest.raises(ValidationError, match="not a whole number"):
        Column(type="int", default="many")
