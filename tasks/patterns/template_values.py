"""What a template sees and prints: texts, numbers, JSON, and drafts as texts with fields. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Self

import orjson
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext, Undefined

from tasks.patterns.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_CHARACTERS: Final = 4 << 20
LARGEST_NUMBER: Final = 2**63
DRAFT_FIELDS: Final = frozenset(
    {"content", "data", "score", "confidence", "sources", "warnings", "suggestions"}
)
LOOP_FIELDS: Final = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0"})


class DraftText(str):
    """A draft as templates have it: its content, to be compared, searched and sliced, with the draft's fields."""

    __slots__ = ("draft",)
    draft: Draft

    def __new__(cls, draft: Draft) -> Self:
        text = super().__new__(cls, draft.content)
        text.draft = draft
        return text


def seen(value: Any) -> Any:
    """The value as a template may have it: drafts, alone or in a list, become texts."""
    if isinstance(value, Draft):
        return DraftText(value)
    if isinstance(value, list | tuple) and any(isinstance(each, Draft) for each in value):
        return [seen(each) for each in value]
    return value


class NoSuchField(LookupError):
    """A value does not have this field; most have none."""


def field_of(value: Any, name: Any) -> Any:
    """What `value.name` means; never a Python attribute or method.

    Raises:
        NoSuchField: nothing.
    """
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
    elif isinstance(value, DraftText) and name in DRAFT_FIELDS:
        own = name in {"content", "data", "score"}
        return getattr(value.draft if own else value.draft.metadata, name)
    elif isinstance(value, LoopContext) and name in LOOP_FIELDS:
        return getattr(value, name)
    raise NoSuchField(name)


def printable(value: Any) -> str:
    """The text that a value prints as: null is empty, true and false as in JSON, lists and mappings as JSON.

    Raises:
        TypeError: it has no text; an object's repr is never one.
        SecurityError: the text would be too long.
        UndefinedError: the value does not exist.
    """
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Undefined):
        return str(value)
    return json_text(value)


def json_text(value: Any) -> str:
    """The value as JSON; raises as `printable`."""
    _check_size(value)
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError as error:
        raise TypeError(str(error.__cause__ or error)) from error


def joined(values: Iterable[Any], separator: str = "") -> str:
    """The values' texts one after the other; raises as `printable`."""
    texts: list[str] = []
    size = 0
    for value in values:
        texts.append(printable(value))
        size += len(texts[-1]) + len(separator)
        if size > LARGEST_CHARACTERS:
            raise SecurityError(TOO_LONG)
    return separator.join(texts)


def number(value: Any) -> float:
    """The value, if one can calculate with it in bounded time.

    Raises:
        SecurityError: it is no number, or too large a one.
    """
    if not isinstance(value, int | float) or abs(value) > LARGEST_NUMBER:
        found = "a number beyond 64 bits" if isinstance(value, int | float) else f"{_kind(value)}"
        raise SecurityError(f"one can calculate with numbers only, not with {found}")
    return value


def _check_size(value: Any) -> None:
    """Small values can stand in one another so often that their text fills the memory."""
    room, waiting = LARGEST_CHARACTERS, [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str | Undefined):
            room -= len(str(each))
            continue
        inner = [*each, *each.values()] if isinstance(each, Mapping) else each
        if isinstance(inner, list | tuple):
            room -= 4 * len(inner)
            waiting.extend(inner)
        if room < 0:
            raise SecurityError(TOO_LONG)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{_kind(value)} has no text")


def _kind(value: Any) -> str:
    if isinstance(value, Undefined):
        return str(value)
    return {"str": "a text", "DraftText": "a text", "NoneType": "null"}.get(
        type(value).__name__, f"a {type(value).__name__}"
    )


TOO_LONG: Final = "the text is too long"
