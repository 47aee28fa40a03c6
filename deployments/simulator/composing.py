"""Composes the answer to a prompt: Markdown prose, key points, or JSON. A pure function of seed, model and messages."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, TypeAlias

import orjson

from deployments.simulator.composing_rules import FLAW_SHARE
from deployments.simulator.json_answers import json_answer
from deployments.simulator.prose.languages import PROSE
from deployments.simulator.reading import asks_for_json, count_words, read_prompt

if TYPE_CHECKING:
    from deployments.simulator.asked import Asked
    from deployments.simulator.config import Profile, SimulatorConfig
    from deployments.simulator.prose.shape import Prose
    from deployments.simulator.reading import Reading

    _Pool: TypeAlias = tuple[tuple[tuple[str, ...], int], ...]

_SENTENCES_PER_PARAGRAPH = 4
_PARAGRAPHS_PER_SECTION = 2
_TITLE_ONLY_WORDS = 24
_LISTED_PHRASES = 8


def compose(asked: Asked, config: SimulatorConfig, profile: Profile) -> str:
    """The whole answer, without the closing "(simulated)" line and not cut at any token limit."""
    reading = read_prompt(asked)
    random = Random(asked.seed(config.seed))
    skill = profile.skill_in(reading.domain)
    if asked.form != "text":
        schema = asked.form if isinstance(asked.form, dict) else None
        return json_answer(asked, reading, schema, random, profile)
    if asks_for_json(asked.prompt):
        return json_answer(asked, reading, None, random, profile)
    if reading.revised:
        skill += (1 - skill) * profile.revision_gain
    usual = profile.words or config.words
    words = reading.revised_words if reading.edited else max(usual, reading.revised_words)
    return compose_prose(reading, random, skill, words, config.overhead_text)


def compose_prose(reading: Reading, random: Random, skill: float, usual_words: int, headed: bool) -> str:
    """Markdown of about the words asked for; less skill means more flaws and fewer of the phrases."""
    least, most = reading.least, reading.most
    words = usual_words if least is None else max(least + 8, min(usual_words, round(least * 1.1)))
    if least is None and most is not None:
        words = min(words, most)
    if most is not None and most <= _TITLE_ONLY_WORDS:
        return " ".join(reading.topic.split()[:most])
    writer = _Writer(PROSE[reading.language], reading, random, skill)
    if headed:
        writer.add(f"# {reading.topic}")
    if words > 2 * _TITLE_ONLY_WORDS:
        writer.open()
    closing = writer.closing() if words > 4 * _TITLE_ONLY_WORDS else ""
    body_words = words - count_words(closing)
    while writer.words < body_words:
        writer.section(body_words)
    text = writer.text(closing)
    return text if most is None else _at_most(text, most)


class _Writer:
    """Puts blocks of Markdown together and counts their words."""

    def __init__(self, prose: Prose, reading: Reading, random: Random, skill: float) -> None:
        self._prose = prose
        self._sound = _without(_pool(prose.sentences), reading.banned)
        self._flawed = _without(_pool(prose.flaws), reading.banned)
        self._reading = reading
        self._random = random
        self._flaw_share = (1 - skill) * FLAW_SHARE
        covered = max(1, round(len(reading.phrases) * min(1.0, 0.4 + 0.6 * skill)))
        self._phrases = reading.phrases[:covered]
        self._blocks: list[str] = []
        self._next_phrase = random.randrange(covered)
        self._start = random.randrange(1 << 16)
        self._sections = 0
        self._spaced = reading.language != "ja"
        self.words = 0

    def add(self, block: str, words: int | None = None) -> None:
        self._blocks.append(block)
        self.words += words if words is not None else count_words(block)

    def open(self) -> None:
        """The first paragraph: the topic, the line of the prompt that it came from, the phrases in bold."""
        prose, brief = self._prose, self._reading.brief
        listed = ", ".join(f"**{phrase}**" for phrase in self._phrases[:_LISTED_PHRASES])
        sentences = [
            self._random.choice(prose.openings).replace("{t}", self._reading.topic),
            prose.brief.replace("{q}", brief) if brief else "",
            prose.covered.replace("{l}", listed),
        ]
        self.add((" " if self._spaced else "").join(filter(None, sentences)))

    def section(self, until: int) -> None:
        """A heading and up to two paragraphs, or key points; at least one sentence."""
        headings = self._prose.headings
        if self.words and until - self.words > 2 * _TITLE_ONLY_WORDS:
            heading = headings[(self._start + self._sections) % len(headings)]
            self.add("## " + heading.replace("{p}", self._phrase()))
        self._sections += 1
        if self._reading.coded and self._sections == 1 and until > 3 * _TITLE_ONLY_WORDS:
            self.add(_code_block(self._reading.phrases))
        for _ in range(_PARAGRAPHS_PER_SECTION):
            self._paragraph(until)
            if self.words >= until:
                return

    def closing(self) -> str:
        """A last paragraph, which mentions the topic."""
        return self._random.choice(self._prose.closings).replace("{t}", self._reading.topic)

    def text(self, closing: str) -> str:
        """All blocks so far, and `closing` if it is not empty."""
        return "\n\n".join([*self._blocks, closing] if closing else self._blocks)

    def _paragraph(self, until: int) -> None:
        sentences: list[str] = []
        draw, phrases, words = self._random.random, self._phrases, self.words
        for _ in range(_SENTENCES_PER_PARAGRAPH):
            pool = self._flawed if draw() < self._flaw_share else self._sound
            self._start += 1
            self._next_phrase = (self._next_phrase + 1) % len(phrases)
            phrase = phrases[self._next_phrase]
            parts, count = pool[self._start % len(pool)]
            sentence = phrase.join(parts)
            sentences.append(sentence)
            words += count + phrase.count(" ") if self._spaced else len(sentence) * 2 // 5
            if words >= until:
                break
        self.words = words
        if self._reading.outlined:
            self.add("- " + "\n- ".join(sentences), 0)
        else:
            self.add((" " if self._spaced else "").join(sentences), 0)

    def _phrase(self) -> str:
        self._next_phrase = (self._next_phrase + 1) % len(self._phrases)
        return self._phrases[self._next_phrase]


@lru_cache(maxsize=64)
def _pool(templates: tuple[str, ...]) -> _Pool:
    """Each template cut at its phrase, with its number of words."""
    return tuple((tuple(template.split("{p}")), count_words(template)) for template in templates)


def _without(pool: _Pool, banned: tuple[str, ...]) -> _Pool:
    """The templates that hold nothing banned; all of them if none is left."""
    if not banned:
        return pool
    kept = [entry for entry in pool if not any(word in "".join(entry[0]).lower() for word in banned)]
    return tuple(kept) or pool


def _at_most(text: str, words: int) -> str:
    """The text's first paragraphs and sentences that keep within `words`; at least a part of the first."""
    if len(text.split()) <= words:
        return text
    kept: list[str] = []
    room = words
    for block in text.split("\n\n"):
        count = len(block.split())
        if count > room:
            cut = " ".join(block.split(" ")[:room])
            kept.append(cut.rsplit(". ", 1)[0] + "." if ". " in cut else cut)
            break
        kept.append(block)
        room -= count
    return "\n\n".join(block for block in kept if block.strip())


def _code_block(phrases: tuple[str, ...]) -> str:
    name = "_".join(word.lower() for word in phrases[0].split() if word.isidentifier()) or "example"
    said = orjson.dumps(phrases[0]).decode()
    return f"```python\ndef {name}(items: list[str]) -> list[str]:\n    return [item for item in items if {said} in item]\n```"
