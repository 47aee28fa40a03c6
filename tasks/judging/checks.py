"""Checks that need no model: is a draft long enough, in the right language, the JSON asked for?

What a failed check says goes back to the model that wrote the draft, so it names what is there
and what is wanted. No I/O; every check is linear in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_serializer, model_validator

from tasks.judging.check_faults import FAULTS, Render
from tasks.judging.json_shapes import JsonSchema
from tasks.judging.languages import language_code, language_names
from tasks.judging.regexes import regex_fault
from tasks.storing.errors import near_miss


def _regex(pattern: str) -> str:
    if fault := regex_fault(pattern):
        raise ValueError(fault)
    return pattern


def _language(name: str) -> str:
    if "{" not in name and language_code(name) is None:
        raise ValueError(f"{name!r} is no language known here; {near_miss(name, language_names())}")
    return name


Count = Annotated[int, Field(ge=0, le=10_000_000)]
Text = Annotated[str, Field(min_length=1)]
Form = Literal["markdown", "plain", "bullets", "table", "code", "html"]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]


class Check(BaseModel):
    """One thing to be true of a step's text; exactly one key.

    Texts in `mentions`, `bans`, `starts_with`, `ends_with` and `language` are templates.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"minProperties": 1, "maxProperties": 1}
    )

    min_words: Annotated[Count | None, Field(description="Two CJK characters count as a word.")] = None
    max_words: Count | None = None
    min_chars: Count | None = None
    max_chars: Count | None = None
    mentions: Annotated[Texts | None, Field(description="Each occurs, whatever its case.")] = None
    bans: Annotated[Texts | None, Field(description="None occurs as whole words, whatever its case.")] = None
    matches: Annotated[
        Annotated[str, AfterValidator(_regex)] | None, Field(description="RE2 syntax, anywhere.")
    ] = None
    starts_with: Text | None = None
    ends_with: Text | None = None
    language: Annotated[
        Annotated[str, AfterValidator(_language)] | None, Field(description="English, de, …")
    ] = None
    is_json: bool | None = None
    json_schema: JsonSchema | None = None
    links_allowed: Annotated[bool | Texts | None, Field(description="true, false, or the hosts allowed.")] = (
        None
    )
    max_grade: Annotated[
        Annotated[float, Field(ge=0, le=30)] | None,
        Field(description="U.S. school grade (Flesch-Kincaid), an estimate; only English texts are judged."),
    ] = None
    form: Form | None = None

    @property
    def kind(self) -> str:
        """The one key that is given."""
        return next(iter(self.model_fields_set))

    @property
    def templates(self) -> tuple[str, ...]:
        """Texts of this check that are rendered before they are compared."""
        value = getattr(self, self.kind)
        if self.kind not in _TEMPLATED:
            return ()
        return (value,) if isinstance(value, str) else tuple(value)

    @model_serializer
    def _one_key(self) -> dict[str, Any]:
        return {self.kind: getattr(self, self.kind)}

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        given = [name for name in type(self).model_fields if name in self.model_fields_set]
        if len(given) != 1:
            found = f"{len(given)} ({', '.join(given)})" if given else "none"
            raise ValueError(f"a check has exactly one key, this has {found}")
        if getattr(self, given[0]) is None:
            raise ValueError(f"{given[0]} is empty")
        return self


def failed_checks(
    checks: Sequence[Check], text: str, render: Render, data: object | None = None
) -> list[str]:
    """What is wrong with a draft, as a model can act on: `has 120 words, needs at least 300`.

    Args:
        checks: in the recipe's order.
        text: the draft's content.
        render: fills in a template with what the step sees.
        data: the draft's parsed JSON, None if there is none yet: then `text` is parsed.

    Returns:
        One sentence for each check that fails, in order; empty if all hold.
    """
    faults = (FAULTS[check.kind](getattr(check, check.kind), text, render, data) for check in checks)
    return [fault for fault in faults if fault]


_TEMPLATED: Final = frozenset({"mentions", "bans", "starts_with", "ends_with", "language"})
