"""The models file: providers, models, and how well models work after one another. Holds no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError, model_validator

from tasks.calling.entries import KeyFrom, Limits, Model, Name, Provider, Share, Strict
from tasks.calling.secrets_of import kept_header
from tasks.storing.documents import Document, joined, load_document, validate
from tasks.storing.errors import UserError, near_miss

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Catalog", "KeyFrom", "Limits", "Model", "Provider", "load_catalog"]


class Catalog(Strict):
    """The whole models file."""

    providers: dict[Name, Provider]
    models: dict[Name, Model]
    compatibility: dict[Name, dict[Name, Share]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_the_field_that_bounds_answers(self) -> Catalog:
        for name, model in self.models.items():
            provider = self.providers.get(model.provider)
            if provider is not None and provider.base_url.startswith(_OPENAI):
                params = {"max_tokens_field": "max_completion_tokens", **model.params}
                self.models[name] = model.model_copy(update={"params": params})
        return self

    def model(self, name: str) -> Model:
        """The model of that name.

        Raises:
            UserError: it is not in the catalog.
        """
        found = self.models.get(name)
        if found is None:
            raise UserError(f"model {name!r} is not in the catalog", hint=near_miss(name, self.models))
        return found

    def provider_of(self, name: str) -> Provider:
        """The provider of the model of that name.

        Raises:
            UserError: the model is not in the catalog.
        """
        return self.providers[self.model(name).provider]

    @property
    def limits_usd(self) -> dict[str, float]:
        """Provider → the most that one run may spend with it, where there is such a limit."""
        limits = {name: provider.usd_per_run for name, provider in self.providers.items()}
        return {name: usd for name, usd in limits.items() if usd is not None}

    def canonical(self) -> dict[str, Any]:
        """JSON-able, keys sorted, without secrets, defaults and limits in USD: what a run's plan freezes."""
        plain = self.model_dump(
            mode="json", exclude_defaults=True, exclude={"providers": {"__all__": {"usd_per_run"}}}
        )
        for owner in (*plain["providers"].values(), *plain["models"].values()):
            if "headers" in owner:
                owner["headers"] = {name: kept_header(name, text) for name, text in owner["headers"].items()}
        return _key_sorted(plain)  # type: ignore[no-any-return]

    @classmethod
    def from_frozen(cls, frozen: dict[str, Any]) -> Catalog:
        """The catalog that `canonical` froze.

        Raises:
            UserError: this version of Nightpress does not understand it.
        """
        try:
            return cls.model_validate(frozen)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            what = f"the run's frozen catalog does not fit this version: {place}: {first['msg']}"
            raise UserError(what, hint="start the run anew with --replace") from None


def load_catalog(source: Path | str, *, name: str | None = None) -> Catalog:
    """The models file at a `Path`, or given as a YAML text (`str`, as the block holds it).

    Raises:
        UserError: every mistake with its line: unknown keys, unknown names, unsafe addresses.
    """
    document = load_document(source, name=name)
    catalog = validate(Catalog, document)
    mistakes = list(_unknown_names(catalog, document))
    if mistakes:
        raise joined(mistakes)
    return catalog


def _unknown_names(catalog: Catalog, document: Document) -> Iterator[UserError]:
    for name, model in catalog.models.items():
        where = document.where(("models", name, "provider"))
        if model.provider not in catalog.providers:
            hint = near_miss(model.provider, catalog.providers)
            yield UserError(f"provider {model.provider!r} is not in this file", where=where, hint=hint)
        for place, other in enumerate(model.fallback):
            where = document.where(("models", name, "fallback", place))
            if other == name:
                yield UserError(f"model {name!r} cannot be its own fallback", where=where)
            elif other not in catalog.models:
                hint = near_miss(other, catalog.models)
                yield UserError(f"fallback {other!r} is not in this file", where=where, hint=hint)
    for first, others in catalog.compatibility.items():
        for path in ((first,), *((first, second) for second in others)):
            if path[-1] not in catalog.models:
                where = document.where(("compatibility", *path))
                hint = near_miss(path[-1], catalog.models)
                yield UserError(f"model {path[-1]!r} is not in this file", where=where, hint=hint)


def _key_sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _key_sorted(value[key]) for key in sorted(value)}
    return [_key_sorted(each) for each in value] if isinstance(value, list) else value


_OPENAI = "https://api.openai.com/"
