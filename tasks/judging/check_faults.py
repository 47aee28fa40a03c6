"""What each kind of check finds wrong with a text. No I/O; every check is linear in the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from tasks.judging.json_shapes import shape_faults
from tasks.judging.languages import language_code, language_name, language_of
from tasks.judging.regexes import is_match

Render = Callable[[str], str]


def count_words(text: str) -> int:
    """Words as an editor counts them; scripts without spaces (CJK, Thai) count two characters a word."""
    spaceless = len(_SPACELESS.findall(text))
    spaced = _SPACELESS.sub(" ", text) if spaceless else text
    return sum(any(map(str.isalnum, word)) for word in spaced.split()) + (spaceless + 1) // 2


def _min_words(wanted: int, text: str, _: Render, __: object) -> str:
    words = count_words(text)
    return f"has {words} words, needs at least {wanted}" if words < wanted else ""


def _max_words(wanted: int, text: str, _: Render, __: object) -> str:
    words = count_words(text)
    return f"has {words} words, may have at most {wanted}" if words > wanted else ""


def _min_chars(wanted: int, text: str, _: Render, __: object) -> str:
    return f"has {len(text)} characters, needs at least {wanted}" if len(text) < wanted else ""


def _max_chars(wanted: int, text: str, _: Render, __: object) -> str:
    return f"has {len(text)} characters, may have at most {wanted}" if len(text) > wanted else ""


def _mentions(wanted: Sequence[str], text: str, render: Render, _: object) -> str:
    plain = _folded(text)
    missing = [words for words in map(render, wanted) if _folded(words) not in plain]
    return f"does not mention {_listed(missing)}" if missing else ""


def _bans(banned: Sequence[str], text: str, render: Render, _: object) -> str:
    plain = _folded(text)
    found = [words for words in map(render, banned) if _occurs(_folded(words), plain)]
    return f"contains {_listed(found)}, which must not occur" if found else ""


def _matches(pattern: str, text: str, _: Render, __: object) -> str:
    return "" if is_match(pattern, text) else f"does not match the pattern {pattern}"


def _starts_with(wanted: str, text: str, render: Render, _: object) -> str:
    start = render(wanted)
    return (
        ""
        if text.lstrip().startswith(start)
        else f"must start with {_quoted(start)}, starts with {_quoted(text)}"
    )


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


def _folded(text: str) -> str:
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
FAULTS: Final[Mapping[str, Callable[[Any, str, Render, object | None], str]]] = MappingProxyType(
    {
        "min_words": _min_words,
        "max_words": _max_words,
        "min_chars": _min_chars,
        "max_chars": _max_chars,
        "mentions": _mentions,
        "bans": _bans,
        "matches": _matches,
        "starts_with": _starts_with,
        "ends_with": _ends_with,
        "language": _in_language,
        "is_json": _is_json,
        "json_schema": _json_schema,
        "links_allowed": _links_allowed,
    }
)
