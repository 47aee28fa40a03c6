"""pydantic's validation errors as sentences a person can act on. No I/O."""

from __future__ import annotations

import re
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from tasks.storing.errors import near_miss

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from tasks.storing.yaml_nodes import Node

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake: where it is by pydantic's location, what is wrong, what to do."""

    loc: tuple[str | int, ...]
    what: str
    hint: str


def complaints(error: ValidationError, model: type[BaseModel], root: Node) -> list[Complaint]:
    """One entry per mistake, in pydantic's order.

    A union reports every member it tried; members of another shape than the value (a mapping is
    "not a string") are left out where a member of the right shape has something to say.
    """
    details = error.errors(include_url=False, include_context=True)
    inside: set[tuple[str | int, ...]] = set()
    for each in details:
        shown = _shown(each["loc"], root)
        inside.update(shown[:depth] for depth in range(len(shown)))
        if each["type"] == "missing":
            inside.add(shown)
    found = []
    for each in details:
        other_shape = each["type"].endswith("_type") and _shown(each["loc"], root) in inside
        if not other_shape:
            found.append(_complaint(each, model, root))
    return found


def _complaint(detail: ErrorDetails, model: type[BaseModel], root: Node) -> Complaint:
    loc = detail["loc"]
    place = _spelled(_shown(loc, root))
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        key = str(loc[-1])
        return Complaint(
            loc, f"unknown key {_short(key)!r}{_within(loc, root)}", near_miss(key, _keys(model, loc))
        )
    if kind == "missing":
        return Complaint(loc, f"missing key {str(loc[-1])!r}{_within(loc, root)}", "")
    if kind == "union_tag_not_found" and str(context.get("discriminator", "")).startswith("'"):
        return Complaint(loc, f"missing key {context['discriminator']}{_within((*loc, ''), root)}", "")
    if kind in {"literal_error", "enum"}:
        given = str(detail["input"])
        known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return Complaint(loc, f"{place} is {_short(given)!r}, which is not a choice", near_miss(given, known))
    if kind == "union_tag_invalid":
        given = str(context.get("tag", ""))
        known = re.findall(r"'([^']*)'", str(context.get("expected_tags", "")))
        return Complaint(loc, f"{place}: {_short(given)!r} is not a choice", near_miss(given, known))
    said = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        said = "should be a mapping of keys"
    said = said.replace("Input should be", "should be")
    return Complaint(loc, f"{place}: {said}" if place else said, "")


def _shown(loc: Sequence[str | int], root: Node) -> tuple[str | int, ...]:
    """The parts of `loc` that the document has."""
    shown: list[str | int] = []
    node = root
    for part in loc:
        child = node.child(part)
        if child is not None:
            shown.append(part)
            node = child
    return tuple(shown)


def _within(loc: Sequence[str | int], root: Node) -> str:
    place = _spelled(_shown(loc[:-1], root))
    return f" in {place}" if place else ""


def _spelled(parts: Iterable[str | int]) -> str:
    """`make.pipeline[0].ask`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _keys(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """Keys that the models which may stand at `loc[:-1]` know, by alias where they have one."""
    places: list[Any] = [model]
    for part in loc[:-1]:
        members = [member for place in places for member in _members(place)]
        inner = [each for member in members for each in _inner(member, part)]
        named = [member for member in members if getattr(member, "__name__", None) == part]
        places = inner or named or members
    found = [member for place in places for member in _members(place)]
    return {
        field.alias or name
        for member in found
        if _is_model(member)
        for name, field in member.model_fields.items()
    }


def _members(place: Any) -> Iterator[Any]:
    """`place` without annotations, aliases, unions and root models."""
    if hasattr(place, "__value__"):
        yield from _members(place.__value__)
    elif get_origin(place) is Annotated:
        yield from _members(get_args(place)[0])
    elif get_origin(place) in {Union, types.UnionType}:
        for each in get_args(place):
            yield from _members(each)
    elif _is_model(place) and "root" in place.model_fields:
        yield from _members(place.model_fields["root"].annotation)
    else:
        yield place


def _inner(member: Any, part: str | int) -> Iterator[Any]:
    """Types of what stands under `part` in a value of type `member`."""
    if _is_model(member):
        for name, field in member.model_fields.items():
            if part in {name, field.alias}:
                yield field.annotation
    elif get_args(member) and get_origin(member) is not Literal:
        arguments = [each for each in get_args(member) if each is not Ellipsis]
        if isinstance(part, int) or len(arguments) > 1:
            yield arguments[-1]


def _is_model(member: Any) -> bool:
    return isinstance(member, type) and issubclass(member, BaseModel)
