"""The models file, configured once in Prefect."""

from prefect.blocks.core import Block
from pydantic import Field

from tasks.calling.catalog import Catalog, load_catalog


class ModelCatalog(Block):
    """Providers and models, as the text of a models file. It holds no keys."""

    _block_type_name = "Model catalog"
    _block_type_slug = "model-catalog"

    document: str = Field(title="Models file", description="The YAML text of a models file.")

    def get_catalog(self) -> Catalog:
        """The catalog, checked.

        Raises:
            UserError: every mistake in the document, with its line.
        """
        return load_catalog(self.document, name="model catalog block")
