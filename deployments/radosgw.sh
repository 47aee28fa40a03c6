#!/bin/bash
# A real S3 server for tests: one-node Ceph (monitor, OSD on a file, radosgw), loopback only, keys testkey / testsecret.
#   radosgw.sh install        install the Debian packages that are missing (as root)
#   radosgw.sh up DIR PORT    start, wait until it answers, print the endpoint; again on a running one is harmless
#   radosgw.sh down DIR       end what `up` started, by DIR's pid files; the data stays
set -euo pipefail

PACKAGES="radosgw ceph-mon ceph-osd ceph-common"
AS_ROOT="--setuser root --setgroup root"

fail() { echo "radosgw.sh: $*" >&2; exit 1; }

# Usage: until_true SECONDS COMMAND...
# Every command that talks to the monitor goes through this: without authentication a Ceph client may speak before
# it has the monitor's map, and is then told `wrong fsid` (EPERM); seen in 8 of 12 starts on a busy machine.
until_true() {
    local end=$((SECONDS + $1)); shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}

install_missing() {
    local each missing=
    for each in radosgw ceph-mon ceph-osd ceph curl; do command -v $each >/dev/null || missing=yes; done
    [ $missing ] || return 0
    command -v apt-get >/dev/null || fail "needs Debian's packages: $PACKAGES curl"
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $PACKAGES curl
}

# Usage: runs PID NAME; a zombie, or another program that got the number since, does not count.
runs() { [ "$(basename "$(readlink "/proc/$1/exe")" 2>/dev/null)" = "$2" ]; }

# Usage: is_running PIDFILE
is_running() { [ -s "$1" ] && runs "$(cat "$1")" "$(basename "$1" .pid)"; }

answers() { curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$1/"; }

osd_is_started() { is_running "$1/run/ceph-osd.pid" || ceph-osd -i 0 $AS_ROOT; }

osd_is_up() { timeout 5 ceph osd stat | grep -q '1 up'; }

user_is_there() {
    radosgw-admin user info --uid=test ||
        radosgw-admin user create --uid=test --display-name=test --access-key=testkey --secret-key=testsecret
}

# Usage: radosgw_answers DIR PORT; the pid file comes a moment after the daemon.
radosgw_answers() {
    is_running "$1/run/radosgw.pid" || { radosgw -n client.rgw $AS_ROOT; sleep 3; }
    answers "$2"
}

configure() {
    local dir=$1 port=$2 monitor=$(($2 + 1)) fsid
    fsid=$(cat /proc/sys/kernel/random/uuid)
    mkdir -p "$dir"/{mon,osd,rgw,run,log}
    cat > "$dir/ceph.conf" <<C
[global]
fsid = $fsid
mon host = v1:127.0.0.1:$monitor
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
auth supported = none
ms bind msgr2 = false
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd crush chooseleaf type = 0
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
mon max pg per osd = 2000
mon data = $dir/mon
osd data = $dir/osd
admin socket = $dir/run/\$name.asok
log file = $dir/log/\$name.log
run dir = $dir/run
mon data avail crit = 1
mon data avail warn = 2
[mon]
pid file = $dir/run/ceph-mon.pid
[osd]
pid file = $dir/run/ceph-osd.pid
osd objectstore = bluestore
bluestore block size = 8589934592
bluestore block wal create = false
osd memory target = 939524096
[client.rgw]
pid file = $dir/run/radosgw.pid
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir/rgw
C
    monmaptool --create --clobber --fsid "$fsid" --addv a "[v1:127.0.0.1:$monitor]" "$dir/monmap"
    ceph-mon -i a --mkfs --monmap "$dir/monmap" $AS_ROOT
}

start() {
    local dir=$1 port=$2
    export CEPH_CONF=$dir/ceph.conf
    if [ ! -f "$dir/mon/kv_backend" ]; then
        ! answers "$port" || fail "something else answers on port $port"
        configure "$dir" "$port"
    fi
    grep -q "endpoint=127.0.0.1:$port\$" "$CEPH_CONF" || fail "$dir was made for another port"
    is_running "$dir/run/ceph-mon.pid" || ceph-mon -i a $AS_ROOT
    until_true 60 timeout 5 ceph -s || fail "the monitor does not answer"
    if [ ! -f "$dir/osd/ready" ]; then
        [ -s "$dir/osd.uuid" ] || cat /proc/sys/kernel/random/uuid > "$dir/osd.uuid"
        until_true 60 ceph osd create "$(cat "$dir/osd.uuid")" 0 || fail "the monitor takes no OSD"
        until_true 60 ceph-osd -i 0 --mkfs --osd-uuid "$(cat "$dir/osd.uuid")" $AS_ROOT || fail "no OSD was made"
    fi
    until_true 60 osd_is_started "$dir" || fail "the OSD does not start"
    until_true 60 ceph osd crush add osd.0 1 root=default host=localhost || fail "the OSD gets no place"
    until_true 60 osd_is_up || fail "the OSD does not come up"
    until_true 60 user_is_there || fail "the test user cannot be made"
    until_true 90 radosgw_answers "$dir" "$port" || fail "radosgw does not answer on port $port"
}

up() {
    local dir
    mkdir -p "$1/log"
    dir=$(realpath "$1")
    # A process of its own: its output is the log, and `set -e` holds in it, as it would not left of `||`.
    "$0" start "$dir" "$2" >> "$dir/log/up.log" 2>&1 || fail "not started: $(tail -n 3 "$dir/log/up.log"); see $dir/log"
    echo "http://127.0.0.1:$2"
}

down() {
    local name pid
    for name in radosgw ceph-osd ceph-mon; do
        is_running "$1/run/$name.pid" || continue
        pid=$(cat "$1/run/$name.pid")
        kill "$pid"
        until_true 30 ended "$pid" "$name" || fail "$name ($pid) does not end; see $1/log"
    done
}

# The pid file goes before the process does, so this looks at the process.
ended() { ! runs "$1" "$2"; }

case "${1:-} $#" in
    "install 1") install_missing ;;
    "up 3") up "$2" "$3" ;;
    "start 3") start "$2" "$3" ;;
    "down 2") down "$2" ;;
    *) sed -n '2,5p' "$0" >&2; exit 2 ;;
esac
