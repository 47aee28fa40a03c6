"""YAML documents that know their lines, and pydantic models read from them.

A mistake in a document is a `UserError` with one line per mistake: `file:line: what; hint`.
No network; reads the one file it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from tasks.storing.complaints import complaints
from tasks.storing.errors import UserError, near_miss
from tasks.storing.yaml_nodes import Node, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_BYTES = 1 << 20
MOST_ERRORS = 10

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document.

    Attributes:
        value: dicts with text keys, lists and scalars, freshly made; YAML 1.2, so `off` is text.
        path: what errors call it: the file as given, or the display name.
        root: the nodes that know the lines.
    """

    value: Any
    path: str
    root: Node

    def line_of(self, loc: Sequence[str | int]) -> int:
        """Line of the deepest value on the way to `loc`, counted from 1.

        Parts that the document does not have are passed over: pydantic puts the names of union
        members between keys, and a missing key is reported where it should have been.
        """
        line = self.root.line
        for node in self._nodes_on(loc):
            line = node.line
        return line

    def where(self, loc: Sequence[str | int]) -> str:
        """`file:line` of `loc`, for a `UserError`."""
        return f"{self.path}:{self.line_of(loc)}"

    def _nodes_on(self, loc: Sequence[str | int]) -> list[Node]:
        found, node = [], self.root
        for part in loc:
            child = node.child(part)
            if child is not None:
                found.append(child)
                node = child
        return found


def load_document(source: Path | str, *, name: str | None = None) -> Document:
    """Parse a YAML file (`Path`) or a YAML text (`str`).

    Args:
        source: where the text is, or the text itself.
        name: what errors call it; by default the path as given, or `<text>`.

    Raises:
        UserError: unreadable, larger than 1 MiB, not UTF-8, or anything `parse_yaml` refuses.
    """
    shown = name or (str(source) if isinstance(source, Path) else "<text>")
    raw = _read(source, shown) if isinstance(source, Path) else source.encode("utf-8", "surrogatepass")
    if len(raw) > LARGEST_BYTES:
        raise UserError(f"larger than {LARGEST_BYTES} bytes", where=shown)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(f"not UTF-8 at byte {error.start}", where=f"{shown}:{line}") from None
    root = parse_yaml(text, shown)
    return Document(root.plain(), shown, root)


def validate(model: type[M], document: Document) -> M:
    """The document as `model`.

    Raises:
        UserError: every mistake with its line and what to do, at most ten of them.
    """
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        found = [
            UserError(each.what, where=document.where(each.loc), hint=each.hint)
            for each in complaints(error, model, document.root)
        ]
        raise joined(found) from None


def joined(errors: Sequence[UserError]) -> UserError:
    """One error that says all of `errors`, each on its line, in order, without repeats."""
    distinct = list({str(error): error for error in errors}.values())
    if len(distinct) == 1:
        return distinct[0]
    lines = [str(error) for error in distinct[:MOST_ERRORS]]
    if len(distinct) > MOST_ERRORS:
        lines.append(f"and {len(distinct) - MOST_ERRORS} more")
    return UserError("\n".join(lines))


def _read(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise UserError("no such file", where=shown, hint=_similar(path)) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=shown) from None


def _similar(path: Path) -> str:
    """A near miss among the YAML files beside `path`."""
    beside = [*path.parent.glob("*.yaml"), *path.parent.glob("*.yml")]
    return near_miss(path.name, [each.name for each in beside])
