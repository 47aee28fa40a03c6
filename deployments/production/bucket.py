"""`python -m deployments.production.bucket`: make the bucket of NIGHTPRESS_STORE where it is not there yet.

For the S3 server of `compose.yaml`; the usual AWS variables say where and with which keys. A folder needs nothing.
"""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from botocore.session import get_session

OURS_ALREADY = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


def main() -> int:
    """Make it; that it is there already is fine."""
    place = urlsplit(os.environ.get("NIGHTPRESS_STORE", ""))
    if place.scheme != "s3":
        return 0
    client = get_session().create_client("s3")
    try:
        client.create_bucket(Bucket=place.netloc)
    except ClientError as error:
        if error.response["Error"]["Code"] not in OURS_ALREADY:
            print(f"bucket {place.netloc} cannot be made: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
