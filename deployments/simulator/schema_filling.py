"""Builds a value that is valid for a JSON schema; what the leaves say is up to `Values`. Pure.

Known: type (also lists and Gemini's upper case), enum, const, properties, required, additionalProperties, items,
prefixItems, size and range limits, uniqueItems, anyOf, oneOf, allOf, local $ref, nullable.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployments.simulator.json_values import Values

_OPTIONAL_UNTIL_DEPTH = 4
_DEEPEST = 24
_USUAL_ITEMS = 3
_DEPENDS = re.compile(r"depend|needs|prerequisite|requires|after$", re.IGNORECASE)
_IDS = ("id", "name", "key")


class Filling:
    """One walk through one schema.

    Args:
        schema: its root, to which `$ref` refers.
        values: says what a leaf of a given name holds.
    """

    def __init__(self, schema: dict[str, Any], values: Values) -> None:
        self._root = schema
        self._values = values

    def fill(self) -> Any:
        return self._fill(self._root, "", 0)

    def _fill(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, dict):
            return self._values.text(name, {})
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._values.choice(name, schema["enum"])
        match _type_of(schema):
            case "object":
                return self._object(schema, name, depth)
            case "array":
                return self._array(schema, name, depth)
            case "number" | "integer" as kind:
                return self._values.number(name, schema, whole=kind == "integer")
            case "boolean":
                return self._values.truth(name)
            case "null":
                return None
        return self._values.text(name, schema)

    def _resolved(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """The schema with references followed and combinations settled."""
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = {**self._referred(str(schema["$ref"])), **rest}
            elif schema.get("allOf"):
                parts = schema["allOf"]
                rest = {key: value for key, value in schema.items() if key != "allOf"}
                schema = _merged([self._resolved(part, depth) for part in parts] + [rest])
            elif schema.get("anyOf") or schema.get("oneOf"):
                branches = schema.get("anyOf") or schema["oneOf"]
                rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
                schema = _merged([rest, self._branch(branches, depth)])
            else:
                break
        return schema

    def _branch(self, branches: list[dict[str, Any]], depth: int) -> dict[str, Any]:
        """The first that says something; deep down null, so that recursive schemas end."""
        nulls = [branch for branch in branches if branch.get("type") == "null"]
        if nulls and depth > _OPTIONAL_UNTIL_DEPTH:
            return nulls[0]
        return next((branch for branch in branches if branch.get("type") != "null"), branches[0])

    def _referred(self, pointer: str) -> dict[str, Any]:
        found: Any = self._root
        for step in pointer.removeprefix("#").strip("/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.get(key, {}) if isinstance(found, dict) and step else found
        return found if isinstance(found, dict) else {}

    def _object(self, schema: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = [key for key in schema.get("required") or () if key not in properties]
        wanted = schema.get("required") or () if depth >= _OPTIONAL_UNTIL_DEPTH else properties
        if depth >= _DEEPEST:
            return {}
        made = {key: self._fill(properties[key], key, depth + 1) for key in properties if key in wanted}
        extra = schema.get("additionalProperties")
        value_schema = extra if isinstance(extra, dict) else {}
        missing = list(required)
        if not properties and isinstance(extra, dict):
            missing += self._values.map_keys(name, schema)
        least = int(schema.get("minProperties") or 0)
        missing += [f"key_{i}" for i in range(1, least - len(made) - len(missing) + 1)]
        made.update({key: self._fill(value_schema, key, depth + 1) for key in missing})
        return made

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        prefix = schema.get("prefixItems") or []
        items = schema.get("items", {})
        count = self._count(schema, name, items, depth) if items is not False else len(prefix)
        made = [self._fill(part, name, depth + 1) for part in prefix]
        for index in range(len(made), max(count, len(prefix))):
            with self._values.item(index):
                made.append(self._fill(items, _singular(name), depth + 1))
        if schema.get("uniqueItems") or self._is_enum(items, depth):
            made = [item for index, item in enumerate(made) if item not in made[:index]]
        _link(made, items if isinstance(items, dict) else {})
        return made

    def _count(self, schema: dict[str, Any], name: str, items: Any, depth: int) -> int:
        least, most = int(schema.get("minItems") or 0), schema.get("maxItems")
        if _DEPENDS.search(name) or (depth >= _OPTIONAL_UNTIL_DEPTH + 2):
            return least
        choices = self._resolved(items, depth).get("enum") if isinstance(items, dict) else None
        usual = min(_USUAL_ITEMS, len(choices)) if choices else self._values.usual_items(name, _USUAL_ITEMS)
        return max(least, min(usual, int(most)) if most is not None else usual)

    def _is_enum(self, items: Any, depth: int) -> bool:
        return isinstance(items, dict) and bool(self._resolved(items, depth).get("enum"))


def _type_of(schema: dict[str, Any]) -> str:
    given = schema.get("type")
    if isinstance(given, list):
        given = next((kind for kind in given if kind != "null"), "null")
    if isinstance(given, str):
        return given.lower()
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "number" if "minimum" in schema or "maximum" in schema else "string"


def _merged(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for schema in schemas:
        both: dict[str, Any] = {}
        for key in ("properties", "$defs"):
            if key in made and key in schema:
                both[key] = {**made[key], **schema[key]}
        required = [*made.get("required", ()), *schema.get("required", ())]
        made = {**made, **schema, **both}
        if required:
            made["required"] = list(dict.fromkeys(required))
    return made


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _link(items: list[Any], schema: dict[str, Any]) -> None:
    """Lets the last of several objects depend on the earlier ones, where they have ids of the right type."""
    if len(items) < 2 or not all(isinstance(item, dict) for item in items):
        return
    last = items[-1]
    properties = schema.get("properties") or {}
    identity = next((key for key in _IDS if key in last), None)
    field = next((key for key in last if _DEPENDS.search(key) and last[key] == []), None)
    wanted = properties.get(field or "", {}).get("items", {})
    if (
        identity
        and field
        and _type_of(wanted) == _type_of(properties.get(identity, {}))
        and "enum" not in wanted
    ):
        last[field] = [item[identity] for item in items[:-1]][: properties[field].get("maxItems")]
