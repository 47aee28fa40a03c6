"""What a step hands on: one standard output, whatever the model returned. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

FENCED = re.compile(r"\A\s*```[a-zA-Z0-9_-]*[ \t]*\n(.*?)\n?```\s*\Z", re.DOTALL)
METADATA = frozenset({"confidence", "sources", "warnings", "suggestions"})


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


def draft_from_text(text: str) -> Draft:
    """A plain answer: the text is the content."""
    return Draft(text.strip())


def json_in(text: str) -> Any:
    """The value of an answer that had to be JSON, fenced or not.

    Raises:
        ValueError: it is not JSON; the message says where.
    """
    fenced = FENCED.match(text)
    value = orjson.loads(fenced[1] if fenced else text)
    try:
        # orjson reads deeper nesting than it writes, and tables hold this up to two levels down.
        orjson.dumps([[value]])
    except TypeError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def draft_from_json(value: Any) -> Draft:
    """A JSON answer.

    An object with `content` and any of confidence, sources, warnings and suggestions is taken apart;
    anything else is data, and the JSON itself the content.
    """
    if not isinstance(value, dict) or not isinstance(value.get("content"), str):
        content = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        return Draft(content, data=value if isinstance(value, dict | list) else {"value": value})
    rest = {name: each for name, each in value.items() if name not in METADATA and name != "content"}
    return Draft(value["content"].strip(), _metadata(value), data=rest)


def _metadata(value: Mapping[str, Any]) -> Metadata:
    confidence = value.get("confidence")
    stated = isinstance(confidence, int | float) and not isinstance(confidence, bool) and 0 <= confidence <= 1
    return Metadata(
        confidence=float(confidence) if stated and confidence is not None else None,
        sources=_texts(value.get("sources")),
        warnings=_texts(value.get("warnings")),
        suggestions=_texts(value.get("suggestions")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
