"""JSON Schemas that recipes and models bring along, applied without network and in linear time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from pydantic import AfterValidator
from referencing import Registry
from referencing.exceptions import Unresolvable

from tasks.judging.regexes import is_match, regex_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_FAULTS: Final = 5
_LONGEST: Final = 200


def _usable(schema: dict[str, Any]) -> dict[str, Any]:
    if fault := schema_fault(schema):
        raise ValueError(fault)
    return schema


JsonSchema = Annotated[dict[str, Any], AfterValidator(_usable)]


def schema_fault(schema: Mapping[str, Any]) -> str:
    """Why this is no JSON Schema that can be used here; empty if it is one."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"not a JSON Schema: {error.json_path.removeprefix('$.')}: {error.message}"[:_LONGEST]
    for keyword, value in _keywords(schema):
        if keyword == "patternProperties":
            return "a JSON Schema with 'patternProperties' is not supported"
        if keyword == "pattern" and isinstance(value, str) and (fault := regex_fault(value)):
            return f"pattern {value!r}: {fault}"
        if keyword in {"$ref", "$dynamicRef"} and isinstance(value, str) and not value.startswith("#"):
            return f"{keyword} {value!r} points outside the schema, nothing is fetched"
    return ""


def shape_faults(schema: Mapping[str, Any], value: object) -> list[str]:
    """What of `value` does not fit, worst five, each with its place: `items[0]: 'x' is a required property`."""
    validator = _Validator(schema, registry=Registry())
    try:
        errors = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
    except (Unresolvable, RecursionError) as error:
        return [f"cannot be held against the schema: {error}"[:_LONGEST]]
    return [_sentence(error) for error in errors[:_MOST_FAULTS]]


def _sentence(error: ValidationError) -> str:
    place = error.json_path.removeprefix("$").removeprefix(".")
    message = error.message
    if len(message) > _LONGEST:
        message = f"does not fit {error.validator!r} ({str(error.validator_value)[:80]})"
    return f"{place}: {message}" if place else message


def _keywords(schema: object) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key, value
            yield from _keywords(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)


def _pattern(_: Any, pattern: str, instance: object, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not is_match(pattern, instance):
        yield ValidationError(f"does not match {pattern!r}")


_Validator: Final = extend(Draft202012Validator, {"pattern": _pattern})
