"""What a prompt wants: topic, language, domain, phrases, length and form, guessed cheaply from its wording. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployments.simulator.language import JAPANESE, language_of, named_language
from deployments.simulator.phrases import phrases_of
from deployments.simulator.topic import topic_of
from deployments.simulator.wordings import (
    ASKS_JSON,
    CODE,
    CODE_WORDS,
    COMPLAINT,
    DOMAIN_STEMS,
    EDITS,
    LEAST,
    LENGTHS,
    MOST,
    OUTLINE,
    OUTLINE_WORDS,
)

if TYPE_CHECKING:
    from deployments.simulator.asked import Asked

SIMULATED_MARK = "(simulated)"
MOST_WORDS = 20_000
_HEAD_CHARACTERS, _TAIL_CHARACTERS = 4000, 1500
_INSTRUCTION_HEAD, _INSTRUCTION_TAIL = 1200, 600
_WORDS_LOOKED_AT = 700
_EDIT_HEAD = 300
_MARKUP = frozenset(("#", "##", "-", "```", "«", "»", ":", "?", "!", ";"))
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the composer takes from a prompt.

    Attributes:
        topic: one line, found verbatim in the prompt.
        brief: the line of the prompt that `topic` was cut from, '' if it is the whole line.
        language: two letters.
        domain: `code`, `analysis`, .. or `default`; a profile's skill is looked up by it.
        phrases: salient phrases, verbatim, the most telling first; at least one.
        banned: phrases that must not occur, in lower case.
        least, most: words asked for; None where nothing was said.
        outlined: the answer shall be key points rather than prose.
        coded: the answer shall hold a block of code.
        revised: the prompt carries an earlier simulated text.
        revised_words: length of the last such text; 0 if there is none.
        edited: that text shall be edited, and so keeps its length.
    """

    topic: str
    brief: str
    language: str
    domain: str
    phrases: tuple[str, ...]
    banned: tuple[str, ...]
    least: int | None
    most: int | None
    outlined: bool
    coded: bool
    revised: bool
    revised_words: int
    edited: bool


def read_prompt(asked: Asked) -> Reading:
    """Reads the first 4,000 and the last 1,500 characters; what lies between changes the wording only."""
    prompt = asked.prompt
    text = bounded("\n".join(text for role, text in asked.messages if role == "user") or prompt)
    whole = bounded(prompt) if len(asked.messages) > 1 else text
    instructions = _instructions(whole)
    said = frozenset(_WORD.findall(instructions.lower()))
    words = _WORD.findall(text[:_WORDS_LOOKED_AT].lower())
    revised = SIMULATED_MARK in prompt
    topic, brief = topic_of(text, whole)
    phrases, banned = phrases_of(text, topic)
    least, most = length_of(instructions)
    outlined = not said.isdisjoint(OUTLINE_WORDS) and OUTLINE.search(text[:400]) is not None
    return Reading(
        topic=topic,
        brief=brief,
        language=named_language(instructions, said) or language_of(text, words),
        domain=domain_of(words),
        phrases=phrases,
        banned=banned,
        least=least,
        most=most,
        outlined=outlined,
        coded=not outlined and ("```" in text or _wants_code(said, instructions)),
        revised=revised,
        revised_words=_last_length(prompt) if revised else 0,
        edited=revised and EDITS.search(text[:_EDIT_HEAD]) is not None,
    )


def bounded(text: str) -> str:
    """Head and tail of a long text, with JSON's escaped line breaks as real ones."""
    if len(text) > _HEAD_CHARACTERS + _TAIL_CHARACTERS:
        text = f"{text[:_HEAD_CHARACTERS]}\n{text[-_TAIL_CHARACTERS:]}"
    return text.replace("\\n", "\n") if "\\n" in text else text


def length_of(text: str) -> tuple[int | None, int | None]:
    """(least, most) words asked for; a complaint about the length counts, else the last mention."""
    least = most = None
    for found in COMPLAINT.finditer(text) if " words, " in text else ():
        if found[1] == "needs at least":
            least = _whole(found[2])
        else:
            most = _whole(found[2])
    return (least, most) if least or most else _said_length(text)


def domain_of(words: list[str]) -> str:
    """The domain that most of the words (in lower case) belong to, `default` if none does."""
    counts = domain_counts(words)
    return max(counts, key=counts.__getitem__) if counts else "default"


def domain_counts(words: list[str]) -> dict[str, int]:
    """How many of the words belong to each domain; domains without any are left out."""
    counts: dict[str, int] = {}
    for word in words:
        domain = DOMAIN_STEMS.get(word[:5])
        if domain is not None:
            counts[domain] = counts.get(domain, 0) + 1
    return counts


def asks_for_json(text: str) -> bool:
    """Whether the prompt's own words want nothing but JSON."""
    tail = text[-_TAIL_CHARACTERS:]
    return ("JSON" in tail or "json" in tail) and ASKS_JSON.search(tail) is not None


def _said_length(text: str) -> tuple[int | None, int | None]:
    least = most = None
    for found in LENGTHS.finditer(text):
        count = _whole(found["count"])
        if not 0 < count <= MOST_WORDS:
            continue
        before = text[max(0, found.start() - 24) : found.start()].lower()
        if found["upper"]:
            least, most = count, min(max(count, _whole(found["upper"])), MOST_WORDS)
        elif MOST.search(before):
            most = count
        elif LEAST.search(before):
            least = count
        else:
            least, most = round(count * 0.97), round(count * 1.05)
    return least, most


def _instructions(whole: str) -> str:
    if len(whole) <= _INSTRUCTION_HEAD + _INSTRUCTION_TAIL:
        return whole
    return f"{whole[:_INSTRUCTION_HEAD]}\n{whole[-_INSTRUCTION_TAIL:]}"


def _wants_code(said: frozenset[str], instructions: str) -> bool:
    return not said.isdisjoint(CODE_WORDS) and CODE.search(instructions) is not None


def _last_length(prompt: str) -> int:
    """Words of the last simulated text, from its title to its mark."""
    end = prompt.rfind(SIMULATED_MARK)
    start = max(prompt.rfind("\n# ", 0, end), 0)
    return min(count_words(prompt[start:end]), MOST_WORDS)


def count_words(text: str) -> int:
    """Words between spaces that hold a letter or a digit; two and a half characters a word in Japanese."""
    if not text.isascii() and len(JAPANESE.findall(text)) * 8 > len(text):
        return len(text) * 2 // 5
    return sum(1 for word in text.split() if word not in _MARKUP)


def _whole(digits: str) -> int:
    return int(digits.replace(".", "").replace(",", "") or "0")
