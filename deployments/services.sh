#!/bin/bash
# What tests of deployments/production need of this machine, beside .venv: the servers that compose.yaml names, run on
# loopback without Docker, and the linters of its files.
#   services.sh install        Debian's PostgreSQL and Redis (as root), and .tools with what tools.lock pins
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGES="postgresql redis-server wget"

fail() { echo "services.sh: $*" >&2; exit 1; }

install_missing() {
    local missing=
    compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing=yes
    for each in redis-server redis-cli wget; do command -v $each >/dev/null || missing=yes; done
    [ $missing ] || return 0
    command -v apt-get >/dev/null || fail "needs Debian's packages: $PACKAGES"
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $PACKAGES
}

install_tools() {
    [ .tools/.installed -nt tests/deployments/tools.lock ] && return 0
    .venv/bin/python -m venv .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/deployments/tools.lock
    touch .tools/.installed
}

case "${1:-} $#" in
    "install 1") install_missing && install_tools ;;
    *) sed -n '2,4p' "$0" >&2; exit 2 ;;
esac
