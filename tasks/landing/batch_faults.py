"""What is wrong with one output that only the whole batch, or the whole run, can tell. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tasks.judging.check_faults import FAULTS
from tasks.judging.languages import language_code, language_name, language_of
from tasks.judging.leaked_keys import keys_in, told_key
from tasks.judging.leaked_prompts import PromptLeaks
from tasks.landing.batch_wording import PREFIX
from tasks.patterns.batch_settings import LANGUAGE_COLUMNS, Batch
from tasks.patterns.templates import RenderFailed
from tasks.patterns.told_texts import told_texts, wished_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tasks.judging.near_duplicates import Twin
    from tasks.judging.word_runs import Words
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.templates import Renderer

LANGUAGE_SAMPLE: Final = 1500
"""Characters that are enough to tell a text's language."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an output.

    Attributes:
        said: for whoever reads the tables.
        wish: for whoever writes the text once more.
        other: the request whose text it is almost the same as.
    """

    said: str
    wish: str
    other: str = ""

    @property
    def warning(self) -> str:
        return PREFIX + self.said


def twin_fault(twin: Twin) -> Fault:
    """Almost the same as another request's text."""
    share = f"{twin.similarity:.2f}"
    wish = (
        f"it is almost the same as the text of another request ({share} of 1); it has to be a text of its own"
    )
    return Fault(f"near-duplicate of {twin.of} ({share})", wish, twin.of)


class TextChecks:
    """The checks of one text on its own.

    Args:
        secrets: the keys in use.
    """

    def __init__(self, recipe: Recipe, renderer: Renderer, secrets: Sequence[str]) -> None:
        self._batch = recipe.batch or Batch()
        self._renderer = renderer
        self._secrets = secrets
        self._column = next((name for name in LANGUAGE_COLUMNS if name in recipe.columns), None)
        self._leaks = PromptLeaks(told_texts(recipe), wished_texts(recipe)) if self._batch.leaks else None

    def faults(self, text: str, words: Words, request: Mapping[str, Any]) -> list[Fault]:
        """Everything that is wrong but keys, as far as one text shows it."""
        every = (
            *self._language(text, request),
            *self._mentions(text, request),
            *self._prompts(words, request),
        )
        return list(every)

    def keys(self, text: str) -> Iterator[Fault]:
        """Keys, and what looks like one."""
        found = keys_in(text, self._secrets)
        if found:
            named = ", ".join(told_key(each, self._secrets) for each in found[:3])
            yield Fault(f"leaks a key ({named})", "it has what looks like an API key in it; leave that out")

    def _language(self, text: str, request: Mapping[str, Any]) -> Iterator[Fault]:
        wanted = self._wanted_language(request)
        found = language_of(text[:LANGUAGE_SAMPLE]) if wanted is not None else None
        if wanted is not None and found is not None and found != wanted:
            has, needs = language_name(found), language_name(wanted)
            yield Fault(
                f"wrong language: is in {has}, should be in {needs}", f"it is in {has}; write it in {needs}"
            )

    def _wanted_language(self, request: Mapping[str, Any]) -> str | None:
        """ISO code; None where none is wished, or nobody knows."""
        wish = self._batch.language
        if isinstance(wish, str):
            return language_code(self._rendered(wish, request))
        if not wish:
            return None
        declared = request.get(self._column) if self._column is not None else None
        if declared is not None:
            return language_code(str(declared))
        return language_of(prose(request)[:LANGUAGE_SAMPLE])

    def _mentions(self, text: str, request: Mapping[str, Any]) -> Iterator[Fault]:
        if self._batch.mentions:
            wanted = [words for each in self._batch.mentions if (words := self._rendered(each, request))]
            fault = FAULTS["mentions"](wanted, text, str, None)
            if fault:
                yield Fault(fault, f"it {fault}, and has to")

    def _prompts(self, words: Words, request: Mapping[str, Any]) -> Iterator[Fault]:
        leak = self._leaks.longest(words, prose(request)) if self._leaks is not None else None
        if leak is not None:
            number, begins = leak
            said = f"leaks {number} words of a prompt: '{begins} …'"
            wish = f"it repeats instructions that were not for the reader ('{begins} …'); leave them out"
            yield Fault(said, wish)

    def _rendered(self, source: str, request: Mapping[str, Any]) -> str:
        """Empty where this request has not what the template needs."""
        try:
            return self._renderer.render(source, {"request": request}).strip()
        except RenderFailed:
            return ""


def prose(request: Mapping[str, Any]) -> str:
    """The texts of a request's cells, the longest first."""
    return "\n".join(
        sorted((each for each in request.values() if isinstance(each, str)), key=len, reverse=True)
    )
