"""One flow at a time works a run on one machine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tasks.landing.run_lock import run_lock
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
from tasks.landing.run_lock import run_lock
with run_lock("store", "night"):
    print("held", flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path))


def test_a_second_process_is_told_who_works_the_run_and_gets_it_when_that_is_killed() -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match=f"by process {holder.pid} already"), run_lock("store", "night"):
            pass
        with run_lock("store", "another night"), run_lock("another store", "night"):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with run_lock("store", "night"):
        pass


def test_the_same_process_cannot_hold_a_run_twice_and_can_take_it_again_after_an_error() -> None:
    def fail() -> None:
        with run_lock("store", "night"):
            with pytest.raises(UserError, match="already"), run_lock("store", "night"):
                pass
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with run_lock("store", "night"):
        pass
