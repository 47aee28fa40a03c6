"""Where things are when nobody says: the store, the models file, the keys.

A store: what is given, NIGHTPRESS_STORE, the block `content-store/default`, `./nightpress-store`.
Models: what is given, NIGHTPRESS_MODELS, the block `model-catalog/default`, `./models.yaml`.
"""

import os
from contextlib import nullcontext
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
from prefect.context import FlowRunContext
from prefect.settings import (
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_CLIENT_MAX_RETRIES,
    get_current_settings,
    temporary_settings,
)
from pydantic import SecretStr

from blocks.content_store import ContentStore
from blocks.model_catalog import ModelCatalog
from blocks.provider_key import ProviderKey
from tasks.calling.catalog import Catalog, Provider, load_catalog
from tasks.calling.secrets_of import resolve_key
from tasks.patterns.recipe import Recipe, load_recipe
from tasks.storing.errors import UserError, near_miss
from tasks.storing.filesystem import Store

DEFAULT_BLOCK = "default"
STORED_RECIPES = "_recipes"
BLOCK_PREFIX = "block:"
# A command with a person before it gives up sooner than a flow run, which outlives a server's restart.
AT_THE_TERMINAL: dict[Any, Any] = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: 10}
B = TypeVar("B", ContentStore, ModelCatalog, ProviderKey)


def store_place(given: str | None) -> str:
    """Where the store is: a URL, or `block:NAME`; the same text opens it in any worker."""
    place = given or os.environ.get("NIGHTPRESS_STORE")
    if place:
        return (
            place
            if place.startswith(BLOCK_PREFIX) or "://" in place
            else str(Path(place).expanduser().resolve())
        )
    if _has_block(ContentStore, DEFAULT_BLOCK):
        return BLOCK_PREFIX + DEFAULT_BLOCK
    return str(Path("nightpress-store").resolve())


def open_store(place: str) -> Store:
    """The store at a place that `store_place` gave.

    Raises:
        UserError: there is no such block, or the store cannot be opened.
    """
    if place.startswith(BLOCK_PREFIX):
        return _load(ContentStore, place.removeprefix(BLOCK_PREFIX)).get_store()
    return Store.open(place)


def open_catalog(given: str | None) -> Catalog:
    """The catalog from a file or a block (`block:NAME`).

    Raises:
        UserError: there is none, or it has mistakes.
    """
    place = given or os.environ.get("NIGHTPRESS_MODELS")
    if place and place.startswith(BLOCK_PREFIX):
        return _load(ModelCatalog, place.removeprefix(BLOCK_PREFIX)).get_catalog()
    if place:
        return load_catalog(Path(place))
    if _has_block(ModelCatalog, DEFAULT_BLOCK):
        return _load(ModelCatalog, DEFAULT_BLOCK).get_catalog()
    if not Path("models.yaml").exists():
        raise UserError(
            "there is no models file", where="--models", hint="give one, or set NIGHTPRESS_MODELS"
        )
    return load_catalog(Path("models.yaml"))


def key_of(provider: Provider) -> SecretStr | None:
    """The provider's key from the environment or its block.

    Raises:
        UserError: it cannot be had.
    """
    return resolve_key(provider, lambda name: _load(ProviderKey, name).get_key())


def keyless(catalog: Catalog) -> frozenset[str]:
    """The providers whose key cannot be had here; none where that is so of all: then the first that is needed says so."""
    without = set()
    for name, provider in catalog.providers.items():
        try:
            key_of(provider)
        except UserError:
            without.add(name)
    return frozenset(without) if len(without) < len(catalog.providers) else frozenset()


def _has_block(kind: type[B], name: str) -> bool:
    if get_current_settings().api.url is None:  # asking would start a server of Prefect's own
        return False
    try:
        _loaded(kind, name)
    except ValueError:
        return False
    return True


def _load(kind: type[B], name: str) -> B:
    try:
        return _loaded(kind, name)
    except ValueError as error:
        raise UserError(
            f"there is no block {kind.get_block_type_slug()}/{name}",
            hint="make it in the Prefect UI under Blocks",
        ) from error


def _loaded(kind: type[B], name: str) -> B:
    load: Any = kind.load  # dispatches on `_sync`, which its types do not say
    outside = FlowRunContext.get() is None
    try:
        with temporary_settings(AT_THE_TERMINAL) if outside else nullcontext():
            return cast(B, load(name, _sync=True))
    except (httpx.HTTPError, RuntimeError) as error:
        cause = (
            error.__cause__ if isinstance(error, RuntimeError) else error
        )  # Prefect's "Failed to reach API"
        if not isinstance(cause, httpx.HTTPError):
            raise
        raise _unanswered(kind, name, cause) from error


def _unanswered(kind: type[B], name: str, error: httpx.HTTPError) -> UserError:
    url = httpx.URL(get_current_settings().api.url or "").copy_with(userinfo=b"")
    why = str(error) or type(error).__name__
    if isinstance(error, httpx.HTTPStatusError):
        why = f"it answers {error.response.status_code}"
    return UserError(
        f"Prefect at {url} cannot be asked for the block {kind.get_block_type_slug()}/{name}: {why}",
        where="PREFECT_API_URL",
        hint="start that server, or give --store and --models as paths",
    )


def open_recipe(given: str, store: Store) -> Recipe:
    """A recipe by path, or by name: one published to the store, or one that comes with Nightpress.

    Raises:
        UserError: there is none of that name, or it has mistakes.
    """
    source, name = recipe_source(given, store)
    return load_recipe(source, name=name)


def recipe_source(given: str, store: Store) -> tuple[Path | str, str]:
    """The file or the text that a recipe is read from, and what errors call it.

    Raises:
        UserError: there is none of that name.
    """
    path = Path(given).expanduser()
    if path.suffix in {".yaml", ".yml"} or "/" in given:
        return path, str(path)
    stored = f"{STORED_RECIPES}/{given}.yaml"
    try:
        return store.read(stored).decode(), f"{store.url}/{stored}"
    except (FileNotFoundError, ValueError):
        shipped = shipped_recipes()
    if given in shipped:
        return shipped[given], f"{given}.yaml"
    published = [Path(name).stem for name in published_recipes(store)]
    hint = near_miss(given, [*shipped, *published])
    raise UserError(f"there is no recipe {given!r}", where="--recipe", hint=hint)


def flow_of(recipe: Recipe) -> str:
    """The flow that works one request of a recipe: that of its pattern; a single call is a pipeline of one."""
    return "pipeline" if recipe.make.kind == "ask" else recipe.make.kind


def recipe_name(given: str) -> str:
    """What a recipe that was given by name or path is called for short: of a path the file's name."""
    return Path(given).stem if given.endswith((".yaml", ".yml")) else given


def published_recipes(store: Store) -> list[str]:
    """Paths of the recipes that were put into a store."""
    return [path for path in store.list(STORED_RECIPES) if path.endswith(".yaml")]


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with Nightpress, by name."""
    folder = Path(str(files("deployments") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
