"""Texts on their way to a model without what it need not read: idle white space, and passages that it reads already. Pure.

The same texts always come out the same, since the ledger's key is over what is sent. What a text says is left alone:
nothing is taken out of fenced code, of the request's own cells, of a draft that a template quotes, or of a text that is
to be judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

LEAST_PASSAGE: Final = 240
"""Characters; a shorter passage is sent again rather than looked for."""
LEAST_QUOTE: Final = 400
NAMING_WORDS: Final = 6

Texts = Mapping[str, str]


def tidy(text: str, kept: Iterable[str] = ()) -> str:
    """Without trailing blanks and runs of empty lines, outside fenced code; Markdown's hard line breaks stay.

    Args:
        kept: texts that stay as they are wherever they stand in it.
    """
    if not _has_idle(text):
        return text
    # A text without idle white space of its own loses nothing anyway.
    verbatim = [each for each in {*kept} if each.strip() and (each != each.strip() or _has_idle(each))]
    spans = [span for each in verbatim for span in _places(each, text)]
    spans += [found.span() for found in _FENCED.finditer(text)] if "```" in text or "~~~" in text else []
    parts, start = [], 0
    for begin, end in sorted(spans):
        if end > start:
            parts += [_tidied(text[start:begin]), text[max(start, begin) : end]]
            start = end
    return "".join([*parts, _tidied(text[start:])])


def once(texts: Texts) -> dict[str, str]:
    """Named texts in which what stands in an earlier one already is referred to by that one's name.

    Passages are paragraphs and blocks of fenced code of some length. A text never refers to itself.
    """
    if len(texts) < 2:
        return dict(texts)
    whole: dict[str, str] = {}
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, text in texts.items():
        same = whole.setdefault(text, name) if len(text) >= LEAST_PASSAGE else name
        blocks = _blocks(text)
        found[name] = _referring(blocks, first) if same == name else f'[the same as "{_said(same)}" above]'
        for each in blocks:
            if len(each) >= LEAST_PASSAGE:
                first.setdefault(each.strip(), name)
    return found


def quoted_once(texts: Iterable[str], quotes: Iterable[str]) -> list[str]:
    """`texts`, read one after the other, in which each of the `quotes` stands once, and is pointed at after that.

    What is quoted inside another quote belongs to that one and stays.
    """
    found = list(texts)
    long = sorted({each for each in quotes if len(each) >= LEAST_QUOTE}, key=lambda each: (-len(each), each))
    if not any(sum(text.count(each) for text in found) > 1 for each in long):
        return found
    seen: set[str] = set()
    return [_pointing(text, long, seen) for text in found]


@dataclass(frozen=True, slots=True)
class Slimmer:
    """What is done to texts before they are sent."""

    tidy: Callable[[str, Iterable[str]], str] = tidy
    once: Callable[[Texts], dict[str, str]] = once
    quoted_once: Callable[[Iterable[str], Iterable[str]], list[str]] = quoted_once


UNSLIMMED: Final = Slimmer(lambda text, _: text, dict, lambda texts, _: list(texts))


def _has_idle(text: str) -> bool:
    return " \n" in text or "\t\n" in text or "\n\n\n" in text


def _places(wanted: str, text: str) -> Iterator[tuple[int, int]]:
    """Where it begins and ends, each time; `re` takes longer to escape a long text than to find it."""
    start = text.find(wanted)
    while start >= 0:
        yield start, start + len(wanted)
        start = text.find(wanted, start + len(wanted))


def _pointing(text: str, quotes: list[str], seen: set[str]) -> str:
    """`text` with a pointer in place of every quote that was seen; `seen` grows. The longest come first in `quotes`."""
    found = sorted((start, -len(each), each) for each in quotes for start, _ in _places(each, text))
    parts, end = [], 0
    for start, _, quote in found:
        if start < end:
            continue
        pointer = f'[the text above that begins "{_first_words(quote)}"]'
        parts += [text[end:start], pointer if quote in seen else quote]
        seen.add(quote)
        end = start + len(quote)
    return "".join([*parts, text[end:]])


def _tidied(text: str) -> str:
    if " \n" in text or "\t\n" in text:
        text = _TRAILING.sub(_without_blanks, text)
    return _EMPTY_LINES.sub("\n\n", text) if "\n\n\n" in text else text


def _without_blanks(blanks: re.Match[str]) -> str:
    """Two blanks before another line of the same paragraph break the line in Markdown."""
    text, start, end = blanks.string, blanks.start(), blanks.end()
    inside = start > 0 and text[start - 1] != "\n" and text[end + 1 : end + 2] not in ("", "\n", " ", "\t")
    return "  " if inside and blanks[0].startswith("  ") else ""


def _referring(blocks: list[str], first: Mapping[str, str]) -> str:
    """The text of these blocks, those that stand elsewhere replaced by references, one for a run of them."""
    parts: list[str] = []
    run: list[str] = []
    name = ""

    def end_run() -> None:
        if run:
            parts.append(_reference(run, name))
            run.clear()

    for each in blocks:
        place = first.get(each.strip(), "") if len(each) >= LEAST_PASSAGE else ""
        if place and place == name and run:
            run.append(each)
            continue
        end_run()
        name = place
        if place:
            run.append(each)
        else:
            parts.append(each)
    end_run()
    return "".join(parts)


def _reference(run: list[str], name: str) -> str:
    text = "".join(run)
    after = text[len(text.rstrip()) :]
    begins = _first_words(text)
    if len(run) == 1:
        return f'[as in "{_said(name)}" above: "{begins}"]{after}'
    return f'[as in "{_said(name)}" above: the {len(run)} paragraphs from "{begins}" on]{after}'


def _blocks(text: str) -> list[str]:
    """Paragraphs and blocks of fenced code, each with the empty lines behind it; together they are the text."""
    blocks: list[str] = []
    fence, ended = "", True
    for line in _LINE.findall(text):
        mark = _FENCE.match(line)
        if fence:
            blocks[-1] += line
            if mark and mark[1].startswith(fence):
                fence, ended = "", True
            continue
        is_empty = not line.strip()
        if (blocks and is_empty) or (blocks and not ended and not mark):
            blocks[-1] += line
        else:
            blocks.append(line)
        fence = mark[1] if mark else ""
        ended = is_empty
    return blocks


def _first_words(text: str) -> str:
    words = text.split(None, NAMING_WORDS)[:NAMING_WORDS]
    return f"{' '.join(words)[:80]} …"


def _said(name: str) -> str:
    return name.replace("_", " ")


_FENCED: Final = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_TRAILING: Final = re.compile(r"[ \t]+(?=\n)")
_EMPTY_LINES: Final = re.compile(r"\n{3,}(?![ \t])")
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
