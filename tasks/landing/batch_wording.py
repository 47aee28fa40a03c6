"""How warnings of the whole batch begin: the report and the manifest are counted from them."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "batch: "
REWRITTEN: Final = "rewritten: "
NOT_REWRITTEN: Final = "not rewritten: "
