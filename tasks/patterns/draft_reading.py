"""Reads whatever a model returned into the one standard output. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from tasks.judging.json_answers import json_in
from tasks.patterns.draft import Draft, Metadata
from tasks.patterns.draft_ends import items_in, share_in, without_end

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA = frozenset({"confidence", "sources", "warnings", "suggestions"})
CONTENT = frozenset({"content", "answer", "response", "output", "draft", "result", "text"})
THOUGHT = frozenset({"thinking", "reasoning", "reflection", "scratchpad"})


def draft_from_text(text: str) -> Draft:
    """A plain answer in the standard form.

    The text is the content, less what is unmistakably not: a leading `<think>`, a Markdown or text fence
    around the whole, tags such as `<answer>` and `<confidence>` of which all of it consists, and at its
    very end a stated confidence, warnings and suggestions. A JSON object with `content` is read as
    `draft_from_json` does. Metadata go to their fields; sources stay in the content as well. What would
    leave no content stays.
    """
    text = _unfenced(_unthought(text.strip()))
    if draft := _from_object(text):
        return draft
    inner, stated = _unwrapped(text)
    content, appended = without_end(_unfenced(inner))
    return Draft(content, _metadata(appended | stated))


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
    lines = map(_line, value) if isinstance(value, list) else ()
    return tuple(line for line in lines if line is not None)


def _line(item: Any) -> str | None:
    """A text as it is, an object's title, text and url on one line; None for anything else."""
    if isinstance(item, str):
        return item
    named = [item.get(name) for name in ("title", "text", "url")] if isinstance(item, dict) else []
    texts = [" ".join(each.split()) for each in named if isinstance(each, str)]
    return " - ".join(dict.fromkeys(filter(None, texts))) or None


def _from_object(text: str) -> Draft | None:
    try:
        value = json_in(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("content"), str):
        return None
    if isinstance(stated := value.get("confidence"), str):
        value["confidence"] = share_in(stated)
    return draft_from_json(value) or None


def _unthought(text: str) -> str:
    """A text without the thinking that it begins with, unless it is nothing else."""
    at = 0
    while begin := _THINK.match(text, at):
        end = re.compile(rf"</{begin[1]}\s*>", re.IGNORECASE).search(text, begin.end())
        if end is None:
            break
        at = end.end()
    return text[at:].strip() or text


def _unfenced(text: str) -> str:
    """What stands in the Markdown or text fence around the whole text, other fences and all; else the text."""
    lines = [line.strip() for line in text.split("\n")]
    outer, inner = _WRAPPER.fullmatch(lines[0]), ""
    if outer is None:
        return text
    for number, line in enumerate(lines[1:], 2):
        fence = _FENCE.fullmatch(line)
        if fence is None:
            continue
        if fence[2] or not fence[1].startswith(inner or outer[1]):
            inner = inner or fence[1]
        elif inner:
            inner = ""
        else:
            body = text.split("\n", 1)[1].rpartition("\n")[0].strip()
            return body if body and number == len(lines) else text
    return text


def _unwrapped(text: str) -> tuple[str, dict[str, Any]]:
    """The content and the metadata of a text that is nothing but elements; else the text.

    A lone element with more markup in it stays: it may be the XML or HTML that was asked for.
    """
    found = _elements(text)
    if len(found) == 1 and CONTENT & found.keys():
        inner = next(iter(found.values()))
        if inner.startswith("<") and inner.endswith(">"):
            found = _elements(inner)
    contents = [found[name] for name in found if name in CONTENT]
    if len(contents) != 1 or not contents[0]:
        return text, {}
    stated: dict[str, Any] = {name: items_in(found[name]) for name in METADATA & found.keys()}
    if "confidence" in stated:
        stated["confidence"] = share_in(found["confidence"])
    return contents[0], stated


def _elements(text: str) -> dict[str, str]:
    """What stands in each element, by its name, if the text is a sequence of known ones, each once; else {}."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        begin = _BEGIN.match(text, at)
        name = begin[1].lower() if begin else ""
        known = name in METADATA | CONTENT | THOUGHT and name not in found
        end = _end(text, name, begin.end()) if begin and known else None
        if begin is None or end is None:
            return {}
        found[name] = text[begin.end() : end.start()].strip()
        at = end.end()
    return found


def _end(text: str, name: str, at: int) -> re.Match[str] | None:
    """The tag that ends an element, past elements of the same name in it; else the last of that name."""
    depth, last = 1, None
    for tag in re.compile(rf"<(/?){name}\s*>", re.IGNORECASE).finditer(text, at):
        depth += -1 if tag[1] else 1
        last = tag if tag[1] else last
        if not depth:
            break
    return last


_THINK = re.compile(r"\s*<(think|thinking)>", re.IGNORECASE)
_WRAPPER = re.compile(r"(`{3,}|~{3,})[ \t]?(?:markdown|md|text)", re.IGNORECASE)
_FENCE = re.compile(r"(`{3,}|~{3,})([^`]*)")
_BEGIN = re.compile(r"\s*<([a-z]{4,11})\s*>", re.IGNORECASE | re.ASCII)
