"""What the leaves of a JSON answer say: scores from counted flaws, choices that fit, texts on the topic. Pure."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cached_property
from math import log2
from typing import TYPE_CHECKING, Any

from deployments.simulator.json_numbers import COUNTED, in_range, scale_of
from deployments.simulator.json_texts import fit_text, formatted
from deployments.simulator.quality import HIGHEST, LOWEST, lengths_of, qualities_of
from deployments.simulator.reading import domain_counts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from deployments.simulator.asked import Asked
    from deployments.simulator.config import Profile
    from deployments.simulator.reading import Reading

_JUDGE_NOISE = 0.08
_CRITERION_NOISE = 0.02
_POSITION = re.compile(r"winner|best|choice|chosen|prefer|index|pick|select", re.IGNORECASE)
_NEGATIVE = re.compile(r"flaw|error|problem|reject|fail|needs_|revise|retry|disput|missing", re.IGNORECASE)
_CONFIDENT = re.compile(r"confiden|certain|probab|likelihood", re.IGNORECASE)
_WHO = re.compile(r"(?:made|said|stated|supported|backed)_by$", re.IGNORECASE)
_ROLES = re.compile(r"(?im)\b(?:roles|specialists|team members|available)\b[^:\n]{0,40}:\s*(.+)$")
_CRITERIA = re.compile(r"(?im)\b(?:criteria|criterion|dimensions|rubric)\b[^:\n]{0,40}:\s*(.+)$")
_WORD = re.compile(r"[\w-]{2,40}")
_PASSING = 0.7
_FIRST, _SECOND = "first", "second"
_CANNOT_TELL = 0.02
_USUAL_WORDS = 100


class Values:
    """Leaves for one answer.

    Args:
        random: already seeded; every leaf draws from it in the order of the schema.
        profile: of the answering model; a judge with less skill is noisier.
    """

    def __init__(self, asked: Asked, reading: Reading, random: Random, profile: Profile) -> None:
        self._asked = asked
        self._reading = reading
        self._random = random
        self._taste = profile.judge_taste
        self._index: int | None = None
        usual = _JUDGE_NOISE * (1 - profile.skill_in(reading.domain))
        self._spread = usual if profile.judge_noise is None else profile.judge_noise
        self._noise = random.gauss(0, self._spread)

    @contextmanager
    def item(self, index: int) -> Iterator[None]:
        """Within it leaves belong to the entry `index` of a list."""
        before, self._index = self._index, index
        yield
        self._index = before

    @cached_property
    def qualities(self) -> tuple[float, ...]:
        """Quality of each text in the prompt, as counted, and as far as length goes to this judge's taste."""
        found = qualities_of(self._asked.prompt)
        if not self._taste:
            return found
        lengths = lengths_of(self._asked.prompt)
        return tuple(
            each + self._taste * log2(max(words, 1) / _USUAL_WORDS)
            for each, words in zip(found, lengths, strict=True)
        )

    @property
    def quality(self) -> float:
        """Quality of the text that the current entry judges, as this judge sees it."""
        found = self.qualities
        own = found[self._index] if self._index is not None and 1 < len(found) > self._index else found[-1]
        return min(HIGHEST, max(LOWEST, own + self._noise + self._random.gauss(0, _CRITERION_NOISE)))

    def number(self, name: str, schema: dict[str, Any], *, whole: bool) -> float:
        """A score by default; a position, a count or a confidence where the name says so."""
        low, high = scale_of(name, schema, self._asked.prompt, whole=whole)
        if _POSITION.search(name) and whole:
            best = max(range(len(self.qualities)), key=self.qualities.__getitem__)
            value = low + best if "minimum" in schema else best + ("index" not in name)
        elif whole and self._index is not None and _WHO.search(name):
            value = max(1, low) + self._index
        elif COUNTED.search(name):
            value = low + self._random.randrange(1, 4) if self._index is None else low + self._index
        else:
            share = self._random.uniform(0.82, 0.97) if _CONFIDENT.search(name) else self.quality
            value = low + share * (high - low)
        return in_range(value, schema, whole=whole)

    def choice(self, name: str, choices: list[Any]) -> Any:
        """The entry of a list in turn, the best text's name, the type that fits the prompt, else drawn."""
        best = max(range(len(self.qualities)), key=self.qualities.__getitem__)
        if {_FIRST, _SECOND} <= set(choices) and len(self.qualities) > 1:
            return self._better_of_two(choices)
        if _POSITION.search(name) and len(choices) == len(self.qualities) > 1:
            return choices[best]
        if self._index is not None:
            return choices[self._index % len(choices)]
        texts = [choice for choice in choices if isinstance(choice, str)]
        fitting = max(texts, key=self._fit, default=None)
        if fitting is not None and self._fit(fitting) > 0:
            return fitting
        return self._random.choice([choice for choice in choices if choice is not None] or choices)

    def _better_of_two(self, choices: list[Any]) -> Any:
        """Which of two texts reads better to this judge, each seen with its own noise; a tie where it cannot tell."""
        first, second = (each + self._random.gauss(0, self._spread) for each in self.qualities[-2:])
        others = [each for each in choices if each not in (_FIRST, _SECOND)]
        if others and abs(first - second) < _CANNOT_TELL:
            return others[0]
        return _FIRST if first > second else _SECOND

    def truth(self, name: str) -> bool:
        """Whether the judged text passes; the other way round for names of faults."""
        return (self.quality >= _PASSING) != bool(_NEGATIVE.search(name))

    def text(self, name: str, schema: dict[str, Any]) -> str:
        """A text that the name asks for, within the schema's length, pattern and format."""
        given = formatted(schema, self._random)
        if given is not None:
            return given
        return fit_text(self._plain_text(name), schema, self._random)

    def map_keys(self, name: str, schema: dict[str, Any]) -> list[str]:
        """Keys of an open map: those the schema or the prompt lists, else three phrases."""
        names = schema.get("propertyNames") or {}
        if names.get("enum"):
            return [str(key) for key in names["enum"]]
        pattern = _ROLES if "role" in name or "assign" in name else _CRITERIA
        listed = self._listed(pattern)
        return listed or [phrase.replace(" ", "_").lower() for phrase in self._reading.phrases[:3]]

    def usual_items(self, name: str, usual: int) -> int:
        """Entries of a list: one per criterion or judged text where the name says so."""
        if re.search(r"criteri|score", name):
            return max(len(self._listed(_CRITERIA)), len(self.qualities)) or usual
        if _NEGATIVE.search(name):
            return round((1 - self.quality) * 4)
        if _WHO.search(name):
            return self._random.randrange(1, usual + 1)
        return usual

    def _plain_text(self, name: str) -> str:
        index, phrases = self._index or 0, self._reading.phrases
        phrase = phrases[index % len(phrases)]
        lowered = name.lower()
        if lowered in ("id", "key", "ref"):
            return f"t{index + 1}"
        if re.search(r"role|specialist|assignee|assigned|agent|member", lowered):
            roles = self._listed(_ROLES)
            return roles[index % len(roles)] if roles else phrase
        if "criterion" in lowered:
            criteria = self._listed(_CRITERIA)
            return criteria[index % len(criteria)] if criteria else phrase
        if lowered in ("title", "topic", "subject", "headline"):
            return self._reading.topic if self._index is None else f"{self._reading.topic}: {phrase}"
        if lowered in ("name", "tag", "keyword", "phrase", "entity", "label"):
            return phrase
        if lowered in ("language", "lang"):
            return self._reading.language
        return self._sentence(lowered, phrase)

    def _sentence(self, name: str, phrase: str) -> str:
        if re.search(r"reason|rationale|explanation|justification|feedback|comment|critique", name):
            share = round(self.quality * 100)
            return f"On {phrase}: {share} of 100 by the simulator's own count of flawed sentences."
        if re.search(r"suggest|improve|correction|issue|warning|problem|gap|missing|disput", name):
            return f"Support what is said about {phrase} with a figure or an example."
        return self._random.choice(_SENTENCES).replace("{p}", phrase).replace("{t}", self._reading.topic)

    def _listed(self, pattern: re.Pattern[str]) -> list[str]:
        found = pattern.search(self._asked.prompt)
        if not found:
            return []
        parts = [_WORD.search(part) for part in re.split(r"[,;|]| and ", found[1])]
        return [part[0] for part in parts if part][:12]

    def _fit(self, choice: str) -> int:
        """How well a class name fits: its own words and its domain's words in the topic and the phrases."""
        told = f"{self._reading.topic} {self._reading.brief} {' '.join(self._reading.phrases)}".lower()
        own = sum(2 for word in _WORD.findall(choice.lower()) if len(word) > 3 and word[:6] in told)
        return own + domain_counts(_WORD.findall(told)).get(choice.lower().split("_")[0], 0)


_SENTENCES = (
    "Begin with {p}, because the rest of “{t}” builds on that.",
    "For “{t}”, nothing that was named decides more than {p}.",
    "A short trial of {p} on last month's cases answers the open question.",
    "Give {p} one owner and a date for a second look.",
)
