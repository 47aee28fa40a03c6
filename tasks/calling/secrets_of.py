"""Keys: where they come from, and how they are kept out of everything that is stored."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from pydantic import SecretStr

from tasks.calling.wire_parts import HASHED
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.calling.catalog import Provider


def resolve_key(provider: Provider, blocks: Callable[[str], SecretStr] | None) -> SecretStr | None:
    """The provider's key; None if it needs none.

    Args:
        provider: says where its key is.
        blocks: gives the key in the block of a name; None where there are no blocks.

    Raises:
        UserError: the variable is not set, there are no blocks, or what was found cannot be sent
            in a header.
    """
    place = provider.api_key
    if place is None:
        return None
    if place.env is not None:
        key, where = os.environ.get(place.env, ""), f"environment variable {place.env}"
    elif blocks is not None and place.block is not None:
        key, where = blocks(place.block).get_secret_value(), f"block {place.block}"
    else:
        what = f"the key is in the block {place.block!r}, and no blocks can be read here"
        raise UserError(what, hint="set PREFECT_API_URL, or write api_key: {env: NAME}")
    key = key.strip()
    if not key:
        raise UserError("no key is set", where=where, hint=f"it is for {provider.base_url}")
    if not (key.isascii() and key.isprintable()):
        raise UserError("the key has characters that no key has", where=where)
    return SecretStr(key)


def checked_header(name: str, value: str) -> str:
    """`value`, if it can be sent and is no key written in clear.

    Raises:
        ValueError: otherwise.
    """
    if not _TOKEN.fullmatch(name) or not value.isprintable() or not value.isascii():
        raise ValueError(f"{name!r} is not a header that can be sent")
    if not value.startswith(HASHED) and _is_secret(name, value):
        raise ValueError(f"the header {name!r} looks like a key: write it as ${{NAME_OF_A_VARIABLE}}")
    return value


def kept_header(name: str, value: str) -> str:
    """What of a header may be stored: itself, or a hash if it looks like a key."""
    if value.startswith(HASHED) or not _is_secret(name, value):
        return value
    return HASHED + hashlib.sha256(value.encode()).hexdigest()[:16]


def _is_secret(name: str, value: str) -> bool:
    rest = _REFERENCE.sub("", value).strip()
    if rest.lower() in {"", "bearer", "basic", "token"}:
        return False
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(rest))


_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_SECRET_NAME = re.compile(r"auth|cookie|secret|token|password|api-?key|-key$", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"^(?:Bearer|Basic|Token)\s|\b(?:sk|pk|gsk|hf|xai|nvapi)[-_]\w{8,}|\bAIza\w{10,}")
