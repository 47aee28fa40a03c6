"""What an S3 server or botocore says, as an error that tells a person what to change."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

AWS = "AWS S3"


@contextmanager
def explaining(bucket: str, endpoint: str) -> Iterator[None]:
    """Turn refused keys, a missing bucket and an unreachable server into a UserError; the rest passes."""
    try:
        yield
    except PermissionError as error:
        if not server_code(error):
            raise
        raise refused(bucket, endpoint, f"{server_code(error)}: {error}") from error
    except FileNotFoundError as error:
        if server_code(error) != "NoSuchBucket":
            raise
        raise UserError(
            f"there is no bucket {bucket!r}",
            where=endpoint or AWS,
            hint="create it, or correct the store's URL or endpoint",
        ) from error
    except BotoCoreError as error:
        raise UserError(
            f"cannot reach the bucket {bucket!r}: {error}",
            where=endpoint or AWS,
            hint="check the endpoint (AWS_ENDPOINT_URL), the network and that keys are configured",
        ) from error


def refused(bucket: str, endpoint: str, why: str) -> UserError:
    return UserError(
        f"the server refuses the bucket {bucket!r}: {why}",
        where=endpoint or AWS,
        hint="check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the ContentStore block), and that they may "
        "list, read, write and delete",
    )


def server_code(error: BaseException) -> str:
    """The server's own error code behind what s3fs made of it; '' if there is none."""
    response: dict[str, Any] = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
