#!/bin/bash
# What the browser tests need beside .venv.
#   chromium.sh install        Debian's Chromium (as root); Playwright in .venv drives it
set -euo pipefail

[ "${1:-} $#" = "install 1" ] || { sed -n '2,3p' "$0" >&2; exit 2; }
command -v chromium >/dev/null && exit 0
command -v apt-get >/dev/null || { echo "chromium.sh: needs Debian's package chromium" >&2; exit 1; }
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends chromium
