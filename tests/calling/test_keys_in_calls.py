"""Keys travel in headers to their own host and appear nowhere else, whatever goes wrong."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest
from calling_rig import APIS, CANARY, Rig

from deployments.simulator.config import Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from odd_servers import OddServer

    from deployments.simulator.running import RunningSimulator
    from tasks.storing.errors import NightpressError

    Simulate = Callable[..., RunningSimulator]
    MakeRig = Callable[..., Rig]
    Odd = Callable[..., OddServer]

HIDDEN = "in-a-header-4711-nightpress"
KINDS = ["bad_key", "server_error", "reset", "hang", "not_json", "bad_request"]


def everything_said(error: BaseException) -> str:
    """Message, repr, traceback and pickle of an error and of all behind it."""
    texts = [str(error), repr(error), "".join(traceback.format_exception(error)), repr(pickle.dumps(error))]
    texts.append(repr(getattr(error, "__dict__", {})))
    texts += [everything_said(each) for each in (error.__cause__, error.__context__) if each is not None]
    return "\n".join(texts)


def bytes_below(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def assert_kept(error: NightpressError, written: Path, logged: str) -> None:
    said = everything_said(error) + logged
    for secret in (CANARY, HIDDEN):
        for part in (secret, secret[:12]):
            assert part not in said
            assert part.encode() not in bytes_below(written)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_failure_shows_a_key(
    simulate: Simulate,
    make_rig: MakeRig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    api: str,
    kind: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SECRET_HEADER", HIDDEN)
    simulator = simulate(faults=(Fault(kind=kind, hang_seconds=0.05),))
    headers = {"x-extra": "Bearer ${SECRET_HEADER}"}
    session = make_rig(simulator.url, {"m": {"provider": api}}, headers=headers).open()
    error = session.error("hello")
    session.upload()
    assert_kept(error, tmp_path, caplog.text)
    assert len(simulator.requests()) > 0


@pytest.mark.parametrize("manner", ["echo", "broken header"])
def test_not_even_a_server_that_repeats_the_key_or_breaks_the_protocol_gets_it_into_a_message(
    odd: Odd, make_rig: MakeRig, tmp_path: Path, caplog: pytest.LogCaptureFixture, manner: str
) -> None:
    caplog.set_level(logging.DEBUG)
    server = odd(manner)
    session = make_rig(server.url).open()
    error = session.error("hello")
    session.upload()
    assert CANARY in server.seen[0][1]["Authorization"]
    assert_kept(error, tmp_path, caplog.text)


def test_a_refused_connection_shows_no_key(
    simulate: Simulate, make_rig: MakeRig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    simulator = simulate()
    simulator.__exit__(None, None, None)
    session = make_rig(simulator.url).open()
    assert_kept(session.error("hello"), tmp_path, caplog.text)


def test_neither_success_nor_a_routes_repr_shows_a_key(
    simulate: Simulate, make_rig: MakeRig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session = make_rig(simulate().url).open()
    completion = session.get("hello")
    session.upload()
    said = repr(completion) + repr(session.calls.routes) + caplog.text
    assert CANARY not in said
    assert CANARY.encode() not in bytes_below(tmp_path)


def test_a_redirect_is_not_followed_so_the_key_stays_with_its_host(odd: Odd, make_rig: MakeRig) -> None:
    stranger = odd("real")
    server = odd("redirect", to=stranger.url)
    session = make_rig(server.url).open()
    error = session.error("hello")
    assert "a redirect: check base_url" in str(error)
    assert len(server.seen) == 1
    assert stranger.seen == []


def test_a_redirect_goes_to_the_next_model(simulate: Simulate, make_rig: MakeRig, odd: Odd) -> None:
    stranger = odd("real")
    server = odd("redirect", to=stranger.url)
    simulator = simulate()
    rig = make_rig(server.url, {"a": {"fallback": ("b",)}, "b": {"provider": "anthropic"}})
    good = rig.catalog.providers["anthropic"].model_copy(update={"base_url": simulator.url})
    rig.catalog = rig.catalog.model_copy(update={"providers": {**rig.catalog.providers, "anthropic": good}})
    assert rig.open().get("hello", "a").model == "b"
    assert stranger.seen == []
