"""The steps of a recipe: seven patterns that nest freely. What they mean is told where each runs. No I/O."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from tasks.judging.checks import Check
from tasks.judging.json_shapes import JsonSchema
from tasks.patterns.model_choice import Fraction, ModelChoice, Part, Text
from tasks.patterns.settings import Cache
from tasks.patterns.step_names import Expression, FieldName, Label, StepName, Template

PatternName = Literal["ask", "pipeline", "ensemble", "route", "refine", "repeat", "team"]
Combination = Literal["vote", "merge", "consensus"]
PATTERNS: Final[tuple[PatternName, ...]] = get_args(PatternName)


class Result(Part):
    """What a step hands on instead of its last draft; what is left out stays as that draft has it."""

    content: Template | None = None
    data: dict[FieldName, Template] = Field(default_factory=dict)


class Shape(Part):
    """The answer is JSON of this JSON Schema."""

    json_schema: Annotated[JsonSchema, Field(alias="schema")]


class Ask(Part):
    """One model call."""

    model: ModelChoice
    prompt: Template
    system: Template | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 2048
    format: Literal["text", "json"] | Shape = "text"
    samples: Annotated[int, Field(ge=1, le=100)] = 1


class Step(Part):
    """Exactly one pattern, and what is asked of its outcome."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in PATTERNS]})

    name: StepName | None = None
    ask: Ask | None = None
    pipeline: Annotated[tuple[NamedStep, ...], Field(min_length=1)] | None = None
    ensemble: Ensemble | None = None
    route: Route | None = None
    refine: Refine | None = None
    repeat: Repeat | None = None
    team: Team | None = None
    when: Expression | None = None
    checks: tuple[Check, ...] = ()
    role: Text | None = None
    expects: Annotated[Text | None, Field(description="The form of the answer, told to the model.")] = None
    optional: Annotated[bool, Field(description="Its failure gives an empty draft, not a failed row.")] = (
        False
    )
    cache: Cache | None = None
    result: Result | None = None

    @property
    def kind(self) -> PatternName:
        """The key of the one pattern."""
        return next(name for name in PATTERNS if getattr(self, name) is not None)

    @property
    def pattern(self) -> Pattern:
        """The one pattern: for `pipeline` its steps."""
        found: Pattern = getattr(self, self.kind)
        return found

    @model_validator(mode="after")
    def _has_one_pattern(self) -> Self:
        found = [name for name in PATTERNS if getattr(self, name) is not None]
        if len(found) != 1:
            said = f"found {', '.join(found)}" if found else "found none"
            raise ValueError(f"a step has exactly one of {', '.join(PATTERNS)}; {said}")
        return self


class NamedStep(Step):
    """A step in a list: later ones and the store know it by its name."""

    name: StepName


class Ensemble(Part):
    """Members at once, then one draft of them all.

    Attributes:
        quorum: how many members must answer; None is all but one.
        by: None is majority for structured drafts, judge for prose.
    """

    members: Annotated[tuple[NamedStep, ...], Field(min_length=1)]
    combine: Annotated[
        tuple[Combination, ...],
        Field(min_length=1),
        BeforeValidator(
            lambda value: [value] if isinstance(value, str) else value,
            json_schema_input_type=Combination | tuple[Combination, ...],
        ),
    ] = ("vote",)
    quorum: Annotated[int, Field(ge=1)] | None = None
    by: Literal["majority", "judge", "similarity"] | None = None
    max_rounds: Annotated[int, Field(ge=1, le=20)] = 1
    merger: ModelChoice | None = None
    judge: ModelChoice | None = None

    @model_validator(mode="after")
    def _can_reach_its_quorum(self) -> Self:
        if self.quorum is not None and self.quorum > len(self.members):
            raise ValueError(f"a quorum of {self.quorum} cannot be reached by {len(self.members)} members")
        return self


class Rule(Part):
    """A request for which the condition holds is of type `to`."""

    condition: Annotated[Expression, Field(alias="if")]
    to: Label


class Route(Part):
    """The specialist if confidence is above the threshold, else the general step.

    Attributes:
        by: left out, it follows from a classifier, or examples without rules.
    """

    by: Literal["rules", "embedding", "model"] = "rules"
    rules: tuple[Rule, ...] = ()
    examples: dict[Label, Annotated[tuple[Text, ...], Field(min_length=1)]] = Field(default_factory=dict)
    classifier: ModelChoice | None = None
    threshold: Fraction = 0.8
    to: Annotated[dict[Label, Step], Field(min_length=1)]
    general: Step

    @model_validator(mode="before")
    @classmethod
    def _says_what_it_routes_by(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "by" in value or value.get("rules"):
            return value
        by = "model" if "classifier" in value else "embedding" if "examples" in value else "rules"
        return {**value, "by": by}

    @model_validator(mode="after")
    def _has_what_it_routes_by(self) -> Self:
        needed = {"rules": "rules", "embedding": "examples", "model": "classifier"}[self.by]
        if not getattr(self, needed):
            raise ValueError(f"'by: {self.by}' needs {needed!r}")
        return self


class Refine(Part):
    """Stages that improve a start while a judge says so; None of judge or target is the recipe's."""

    start: Step
    stages: Annotated[tuple[NamedStep, ...], Field(min_length=1)]
    judge: ModelChoice | None = None
    target: Fraction | None = None


class Repeat(Part):
    """One body, run again with feedback; None of judge or threshold is the recipe's judge or target."""

    body: Step
    judge: ModelChoice | None = None
    threshold: Fraction | None = None
    max_iterations: Annotated[int, Field(ge=1, le=50)] = 3


class TeamFeedback(Part):
    quality_threshold: Fraction = 0.95
    max_iterations: Annotated[int, Field(ge=1, le=50)] = 3
    auto_improvement: bool = True


class Team(Part):
    """A coordinator plans, specialists work, a reviewer (None: the recipe's judge) scores."""

    coordinator: ModelChoice
    specialists: Annotated[dict[Label, ModelChoice], Field(min_length=1)]
    reviewer: ModelChoice | None = None
    feedback: TeamFeedback = TeamFeedback()
    general: Step | None = None


Pattern = Ask | tuple[NamedStep, ...] | Ensemble | Route | Refine | Repeat | Team

for _part in (Step, NamedStep, Ensemble, Route, Refine, Repeat, Team):
    _part.model_rebuild()
