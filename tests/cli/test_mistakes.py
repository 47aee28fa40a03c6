"""A user's mistake is one clear message on stderr and exit code 2, never a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deployments.cli.main import main

ROOT = Path(__file__).parents[2]
MODELS = str(ROOT / "deployments" / "demo" / "models.yaml")
REQUESTS = str(ROOT / "deployments" / "demo" / "requests.csv")


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("NIGHTPRESS_STORE", "NIGHTPRESS_MODELS", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)


def test_a_sound_recipe_with_its_table_is_said_to_be_so(capsys):
    assert main(["check", "technical-blog", "--models", MODELS, "--requests", REQUESTS]) == 0
    assert "64 good, 0 rejected" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["check", "technical-blogg"], "did you mean 'technical-blog'?"),
        (["check", "technical-blog"], "there is no models file"),
        (["check", "./none.yaml"], "none.yaml"),
        (["check", "technical-blog", "--models", "none.yaml"], "none.yaml"),
        (["check", "technical-blog", "--models", MODELS, "--requests", "none.csv"], "none.csv"),
        (["models", "--models", "none.yaml"], "none.yaml"),
        (["recipes", "publish"], "no recipe to publish"),
        (["recipes", "--store", "ftp://host/x"], "not a place a store can be"),
        (["simulate", "--config", "none.yaml"], "none.yaml"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(command, said, capsys):
    assert main(command) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_model_is_named_with_file_line_and_near_miss(tmp_path, capsys):
    (tmp_path / "r.yaml").write_text(
        'recipe: r\nrequest: {t: {type: str}}\nmake:\n  ask:\n    model: gpt4\n    prompt: "{{ request.t }}"\n'
    )
    assert main(["check", "./r.yaml", "--models", MODELS]) == 2
    assert "did you mean 'gpt-4'?" in capsys.readouterr().err


def test_a_task_that_no_model_is_good_at_is_named_with_file_line_and_near_miss(tmp_path, capsys):
    (tmp_path / "r.yaml").write_text(
        "recipe: r\nrequest: {t: {type: str}}\nmake:\n  ask:\n    model: {for: analisis}\n"
        '    prompt: "{{ request.t }}"\n'
    )
    assert main(["check", "./r.yaml", "--models", MODELS]) == 2
    said = capsys.readouterr().err
    assert "r.yaml:5" in said
    assert "did you mean 'analysis'?" in said


def test_rows_that_would_be_rejected_are_shown_and_make_the_check_fail(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("request_id,topic\na,one\na,two\nb,\n")
    assert main(["check", "technical-blog", "--models", MODELS, "--requests", "t.csv"]) == 1
    said = capsys.readouterr().out
    assert "1 good, 2 rejected" in said
    assert "duplicate request_id" in said


def test_a_recipe_with_mistakes_is_not_published(tmp_path, capsys):
    (tmp_path / "good.yaml").write_text('recipe: good\nmake: {ask: {model: m, prompt: "x"}}\n')
    (tmp_path / "bad.yaml").write_text("recipe: bad\nmakes: 1\n")
    assert main(["recipes", "publish", "good.yaml", "bad.yaml", "--store", "store"]) == 2
    assert "bad.yaml:2" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_a_published_recipe_is_found_by_name(tmp_path, capsys):
    (tmp_path / "good.yaml").write_text('recipe: good\nmake: {ask: {model: gpt-4, prompt: "x"}}\n')
    assert main(["recipes", "publish", "good.yaml", "--store", "store"]) == 0
    assert main(["recipes", "--store", "store"]) == 0
    assert "good" in capsys.readouterr().out
    assert main(["check", "good", "--store", "store", "--models", MODELS]) == 0


@pytest.mark.parametrize(
    "more", [["--budget", "lots"], ["--run-date", "2026-02-30"], ["--limit", "0"], ["--only", "some"]]
)
def test_a_wrong_value_is_wrong_use(more):
    with pytest.raises(SystemExit) as ended:
        main(["run", REQUESTS, "--recipe", "technical-blog", *more])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("command", "block"), [("report", "content-store/default"), ("models", "model-catalog/default")]
)
def test_a_prefect_server_that_is_not_there_is_said_at_once(tmp_path, command, block):
    with socket.socket() as taken:  # bound and not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        ended = _command([command], tmp_path, url)
    assert ended.returncode == 2
    assert f"Prefect at {url} cannot be asked for the block {block}" in ended.stderr
    assert "start that server, or give --store and --models" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_prefect_server_that_is_busy_is_not_asked_for_minutes(tmp_path):
    class Busy(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(503)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        ended = _command(["report"], tmp_path, f"http://u:secret@127.0.0.1:{server.server_port}/api")
        server.shutdown()
    assert ended.returncode == 2
    assert "it answers 503" in ended.stderr
    assert "secret" not in ended.stderr


def _command(command, folder, url):
    return subprocess.run(
        [sys.executable, "-m", "deployments.cli.main", *command],
        capture_output=True, text=True, cwd=folder, timeout=30, env={**os.environ, "PREFECT_API_URL": url},
    )  # fmt: skip


def test_a_mistake_in_run_is_told_without_waiting_for_a_server(tmp_path):
    command = [
        sys.executable,
        "-m",
        "deployments.cli.main",
        "run",
        "none.csv",
        "--recipe",
        "technical-blog",
        "--models",
        MODELS,
    ]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert ended.returncode == 2
    assert "none.csv" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
