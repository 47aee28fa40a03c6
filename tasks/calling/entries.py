"""The entries of the models file: a provider, a model, a quota, the place of a key.

Everything here is frozen and holds no key: only where a key is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.calling.addresses import is_private_host, normal_base_url
from tasks.calling.prices import Price
from tasks.calling.secrets_of import checked_header

if TYPE_CHECKING:
    from pydantic import ValidationInfo

Share = Annotated[float, Field(ge=0, le=1)]
PerMinute = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeyFrom(Strict):
    """Where a key is found: an environment variable, or a Prefect block."""

    env: Name | None = None
    block: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_a_place(cls, value: Any) -> Any:
        if isinstance(value, str):
            what = "write {env: NAME} or {block: NAME}; the key itself does not belong in this file"
            raise ValueError(what)  # noqa: TRY004 - pydantic reports ValueError only
        return value

    @model_validator(mode="after")
    def _is_one_place(self) -> KeyFrom:
        if (self.env is None) == (self.block is None):
            raise ValueError("give exactly one of env and block")
        return self


class Limits(Strict):
    """A model's own quota; what is absent is the provider's."""

    requests_per_minute: PerMinute | None = None
    tokens_per_minute: PerMinute | None = None
    concurrency: Annotated[int, Field(gt=0)] | None = None


class Provider(Strict):
    """A server, its quota and its key.

    Attributes:
        base_url: without trailing slash; `wire.path(model)` follows it.
        headers: sent with each call; `${NAME}` is taken from the environment.
        batch: the provider's batch API may be used.
        private: plain http is meant, though the address does not look private.
        usd_per_run: most that one run spends here; like a run's own budget no part of its plan.
    """

    api: Literal["openai", "anthropic", "gemini"]
    private: bool = False
    base_url: str
    api_key: KeyFrom | None = None
    requests_per_minute: PerMinute | None = None
    tokens_per_minute: PerMinute | None = None
    concurrency: Annotated[int, Field(gt=0)] = 50
    headers: dict[str, str] = {}
    batch: bool = False
    usd_per_run: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    @field_validator("base_url")
    @classmethod
    def _is_safe(cls, url: str, info: ValidationInfo) -> str:
        return normal_base_url(url, info.data.get("api", ""), private=info.data.get("private", False))

    @field_validator("headers")
    @classmethod
    def _hold_no_key(cls, headers: dict[str, str]) -> dict[str, str]:
        return {name: checked_header(name, value) for name, value in headers.items()}

    @property
    def is_private(self) -> bool:
        """Runs on the same machine or network: nobody publishes its price."""
        return self.private or is_private_host(self.base_url)


class Model(Strict):
    """One model under the name that recipes use.

    Attributes:
        id: what the provider calls it.
        family: judges prefer another family than the writer's; by default the provider's name.
        context: most tokens of input and output together.
        max_output: most tokens of one answer.
        strengths: how good it is for what, 0 to 1.
        fallback: models that serve when this one cannot, in order.
        params: fields merged into every request body; null takes a field out. `max_tokens_field`
            names the field that bounds the answer (openai only).
        handoff: the form in which it likes to be given other models' texts.
    """

    provider: Name
    id: Name
    family: Name = ""
    context: Annotated[int, Field(gt=0)] | None = None
    max_output: Annotated[int, Field(gt=0)] | None = None
    strengths: dict[str, Share] = {}
    fallback: tuple[Name, ...] = ()
    limits: Limits = Limits()
    price: Price | None = None
    params: dict[str, Any] = {}
    headers: dict[str, str] = {}
    handoff: Literal["markdown", "xml", "json"] = "markdown"

    @model_validator(mode="before")
    @classmethod
    def _is_of_its_providers_family(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("family") is None:
            return {**value, "family": value.get("provider")}
        return value

    @field_validator("headers")
    @classmethod
    def _hold_no_key(cls, headers: dict[str, str]) -> dict[str, str]:
        return {name: checked_header(name, value) for name, value in headers.items()}

    @field_validator("params")
    @classmethod
    def _leave_the_ask_alone(cls, params: dict[str, Any]) -> dict[str, Any]:
        taken = sorted(_RESERVED & params.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)} cannot be set here: Nightpress fills it for each call")
        if not isinstance(params.get("max_tokens_field", ""), str):
            raise ValueError("max_tokens_field should be the name of a field")  # noqa: TRY004 - as above
        return params


_RESERVED = frozenset({"model", "messages", "system", "contents", "systemInstruction", "stream", "n"})
