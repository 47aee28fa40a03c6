"""What a prompt is about, in one line that stands in it verbatim. Pure."""

from __future__ import annotations

import re

from deployments.simulator.wordings import GENERIC_TITLES, LABELS, LEADING_VERBS, TAGGED, TRAILING

LONGEST_TOPIC = 160
_LONGEST_BRIEF = 400
_LINES_LOOKED_AT = 60
_LONGEST_LABEL = 30
_HEADING = re.compile(r"^#\s+(\S.{0,240}?)\s*#*\s*$", re.MULTILINE)


def topic_of(text: str, whole: str) -> tuple[str, str]:
    """(topic, line it was cut from or ''): a labelled line, else a title, else the first telling line.

    Args:
        text: what the user says.
        whole: the same with the system prompt, where label and title may stand as well.
    """
    lines = text.splitlines()[:_LINES_LOOKED_AT]
    named = _labelled(text, lines) or _titled(text)
    if not named and whole is not text:
        named = _labelled(whole, whole.splitlines()[:_LINES_LOOKED_AT]) or _titled(whole)
    if named:
        return _bounded(named), ("" if len(named) <= LONGEST_TOPIC else named[:_LONGEST_BRIEF])
    stripped = [line.strip(" \t>*-") for line in lines]
    telling = [line for line in stripped if len(line) > 2 and not line.startswith(("#", "<", "{", "["))]
    line = next((line for line in telling if line.count(" ") >= 2 and not line.endswith(":")), "")
    line = line or next(iter(telling), "") or "Untitled"
    topic = _bounded(_shortened(line))
    return topic, ("" if topic == line else line[:_LONGEST_BRIEF])


def _titled(text: str) -> str:
    for heading in _HEADING.finditer(text) if "# " in text else ():
        if heading[1].strip(" :*").lower() not in GENERIC_TITLES:
            return heading[1]
    return ""


def _labelled(text: str, lines: list[str]) -> str:
    """What follows the first label such as `Topic:`, on its line or the next, or stands in a tag such as `<topic>`."""
    for index, line in enumerate(lines):
        label, colon, rest = line.replace("：", ":").partition(":")
        if not colon or len(label) > _LONGEST_LABEL or label.strip(' \t>*-_"#').lower() not in LABELS:
            continue
        here = rest.strip(" *_")
        below = lines[index + 1] if index + 1 < len(lines) and not here else ""
        value = _trimmed(here or below)
        if value and not value.startswith(("#", "<", "{", "[")):
            return value
    tagged = TAGGED.search(text) if "<" in text else None
    return _trimmed(tagged[2]) if tagged else ""


def _trimmed(value: str) -> str:
    value = value.strip(" \t*_,")
    if len(value) > 1 and value[0] + value[-1] in ('""', "''", "“”", "„“", "«»", "「」"):
        value = value[1:-1]
    return value


def _shortened(line: str) -> str:
    """The line without its leading verb and its trailing clause, where something telling is left."""
    shorter = LEADING_VERBS.sub("", line, count=1)
    shorter = TRAILING.split(shorter, maxsplit=1)[0].strip(" .,:;")
    return line if shorter.count(" ") < 1 or len(shorter) < 8 else shorter


def _bounded(line: str) -> str:
    return line if len(line) <= LONGEST_TOPIC else line[:LONGEST_TOPIC].rsplit(" ", 1)[0]
