"""`deployments/radosgw.sh` without a radosgw; test_radosgw.py runs against one that it started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deployments" / "radosgw.sh"


def run(*arguments):
    return subprocess.run([SCRIPT, *arguments], check=False, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("arguments", [[], ["up"], ["up", "dir"], ["down"], ["restart", "dir"]])
def test_wrong_use_prints_the_usage(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert "radosgw.sh up DIR PORT" in result.stderr
    assert result.stdout == ""


def test_down_never_ends_a_process_that_is_not_its_own(tmp_path):
    """A pid file outlives a reboot; the number may be anybody's by then."""
    (tmp_path / "run").mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        for name in ("radosgw", "ceph-osd", "ceph-mon"):
            (tmp_path / "run" / f"{name}.pid").write_text(f"{stranger.pid}\n")
        assert run("down", str(tmp_path)).returncode == 0
        assert stranger.poll() is None
        stranger.communicate(b"\n")
    assert stranger.returncode == 0


def test_down_where_nothing_is_is_fine(tmp_path):
    assert run("down", str(tmp_path / "never")).returncode == 0
