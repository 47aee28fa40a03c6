"""How a recipe says which model: by name, as a list, as a cascade, or by what is needed. No I/O."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Fraction = Annotated[float, Field(ge=0, le=1)]
Usd = Annotated[float, Field(gt=0, le=1_000_000)]
Text = Annotated[str, Field(min_length=1)]
ModelName = Annotated[str, Field(min_length=1, max_length=200, description="A name from the models file.")]
Scorer = Literal["judge", "agreement", "checks", "confidence", "belief", "gain"]


class Part(BaseModel):
    """What every part of a recipe has in common: it never changes, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Cascade(Part):
    """The first model answers; the next is asked while the answer scores below `accept`.

    Attributes:
        accept: one threshold for all, or one for each model but the last.
        by: what scores; None is `agreement` where several samples are asked for, else `judge`. With `belief` it is how
            likely the best answer so far is right, all answers counted, and that one is taken. With `gain` nothing is
            scored: what the second of two models is expected to add, by the request's text, decides beforehand.
        share: by gain, of the requests that go to the second model.
    """

    cascade: Annotated[tuple[ModelName, ...], Field(min_length=1)]
    accept: Fraction | tuple[Fraction, ...] = 0.8
    by: Scorer | None = None
    share: Annotated[
        Fraction | None, Field(description="With by: gain, of the requests, to the stronger model.")
    ] = None

    @model_validator(mode="after")
    def _has_a_share_if_it_goes_by_gain(self) -> Self:
        if self.by != "gain":
            if self.share is not None:
                raise ValueError("'share' is for 'by: gain' alone")
        elif len(self.cascade) != 2 or len(set(self.cascade)) != 2:
            raise ValueError("'by: gain' chooses between two models, the cheaper one first")
        elif self.share is None:
            raise ValueError(
                "'by: gain' needs 'share', that of the requests for the second model, such as 0.3"
            )
        return self

    @model_validator(mode="after")
    def _has_a_threshold_for_each(self) -> Self:
        if isinstance(self.accept, tuple) and len(self.accept) != len(self.cascade) - 1:
            wanted = len(self.cascade) - 1
            raise ValueError(f"accept: give one number, or {wanted}: one for each model but the last")
        return self

    def scorer(self, samples: int) -> Scorer:
        """What scores where so many samples are asked for."""
        return self.by or ("agreement" if samples > 1 else "judge")

    @property
    def strong_share(self) -> float:
        """By gain, the share of the requests that go to the second model."""
        return self.share or 0.0

    def threshold(self, place: int) -> float:
        """The score from which the answer of the model at this place is taken."""
        if not isinstance(self.accept, tuple):
            return self.accept
        return self.accept[min(place, len(self.accept) - 1)] if self.accept else 0.0


class Need(Part):
    """The cheapest model of the catalog that reaches the floor, the larger of quality and 0.8 x complexity.

    Without a floor the best that costs no more than `usd_per_call`. A complexity of `auto` is how hard the request looks,
    so that easy requests go to cheap models and hard ones to strong ones.
    """

    strength: Annotated[Text, Field(alias="for", description="A strength in the models file, e.g. analysis.")]
    quality: Fraction | None = None
    complexity: Fraction | Literal["auto"] | None = None
    usd_per_call: Usd | None = None
    partner: Annotated[
        Text | None, Field(alias="with", description="An earlier step: its model should be compatible.")
    ] = None


def _shape(value: Any) -> str:
    if isinstance(value, str):
        return "name"
    if isinstance(value, list | tuple):
        return "list"
    is_cascade = isinstance(value, Cascade) or (isinstance(value, dict) and "cascade" in value)
    return "Cascade" if is_cascade else "Need"


ModelChoice = Annotated[
    Annotated[ModelName, Tag("name")]
    | Annotated[tuple[ModelName, ...], Field(min_length=1, description="In fallback order."), Tag("list")]
    | Annotated[Cascade, Tag("Cascade")]
    | Annotated[Need, Tag("Need")],
    Discriminator(_shape),
]


def names_in(choice: ModelChoice) -> tuple[str, ...]:
    """The models that a choice names, in its order; none for a need."""
    match choice:
        case str():
            return (choice,)
        case tuple():
            return choice
        case Cascade():
            return choice.cascade
        case _:
            return ()
