"""The declared columns of a request table, and the way a cell becomes a value. No I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, field_validator, model_serializer
from pydantic_core.core_schema import ValidationInfo

ColumnType = Literal["str", "int", "float", "bool", "date", "list", "json"]

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YES: Final = frozenset({"true", "yes", "1"})
_NO: Final = frozenset({"false", "no", "0"})
_INT64: Final = range(-(2**63), 2**63)


class Column(BaseModel):
    """What a recipe asks of one column of its request table.

    Attributes:
        type: what every cell is coerced to; `date` values are kept as ISO text.
        default: stands in for an empty or absent cell; with `default: null` the column may stay empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ColumnType = "str"
    default: Any = None

    @property
    def required(self) -> bool:
        """True where the recipe gives no default, not even null."""
        return "default" not in self.model_fields_set

    @field_validator("default")
    @classmethod
    def _fits_its_type(cls, value: Any, info: ValidationInfo) -> Any:
        kind = info.data.get("type")
        if value is None or kind is None:
            return value
        return _typed(value, kind, from_text=False)

    @model_serializer
    def _without_an_absent_default(self) -> dict[str, Any]:
        return {"type": self.type} if self.required else {"type": self.type, "default": self.default}


def coerce(value: Any, column: Column, *, from_text: bool = True) -> Any:
    """The value of one cell that is not empty.

    Args:
        value: a CSV cell, or a value as JSON or Parquet hold it.
        column: the declared column.
        from_text: false where a text in a `json` column is the value itself, not JSON to be parsed.

    Returns:
        A value that JSON can carry; dates as `YYYY-MM-DD`.

    Raises:
        ValueError: the value does not fit; the message reads on from the column's name.
    """
    return _typed(value, column.type, from_text=from_text)


def _typed(value: Any, kind: ColumnType, *, from_text: bool) -> Any:
    if kind == "json":
        return _json(value) if from_text else value
    return _COERCIONS[kind](value.strip() if isinstance(value, str) and kind != "str" else value)


def _str(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise ValueError(f"is {shown(value)}, not text")


def _int(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value) and len(value) <= 20:
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    else:
        raise ValueError(f"is {shown(value)}, not a whole number")
    if number not in _INT64:
        raise ValueError(f"is {shown(value)}, which is beyond 64 bits")
    return number


def _float(value: Any) -> float:
    try:
        number = float(value if not isinstance(value, bool) else "true")
    except TypeError:
        raise ValueError(f"is {shown(value)}, not a number") from None
    except OverflowError:
        raise ValueError(f"is {shown(value)}, which is too large for a float") from None
    except ValueError:
        hint = " (write 1.5, not 1,5)" if "," in str(value) else ""
        raise ValueError(f"is {shown(value)}, not a number{hint}") from None
    if not math.isfinite(number):
        raise ValueError(f"is {shown(value)}, not a finite number")
    return number


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower() if isinstance(value, str | int) else ""
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"is {shown(value)}, not true or false")


def _date(value: Any) -> str:
    if isinstance(value, datetime):
        if value.time().replace(tzinfo=None) != datetime.min.time():
            raise ValueError(f"is {value.isoformat()}, a time and not a day")
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        day, _, midnight = value.partition("T")
        if _DAY.fullmatch(day) and midnight in ("", "00:00:00"):
            try:
                return date.fromisoformat(day).isoformat()
            except ValueError:
                pass
    raise ValueError(f"is {shown(value)}, not a date like 2026-01-31")


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        parsed = _json(value) if value.startswith("[") else value.split(";")
        return [item.strip() if isinstance(item, str) else item for item in parsed if item != ""]
    if isinstance(value, list | tuple):
        return list(value)
    raise ValueError(f"is {shown(value)}, not a list")


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"is not valid JSON ({error})") from None


def shown(value: object) -> str:
    """A value as a person reads it in a message, at most some 60 characters."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_COERCIONS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {"str": _str, "int": _int, "float": _float, "bool": _bool, "date": _date, "list": _list}
)
