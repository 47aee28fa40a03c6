"""Starting and stopping, in a thread and as a program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from deployments.simulator.config import load_config
from deployments.simulator.running import RunningSimulator

if TYPE_CHECKING:
    from pathlib import Path


def test_a_port_in_use_is_an_os_error_and_a_stop_frees_it() -> None:
    with RunningSimulator() as first, pytest.raises(OSError, match="address already in use"):
        RunningSimulator(port=first.port).__enter__()
    with RunningSimulator(port=first.port) as again:
        assert again.port == first.port


def test_the_urls_fit_each_apis_convention() -> None:
    with RunningSimulator() as running:
        base = f"http://127.0.0.1:{running.port}"
        assert (running.openai_url, running.anthropic_url, running.gemini_url) == (
            f"{base}/v1",
            base,
            f"{base}/v1beta",
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_prints_its_address_serves_and_stops_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    config = tmp_path / "simulator.yaml"
    config.write_text(
        "words: 60\nmodels:\n  gpt-*: {latency_seconds: 0.1}\nfaults:\n  - {kind: reset, share: 0.1}\n"
    )
    command = [
        sys.executable,
        "-m",
        "deployments.simulator",
        "--port",
        "0",
        "--config",
        str(config),
        "--seed",
        "9",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with urlopen(address, timeout=5) as response:
            assert b'"seed":9' in response.read()
        process.send_signal(number)
        began = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 3
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "text", ["faults: [{kind: explode}]", "wordz: 5", "[", "default: {skill: {code: 2}}"]
)
def test_a_wrong_config_is_a_value_error_and_exit_2(tmp_path: Path, text: str) -> None:
    config = tmp_path / "simulator.yaml"
    config.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        load_config(config)


def test_the_program_refuses_a_missing_config_with_exit_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deployments.simulator", "--config", str(tmp_path / "none.yaml")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 2
    assert "none.yaml" in ended.stderr
