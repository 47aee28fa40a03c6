"""What a recipe says once for all its steps: money, quality, reuse, comparison. No I/O."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_serializer, model_validator

from tasks.patterns.model_choice import Fraction, ModelChoice, ModelName, Part, Text, Usd
from tasks.patterns.step_names import Template
from tasks.storing.errors import UserError

Degradation = Literal["skip_refinement", "fewer_members", "cheaper_model", "defer"]

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_WEEK_SECONDS: Final = 604800


class Budget(Part):
    """What a row may cost, and what it gives up before it costs more.

    Attributes:
        usd_per_request: None is no limit of its own.
        on_budget: tried in this order when a row cannot pay for its next call.
    """

    usd_per_request: Usd | None = None
    on_budget: tuple[Degradation, ...] = ("skip_refinement", "fewer_members", "cheaper_model", "defer")


class Quality(Part):
    """How drafts are scored where a step does not say, and how what is delivered is judged.

    Attributes:
        target: the score at which refinement stops.
        judge: the model that scores.
        criteria: what is scored, each from 0 to 1.
        judges: who judges what is delivered, blind; left out, `judge` or the default.
        share: of the made rows that are judged blind, beside those that a baseline compares.
        pairs: both texts of a baseline's row are also shown side by side, in both orders.
    """

    target: Fraction = 0.9
    judge: ModelChoice | None = None
    judges: tuple[ModelName, ...] = ()
    share: Fraction = 0.0
    pairs: bool = True
    criteria: Annotated[tuple[Text, ...], Field(min_length=1)] = (
        "accuracy",
        "relevance",
        "completeness",
        "tone",
    )


def _seconds(ttl: Any) -> int | None:
    if ttl == "off" or ttl is None:
        return None
    span = _SPAN.fullmatch(ttl) if isinstance(ttl, str) else None
    if span is None:
        raise ValueError("should be a time like 7d, 12h or 30m, or off")
    return int(span[1]) * _SECONDS[span[2]]


_TTL_SCHEMA: Final = {"type": "string", "pattern": "^([0-9]{1,9}[smhdw]|off)$", "default": "7d"}


def _or_one_word(schema: dict[str, Any]) -> None:
    mapping = dict(schema)
    schema.clear()
    schema["anyOf"] = [mapping, _TTL_SCHEMA]


class Cache(Part):
    """Reuse of finished calls by later runs.

    Attributes:
        ttl: for how many seconds; None is never. Written as 7d, 12h, 30m or off; `cache: off` is short for `cache: {ttl: off}`.
    """

    model_config = ConfigDict(json_schema_extra=_or_one_word)

    ttl: Annotated[
        int | None,
        BeforeValidator(_seconds),
        WithJsonSchema(_TTL_SCHEMA),
    ] = _WEEK_SECONDS

    @model_validator(mode="before")
    @classmethod
    def _from_one_word(cls, value: Any) -> Any:
        return {"ttl": value} if isinstance(value, str) else value

    @model_serializer
    def _as_written(self) -> dict[str, str]:
        return {"ttl": "off" if self.ttl is None else f"{self.ttl}s"}


class Baseline(Part):
    """A share of the requests is also worked by one call of one model, so that the extra calls can be valued.

    Attributes:
        prompt: None asks for what the recipe is about, with the declared columns.
    """

    model: ModelName
    share: Fraction
    prompt: Template | None = None

    @classmethod
    def from_words(cls, words: str) -> Baseline:
        """Of `MODEL:SHARE`, such as gpt-4:0.1.

        Raises:
            UserError: the words say nothing of the kind.
        """
        model, colon, share = words.rpartition(":")
        try:
            return cls(model=model, share=float(share))
        except ValueError:
            what = (
                f"{words!r} is no model with a share of the requests"
                if colon
                else f"{words!r} names no share"
            )
            raise UserError(what, where="--baseline", hint="write gpt-4:0.1 for a tenth of them") from None
