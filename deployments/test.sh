#!/usr/bin/env bash
# make test: everything quick on moto and beside it a real `nightpress up` with Debian's Chromium on its UI, the compose
# file's services on PostgreSQL and Redis, then one pass of the store's promises and a whole night on a real S3 server, Ceph's radosgw
# from Debian. All on loopback. What cannot be installed here is left out, and said so; in CI it must be there.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTEST=(.venv/bin/python -m pytest)

wanted() {
    # Runs an installing command; says what is left out where it fails, and ends there in CI.
    local what=$1 log
    shift
    if log=$("$@" 2>&1); then return 0; fi
    if [ -n "${CI:-}" ]; then printf '%s\n' "$log" >&2; exit 1; fi
    echo "no $what on this machine (needs root and Debian's packages): its tests are left out"
    return 1
}

wanted "Chromium" deployments/chromium.sh install || true
# Two at a time: what uses a running `nightpress up`, a browser's clicks included, mostly waits.
beside=$(mktemp -t nightpress-up-XXXXXX)
remembered=$(mktemp -d -t nightpress-failed-XXXXXX)
UP=("${PYTEST[@]}" -o addopts="-q --strict-markers" -o cache_dir="$remembered" -m up)
"${UP[@]}" "$@" >"$beside" 2>&1 &
up=$! failed=
"${PYTEST[@]}" -m "not up and not radosgw and not services" "$@" || failed=yes
if wait $up; then cat "$beside"; else
    # A browser on a machine that works at its limit misses a moment now and then: what failed beside the rest has to
    # pass alone, and is shown either way.
    cat "$beside"
    echo "once more, alone: what failed beside the other tests"
    "${UP[@]}" --last-failed --last-failed-no-failures none "$@" || failed=yes
fi
rm -r "$beside" "$remembered"
[ -z "$failed" ] || exit 1

if wanted "PostgreSQL, Redis and SeaweedFS" deployments/services.sh install; then "${PYTEST[@]}" -m services; fi

wanted "radosgw" deployments/radosgw.sh install || exit 0
data=$(mktemp -d -t nightpress-radosgw-XXXXXX)
trap 'deployments/radosgw.sh down "$data"; rm -rf "$data"' EXIT
port=$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
NIGHTPRESS_TEST_S3_ENDPOINT=$(deployments/radosgw.sh up "$data" "$port")
export NIGHTPRESS_TEST_S3_ENDPOINT
"${PYTEST[@]}" -m radosgw
