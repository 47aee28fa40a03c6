"""What a language needs to have for simulated prose. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prose:
    """Templates; `{p}` stands for a salient phrase, `{t}` for the topic, `{q}` for a line of the prompt.

    A phrase may be singular or plural and of any case and gender: no template makes it a subject or inflects it.

    Attributes:
        openings: first paragraph, mentions the topic.
        covered: sentence that lists the phrases, `{l}`.
        brief: sentence that quotes the prompt.
        headings: section headings.
        sentences: sound sentences.
        flaws: sentences as a weak writer has them: empty, absolute, without support.
        closings: last paragraph, mentions the topic.
    """

    openings: tuple[str, ...]
    covered: str
    brief: str
    headings: tuple[str, ...]
    sentences: tuple[str, ...]
    flaws: tuple[str, ...]
    closings: tuple[str, ...]


def lines(text: str) -> tuple[str, ...]:
    """One template per line that is not empty."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
