#!/usr/bin/env bash
# make test: everything quick on moto, then one pass of the store's promises and a whole night on a real S3
# server, Ceph's radosgw from Debian, on loopback. Where that cannot be installed the second pass is left out,
# and said so; in CI it must run.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTEST=(.venv/bin/python -m pytest)

"${PYTEST[@]}" -m "not radosgw" "$@"

if ! log=$(deployments/radosgw.sh install 2>&1); then
    if [ -n "${CI:-}" ]; then printf '%s\n' "$log" >&2; exit 1; fi
    echo "no radosgw on this machine (needs root and Debian's packages): the pass on a real S3 server is left out"
    exit 0
fi
data=$(mktemp -d -t nightpress-radosgw-XXXXXX)
trap 'deployments/radosgw.sh down "$data"; rm -rf "$data"' EXIT
port=$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
NIGHTPRESS_TEST_S3_ENDPOINT=$(deployments/radosgw.sh up "$data" "$port")
export NIGHTPRESS_TEST_S3_ENDPOINT
"${PYTEST[@]}" -m radosgw
