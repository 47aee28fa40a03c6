"""YAML text as plain values that remember their lines. No tags, no class look-up, no I/O.

Scalars follow the YAML 1.2 core schema, so `off`, `no` and dates stay text. Keys are always text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

Scalar: TypeAlias = str | int | float | bool | None

DEEPEST = 60
MOST_NODES = 100_000
_MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Node:
    """One value and where it stands.

    Attributes:
        line: counted from 1; for a mapping's entry the line of its key.
        inner: a scalar, a list of nodes, or nodes by key.
        size: nodes in this tree, aliases counted as often as they are used.
    """

    line: int
    inner: Scalar | list[Node] | dict[str, Node]
    size: int

    def plain(self) -> Any:
        """Fresh dicts, lists and scalars: no two places share an object."""
        if isinstance(self.inner, dict):
            return {key: node.plain() for key, node in self.inner.items()}
        if isinstance(self.inner, list):
            return [node.plain() for node in self.inner]
        return self.inner

    def child(self, part: str | int) -> Node | None:
        if isinstance(self.inner, dict):
            return self.inner.get(str(part))
        if isinstance(self.inner, list) and isinstance(part, int) and part < len(self.inner):
            return self.inner[part]
        return None


def parse_yaml(text: str, name: str) -> Node:
    """Nodes of the only document in `text`; an empty text is one null node.

    Args:
        text: YAML, already bounded in size by the caller.
        name: what errors call the text.

    Raises:
        UserError: not YAML, a key given twice, a tag, too deep, more than one document, or
            aliases that would expand to more than `MOST_NODES` values.
    """
    try:
        return _Builder(name).build(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        said = ": ".join(part for part in (error.context, error.problem) if part)
        raise UserError(f"not valid YAML: {said}", where=f"{name}:{line}") from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError("a control character is not allowed here", where=f"{name}:{line}") from None
    except YAMLError as error:
        raise UserError(f"not valid YAML: {error}", where=name) from None


class _Builder:
    """Turns parser events into nodes; keeps the anchors and counts what is expanded."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.anchors: dict[str, Node] = {}
        self.events: Iterator[Any] = iter(())

    def build(self, events: Iterator[Any]) -> Node:
        self.events = events
        root: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    raise self.wrong("a second document starts here", event, "keep one document in a file")
                root = self.node(next(events), 0)
        return root or Node(1, None, 1)

    def node(self, event: Any, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self.anchored(event)
        if event.tag is not None:
            raise self.wrong(f"the tag {event.tag!r} is not allowed", event, "write the plain value")
        if depth > DEEPEST:
            raise self.wrong(f"nested deeper than {DEEPEST} levels", event)
        if isinstance(event, ScalarEvent):
            built = Node(_line(event), _scalar(event.value) if event.implicit[0] else event.value, 1)
        elif isinstance(event, SequenceStartEvent):
            built = self.sequence(event, depth)
        else:
            built = self.mapping(event, depth)
        if built.size > MOST_NODES:
            raise self.wrong(f"expands to more than {MOST_NODES} values", event)
        if event.anchor is not None:
            self.anchors[event.anchor] = built
        return built

    def anchored(self, event: AliasEvent) -> Node:
        found = self.anchors.get(event.anchor)
        if found is None:
            raise self.wrong(f"the alias *{event.anchor} has no anchor before it", event)
        return found

    def sequence(self, start: SequenceStartEvent, depth: int) -> Node:
        items: list[Node] = []
        size = 1
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self.node(event, depth + 1))
            size += items[-1].size
        return Node(_line(start), items, size)

    def mapping(self, start: MappingStartEvent, depth: int) -> Node:
        entries: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        size = 1
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = self.key(event)
            node = self.node(next(self.events), depth + 1)
            size += node.size
            if key == _MERGE and event.implicit[0]:
                merged = self.merge(node, event) | merged
            elif key in entries:
                first = entries[key].line
                raise self.wrong(f"the key {key!r} is given twice", event, f"it is already in line {first}")
            else:
                entries[key] = Node(_line(event), node.inner, node.size)
        return Node(_line(start), merged | entries, size)

    def key(self, event: Any) -> str:
        if not isinstance(event, ScalarEvent) or event.tag is not None:
            hint = "put quotes around a text that starts with {{"
            raise self.wrong("a key must be plain text", event, hint)
        return event.value  # type: ignore[no-any-return]

    def merge(self, node: Node, event: Any) -> dict[str, Node]:
        sources = node.inner if isinstance(node.inner, list) else [node]
        merged: dict[str, Node] = {}
        for source in reversed(sources):
            if not isinstance(source.inner, dict):
                raise self.wrong("'<<' merges mappings only", event)
            merged |= source.inner
        return merged

    def wrong(self, what: str, event: Any, hint: str = "") -> UserError:
        return UserError(what, where=f"{self.name}:{_line(event)}", hint=hint)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {
    word: value for value in (True, False) for word in (str(value), str(value).lower(), str(value).upper())
}
_INT = re.compile(r"[-+]?[0-9]{1,18}|0x[0-9a-fA-F]{1,15}|0o[0-7]{1,20}")
_FLOAT = re.compile(r"(?=.*[.eE])[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,2})?")


def _scalar(text: str) -> Scalar:
    """Numbers longer than these patterns stay text, so that no digit is lost."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
