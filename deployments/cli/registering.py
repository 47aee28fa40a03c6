"""`python -m deployments.cli.registering STORE MODELS`: the default blocks, where they are not there yet.

MODELS is a models file. What somebody has changed in the UI stays as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from blocks.content_store import ContentStore
from blocks.model_catalog import ModelCatalog
from blocks.provider_key import ProviderKey

DEFAULT = "default"


def main() -> None:
    """Register the block types, and save the default blocks that are missing."""
    store, models = sys.argv[1:3]
    for kind in (ContentStore, ModelCatalog, ProviderKey):
        register: Any = kind.register_type_and_schema
        register(_sync=True)
    _save_new(ContentStore(url=store))
    _save_new(ModelCatalog(document=Path(models).read_text()))


def _save_new(block: Any) -> None:
    try:
        type(block).load(DEFAULT, _sync=True)
    except ValueError:
        block.save(DEFAULT, _sync=True)


if __name__ == "__main__":
    main()
