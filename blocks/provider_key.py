"""A model provider's key, configured once in Prefect."""

from prefect.blocks.core import Block
from pydantic import Field, SecretStr


class ProviderKey(Block):
    """The key of one model provider; the models file names this block: `api_key: {block: NAME}`."""

    _block_type_name = "Provider key"
    _block_type_slug = "provider-key"

    api_key: SecretStr = Field(title="API key", description="As the provider gave it; stored encrypted.")

    def get_key(self) -> SecretStr:
        """The key; it shows itself only to `get_secret_value()`."""
        return self.api_key
