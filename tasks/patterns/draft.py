"""What a step hands on: one standard output. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a model says of its own answer; confidence from 0 to 1, None unless stated."""

    confidence: float | None = None
    sources: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A step's result. A skipped or failed optional step is empty, and false in a condition.

    Attributes:
        content: the text.
        data: the parsed answer where JSON was asked for, or what `result` names.
        score: a judge's, from 0 to 1, or None.
    """

    content: str
    metadata: Metadata = field(default_factory=Metadata)
    data: Mapping[str, Any] | list[Any] = field(default_factory=lambda: MappingProxyType({}))
    score: float | None = None

    def __bool__(self) -> bool:
        return bool(self.content)

    def warned(self, *warnings: str) -> Draft:
        """The same with further warnings."""
        if not warnings:
            return self
        return replace(self, metadata=replace(self.metadata, warnings=(*self.metadata.warnings, *warnings)))


NOTHING = Draft("")
