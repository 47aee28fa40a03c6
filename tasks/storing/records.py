"""Small JSON documents in the store: manifests, plans, shard records. Each is one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.storing.filesystem import Store

FORM = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


def read_json(store: Store, path: str) -> dict[str, Any] | None:
    """The document, or None if there is none.

    Raises:
        NightpressError: the file is not a JSON object; the message names it.
    """
    try:
        text = store.read(path)
    except FileNotFoundError:
        return None
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NightpressError(f"{store.url}/{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise NightpressError(f"{store.url}/{path} is not a JSON object")
    return document


def write_json(store: Store, path: str, value: Mapping[str, Any]) -> None:
    """Create or replace; times become RFC 3339 text, keys keep their order."""
    store.write(path, _text(value))


def write_json_new(store: Store, path: str, value: Mapping[str, Any]) -> bool:
    """True if this call created the document, False if there was one; see `Store.write_new`."""
    return store.write_new(path, _text(value))


def _text(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(dict(value), option=FORM)
