"""What each kind of check finds wrong with a text. No I/O; every check is linear in the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from operator import gt, lt
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from tasks.judging.json_shapes import shape_faults
from tasks.judging.languages import language_code, language_name, language_of
from tasks.judging.regexes import is_match

Render = Callable[[str], str]
Fault = Callable[[Any, str, Render, object | None], str]


def count_words(text: str) -> int:
    """Words as an editor counts them; scripts without spaces (CJK, Thai) count two characters a word."""
    spaceless = len(_SPACELESS.findall(text))
    spaced = _SPACELESS.sub(" ", text) if spaceless else text
    return sum(any(map(str.isalnum, word)) for word in spaced.split()) + (spaceless + 1) // 2


def _length(
    measure: Callable[[str], int], unit: str, is_wrong: Callable[[int, int], bool], wish: str
) -> Fault:
    def fault(wanted: int, text: str, _: Render, __: object) -> str:
        found = measure(text)
        return f"has {found} {unit}, {wish} {wanted}" if is_wrong(found, wanted) else ""

    return fault


def _mentions(wanted: Sequence[str], text: str, render: Render, _: object) -> str:
    plain = folded(text)
    missing = [words for words in map(render, wanted) if folded(words) not in plain]
    return f"does not mention {_listed(missing)}" if missing else ""


def _bans(banned: Sequence[str], text: str, render: Render, _: object) -> str:
    plain = folded(text)
    found = [words for words in map(render, banned) if _occurs(folded(words), plain)]
    return f"contains {_listed(found)}, which must not occur" if found else ""


def _matches(pattern: str, text: str, _: Render, __: object) -> str:
    return "" if is_match(pattern, text) else f"does not match the pattern {pattern}"


def _starts_with(wanted: str, text: str, render: Render, _: object) -> str:
    start = render(wanted)
    if text.lstrip().startswith(start):
        return ""
    return f"must start with {_quoted(start)}, starts with {_quoted(text)}"


def _ends_with(wanted: str, text: str, render: Render, _: object) -> str:
    end = render(wanted)
    return "" if text.rstrip().endswith(end) else f"must end with {_quoted(end)}"


def _in_language(wanted: str, text: str, render: Render, _: object) -> str:
    code, found = language_code(render(wanted)), language_of(text)
    if code is None or found is None or code == found:
        return ""
    return f"is in {language_name(found)}, must be in {language_name(code)}"


def _is_json(wanted: bool, text: str, _: Render, data: object | None) -> str:
    fault = "" if data is not None else _parsed(text)[1]
    if wanted:
        return fault
    return "" if fault else "is JSON, must be plain text"


def _json_schema(schema: Mapping[str, Any], text: str, _: Render, data: object | None) -> str:
    value, fault = (data, "") if data is not None else _parsed(text)
    if fault:
        return fault
    faults = shape_faults(schema, value)
    return f"is JSON of another shape: {'; '.join(faults)}" if faults else ""


def _links_allowed(allowed: bool | Sequence[str], text: str, _: Render, __: object) -> str:
    if allowed is True:
        return ""
    hosts = {host.casefold() for host in allowed} if allowed else set()
    others = [link for link in _LINK.findall(text) if not _is_within(link, hosts)]
    if not others:
        return ""
    wanted = f"only links to {', '.join(sorted(hosts))} are allowed" if hosts else "links are not allowed"
    return f"has the link {_listed(list(dict.fromkeys(others)))}, {wanted}"


def _max_grade(wanted: float, text: str, _: Render, __: object) -> str:
    grade = reading_grade(text) if language_of(text) == "en" else 0.0
    advice = "use shorter sentences and plainer words"
    return f"reads at grade {grade:.1f}, may be at most {wanted:g}; {advice}" if grade > wanted else ""


def reading_grade(text: str) -> float:
    """The U.S. school grade that an English text takes (Flesch and Kincaid, 1975): an estimate.

    A sentence ends at its stop and with its paragraph or list item; a syllable is a group of vowels,
    less a silent e at the end of the word. Code blocks and addresses are left out.
    """
    sentences = _SENTENCE_END.split(_LINK.sub(" ", _parted(text)[0]))
    spoken = [words for words in map(_LETTERS.findall, sentences) if words]
    total = sum(map(len, spoken))
    syllables = sum(_syllables(word.lower()) for words in spoken for word in words)
    return 0.39 * total / len(spoken) + 11.8 * syllables / total - 15.59 if spoken else 0.0


def _syllables(word: str) -> int:
    return max(1, len(_VOWELS.findall(word)) - bool(_SILENT.search(word)))


def _form(wanted: str, text: str, _: Render, __: object) -> str:
    prose, blocks = _parted(text)
    lines = [line.rstrip() for line in prose.split("\n") if line.strip()]
    items, headings = (sum(map(bool, map(mark.match, lines))) for mark in (_ITEM, _HEADING))
    others = sum(not line[0].isspace() and not _ITEM.match(line) for line in lines)
    pairs = any("|" in a and {"|", "-"} <= set(b) <= set("|:- \t") for a, b in pairwise(lines))
    mark = _MARK.search(text)
    faults = {
        "markdown": "" if items or headings else "has no heading and no list, must be Markdown",
        "plain": f"has the Markdown mark {_quoted(mark[0])}, must be plain text" if mark else "",
        "bullets": "" if items > others else f"has {items} list items, {others} other lines, must be a list",
        "table": "" if pairs else "has no Markdown table, must have one",
        "code": "" if blocks else "has no closed code fence, must have a fenced code block",
    }
    return _html(text.strip()) if wanted == "html" else faults[wanted]


def _html(text: str) -> str:
    if not (text.startswith("<") and text.endswith(">") and _TAG.search(text)):
        return f"has text outside of tags ({_quoted(text)}), must be HTML alone"
    opened: list[str] = []
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        if _LOOSE.fullmatch(name) or tag[3].endswith("/"):
            continue
        if not tag[1]:
            opened.append(name)
        elif not opened or opened.pop() != name:
            return f"has </{name}> where it ends nothing, must be HTML"
    return f"has <{opened[-1]}> without its end, must be HTML" if opened else ""


def _parted(text: str) -> tuple[str, int]:
    """A text without its code blocks, and how many closed ones it has."""
    prose, blocks, fence = [], 0, ""
    for line in text.split("\n"):
        mark = line.strip()
        if not fence and mark.startswith(("```", "~~~")) and mark[:3] not in mark[3:]:
            fence = mark[:3]
        elif fence and mark.startswith(fence) and not mark.strip(fence[0]):
            fence, blocks = "", blocks + 1
        elif not fence:
            prose.append(line)
    return "\n".join(prose), blocks


def _is_within(link: str, hosts: set[str]) -> bool:
    try:
        host = urlsplit(link if "://" in link else f"//{link}").hostname or ""
    except ValueError:
        return False
    return any(host == each or host.endswith(f".{each}") for each in hosts)


def _parsed(text: str) -> tuple[Any, str]:
    try:
        return orjson.loads(text), ""
    except orjson.JSONDecodeError as error:
        fenced = "it stands in a code fence; " if text.lstrip().startswith("```") else ""
        return None, f"is not valid JSON ({error}); {fenced}answer with the JSON alone"


def folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _occurs(words: str, text: str) -> bool:
    """Whether `words` stand in `text` with no letter or digit joined to their ends."""
    at = text.find(words) if words else -1
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(words) : at + len(words) + 1]
        if not (before.isalnum() and words[0].isalnum()) and not (after.isalnum() and words[-1].isalnum()):
            return True
        at = text.find(words, at + 1)
    return False


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - 5} more" if len(texts) > 5 else ""
    return ", ".join(map(_quoted, texts[:5])) + more


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line}'" if len(line) <= 80 else f"'{line[:79]}…'"


_SPACELESS: Final = re.compile(
    "[\u0e00-\u0e7f\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_LINK: Final = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'`)\]}]+", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"[.!?][\"'”’)\]]{0,3}(?=\s|\Z)|\n(?=[ \t]*(?:\n|[-*+#>|]|\d{1,3}[.)]))")
_LETTERS: Final = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_VOWELS: Final = re.compile("[aeiouy]+")
_SILENT: Final = re.compile("(?:[^aeiouyl]e|[^aeiouylsxzhcg]es|[^aeiouyltd]ed|[aeiouyl]l(?:e|es|ed))\\Z")
_HEADING: Final = re.compile(r"\s*#{1,6}\s+\S")
_ITEM: Final = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+\S")
_MARK: Final = re.compile(
    r"^[ \t]{0,3}(?:#{1,6}[ \t]+\S|[-*+][ \t]+\S|```|~~~|\|.*\|)|\*\*[^*\n]{1,200}\*\*|`[^`\n]{1,200}`"
    r"|\[[^\[\]\n]{1,200}\]\([^()\s]{1,500}\)",
    re.MULTILINE,
)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][\w-]*+)([^<>]*+)>")
_LOOSE: Final = re.compile(
    "area|base|br|col|d[dt]|hr|img|input|li|link|meta|option|p|source|t(?:body|d|h|head|r)|wbr"
)
FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "min_words": _length(count_words, "words", lt, "needs at least"),
        "max_words": _length(count_words, "words", gt, "may have at most"),
        "min_chars": _length(len, "characters", lt, "needs at least"),
        "max_chars": _length(len, "characters", gt, "may have at most"),
        "mentions": _mentions,
        "bans": _bans,
        "matches": _matches,
        "starts_with": _starts_with,
        "ends_with": _ends_with,
        "language": _in_language,
        "is_json": _is_json,
        "json_schema": _json_schema,
        "links_allowed": _links_allowed,
        "max_grade": _max_grade,
        "form": _form,
    }
)
