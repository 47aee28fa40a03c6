"""What a simulated provider is like: models, prices, skill, faults, scripted replies. No I/O but reading its own file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from ruamel.yaml import YAML

Api = Literal["openai", "anthropic", "gemini"]
Share = Annotated[float, Field(ge=0, le=1)]
FaultKind = Literal[
    "rate_limit",
    "overloaded",
    "server_error",
    "reset",
    "hang",
    "truncated_body",
    "not_json",
    "bad_key",
    "no_credit",
    "context_too_long",
    "content_filter",
    "refusal",
    "empty",
    "model_missing",
    "forbidden",
    "bad_request",
    "length",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SimulatedPrice(_Frozen):
    """USD per million tokens; the simulator bills by it on its own.

    Attributes:
        cached: price of input read from the prompt cache; the input price if left out.
    """

    input: float = Field(default=0.0, ge=0)
    output: float = Field(default=0.0, ge=0)
    cached: float | None = Field(default=None, ge=0)


class Profile(_Frozen):
    """How one model behaves.

    Attributes:
        latency_seconds: median time to the first token; the jitter around it is lognormal and seeded.
        jitter: sigma of that lognormal; 0 makes every call take the median.
        tokens_per_second: output speed, added to the latency; absent means at once.
        skill: 0..1 by domain (`code`, `analysis`, `writing`, ..); `default` for the rest. Expected quality of a text.
        judge_noise: standard deviation of its scores around the truth; absent, 0.08 times the skill that it lacks.
        judge_taste: what it adds to a score for each doubling of a text's length beyond 100 words; people call it a bias.
        revision_gain: share of the missing skill that a model makes up when it is shown an earlier text.
        words: length of an answer whose prompt names none; the config's `words` if absent.
        context: input tokens beyond which the provider's own "too long" error answers; absent means no limit.
        requests_per_minute: token bucket of a full minute, beyond it a true 429; likewise `tokens_per_minute`.
        concurrency: requests at once, beyond it a true 429.
    """

    latency_seconds: float = Field(default=0.0, ge=0)
    jitter: float = Field(default=0.35, ge=0, le=2)
    tokens_per_second: float | None = Field(default=None, gt=0)
    price: SimulatedPrice = SimulatedPrice()
    skill: dict[str, Share] = {"default": 0.8}
    revision_gain: Share = 0.4
    judge_noise: float | None = Field(default=None, ge=0, le=1)
    judge_taste: float = Field(default=0.0, ge=-1, le=1)
    words: int | None = Field(default=None, ge=1, le=20_000)
    context: int | None = Field(default=None, ge=1)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    concurrency: int | None = Field(default=None, ge=1)

    def skill_in(self, domain: str) -> float:
        """Skill in `domain`, else the profile's default, else 0.8."""
        return self.skill.get(domain, self.skill.get("default", 0.8))


class Match(_Frozen):
    """Which requests are meant; every given condition must hold.

    Attributes:
        model: model id or a shell pattern of it (`gpt-*`).
        prompt: regular expression searched in all messages, joined by newlines.
    """

    model: str = "*"
    api: Api | None = None
    prompt: str | None = None


class Fault(Match):
    """One way to go wrong, and how often.

    Attributes:
        share: share of matching attempts, drawn by (seed, request, attempt): a retry draws anew, a rerun the same.
        first: only the first n matching requests.
        every: every n-th matching request. None of the three given: every matching request.
        status: another status of the same kind: 529 for overloaded, 502 for server_error, 402 for no_credit, ..
        retry_after: seconds for the Retry-After header (and Gemini's RetryInfo); absent means no header.
        retry_after_form: whether the header counts seconds or names an HTTP date.
        hang_seconds: how long a hang keeps the connection open without a byte.
    """

    kind: FaultKind
    share: Share | None = None
    first: int | None = Field(default=None, ge=0)
    every: int | None = Field(default=None, ge=1)
    status: int | None = Field(default=None, ge=200, le=599)
    retry_after: float | None = Field(default=None, ge=0)
    retry_after_form: Literal["seconds", "date"] = "seconds"
    hang_seconds: float = Field(default=600.0, gt=0)

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if sum(given is not None for given in (self.share, self.first, self.every)) > 1:
            raise ValueError("a fault takes one of share, first, every")
        return self


class Scripted(_Frozen):
    """One scripted reply: a text, a JSON answer, a raw response, or a fault. Texts are sent exactly as given.

    Attributes:
        text: the model's answer, wrapped in the provider's own shape.
        answer: the same, from a JSON value.
        status: status of a raw response with `body` (a JSON value, or text sent as it is) and `headers`.
        latency_seconds: replaces the profile's latency.
    """

    text: str | None = None
    answer: Any = None
    finish: Literal["stop", "length", "content_filter", "refusal"] = "stop"
    status: int | None = Field(default=None, ge=200, le=599)
    body: Any = None
    headers: dict[str, str] = {}
    fault: Fault | None = None
    latency_seconds: float | None = Field(default=None, ge=0)


class Script(Match):
    """Replies used in order for matching requests, before faults and limits.

    Attributes:
        then: after the last one, `repeat` it or `exhaust`: answer as if there were no script.
    """

    replies: tuple[Scripted, ...] = Field(min_length=1)
    then: Literal["repeat", "exhaust"] = "repeat"


class SimulatorConfig(_Frozen):
    """All of it; the default is three instant, free, fairly good providers without faults.

    Attributes:
        seed: every text, latency and drawn fault is a pure function of it and of the request.
        require_key: answer 401 where the provider's key header is missing.
        models: profile by model id or shell pattern; the id itself wins, then the first pattern that fits.
        words: length of an answer whose prompt names none.
        overhead_text: heading before and "(simulated)" after the prose; off for exact small bodies.
        keep_requests: how many of the last requests `/_simulator/requests` can show.
    """

    seed: int = 0
    require_key: bool = False
    models: dict[str, Profile] = {}
    default: Profile = Profile()
    faults: tuple[Fault, ...] = ()
    scripts: tuple[Script, ...] = ()
    words: int = Field(default=350, ge=1, le=20_000)
    overhead_text: bool = True
    keep_requests: int = Field(default=1000, ge=0, le=100_000)


def load_config(path: Path | str) -> SimulatorConfig:
    """Reads a YAML file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not YAML, or not a simulator config (pydantic's ValidationError is one).
    """
    parser = YAML(typ="safe", pure=True)
    try:
        value = parser.load(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise
    except Exception as error:  # ruamel's errors share no base with ValueError
        raise ValueError(f"{path}: not YAML: {error}") from error
    return SimulatorConfig.model_validate(value or {})
