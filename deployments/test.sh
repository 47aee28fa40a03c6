#!/usr/bin/env bash
# make test: everything quick, then one pass of the store's promises on a real S3 server (Ceph's radosgw).
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m pytest "$@"
