"""Where content is stored, configured once in Prefect."""

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from tasks.storing.filesystem import Store


class ContentStore(Block):
    """The folder or bucket that Nightpress reads its history from and writes content to."""

    _block_type_name = "Content store"
    _block_type_slug = "content-store"

    url: str = Field(title="URL", description="A plain path, file:///path, or s3://bucket/prefix.")
    endpoint: str | None = Field(
        default=None, title="Endpoint", description="Address of an S3 server that is not AWS."
    )
    access_key: str | None = Field(
        default=None, title="Access key", description="Left out: the usual AWS variables and files."
    )
    secret_key: SecretStr | None = Field(
        default=None, title="Secret key", description="Belongs to the access key; stored encrypted."
    )

    def get_store(self) -> Store:
        """The store, opened; an S3 bucket is asked once whether it answers.

        Raises:
            UserError: the URL is of another kind, or the bucket does not answer to these keys.
        """
        return Store.open(self.url, endpoint=self.endpoint, key=self.access_key, secret=self.secret_key)
