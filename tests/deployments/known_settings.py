"""Every environment variable that Prefect and its two integrations read, from their own settings models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.settings import Settings
from prefect.settings.legacy import _get_settings_fields
from prefect_kubernetes.settings import KubernetesSettings
from prefect_redis.cleanup_queue import RedisWorkerCleanupQueueSettings
from prefect_redis.client import RedisMessagingSettings
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

# Read from the environment outside of any settings model (prefect/server/utilities/encryption.py).
ELSEWHERE = {"PREFECT_SERVER_ENCRYPTION_KEY"}


def known_names() -> set[str]:
    own = {name for name in _get_settings_fields(Settings) if name.startswith("PREFECT_")}
    integrations = (KubernetesSettings, RedisMessagingSettings, RedisWorkerCleanupQueueSettings)
    return own | ELSEWHERE | {name for model in integrations for name in _names_of(model)}


def _names_of(model: type[BaseSettings]) -> Iterator[str]:
    prefix = str(model.model_config.get("env_prefix", ""))
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseSettings):
            yield from _names_of(field.annotation)
            continue
        yield f"{prefix}{name}".upper()
        if isinstance(field.validation_alias, AliasChoices):
            yield from (each.upper() for each in field.validation_alias.choices if isinstance(each, str))
