"""What a recipe says of all outputs of a night together, once they are there. No I/O."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from tasks.judging.languages import language_code, language_names
from tasks.patterns.model_choice import Fraction, Part
from tasks.patterns.step_names import Template
from tasks.storing.errors import near_miss

PATH: Final = "@batch"
"""Where texts are written once more, beside the recipe's steps; no step can be called so."""
ROLE: Final = "refine"
LEAST_REWRITTEN: Final = 512
"""Tokens that a text written once more may take beyond one and a half times what it took before."""
LANGUAGE_COLUMNS: Final = ("language", "locale", "lang")


def _language(name: str | bool) -> str | bool:
    if isinstance(name, str) and "{" not in name and language_code(name) is None:
        raise ValueError(f"{name!r} is no language known here; {near_miss(name, language_names())}")
    return name


class Batch(Part):
    """Checks of all outputs of a night, after the last row and before the commit.

    Keys are looked for in every run, whatever stands here.

    Attributes:
        near_duplicates: the share of runs of words in common from which two texts are almost the same; None: not looked.
        language: true is the request's, which a column named `language`, `locale` or `lang` says, else its own prose;
            else a language, or a template of one.
        mentions: templates; each occurs in every output, whatever its case.
        leaks: long runs of words of the recipe's prompts, or of what judges and mergers are told, are looked for.
        then: what becomes of a row that fails a check. `warn` delivers it with a warning, `fail` fails it, `refine` has its
            last writer write it once more; where that does not help, the row is delivered as it was, with the warning.
        max_rows: most rows that are written once more, as a share of those made.
        rounds: how often a row is written once more.
    """

    near_duplicates: Annotated[float, Field(ge=0.5, le=1)] | None = None
    language: Annotated[bool | Template, AfterValidator(_language)] = False
    mentions: tuple[Template, ...] = ()
    leaks: bool = False
    then: Literal["warn", "refine", "fail"] = "warn"
    max_rows: Fraction = 0.1
    rounds: Annotated[int, Field(ge=1, le=5)] = 1

    @property
    def templates(self) -> tuple[tuple[tuple[str | int, ...], str], ...]:
        """Everything that is filled in with a request, and where it stands."""
        named = [(("mentions", number), source) for number, source in enumerate(self.mentions)]
        language = [(("language",), self.language)] if isinstance(self.language, str) else []
        return (*named, *language)

    @property
    def reads_all(self) -> bool:
        """Whether more is looked for than keys."""
        return self.near_duplicates is not None or bool(self.language) or bool(self.mentions) or self.leaks

    @property
    def rewrites(self) -> bool:
        return self.then == "refine" and self.max_rows > 0
