"""Servers of the session, on loopback: moto for S3 with a bucket of its own for each test, and a private Prefect."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest
from botocore.session import get_session
from moto.server import ThreadedMotoServer

from deployments.cli.prefect_server import Server
from tests.up_rig import Up, left_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses `nightpress up`, so that it can run beside all the rest."""
    for item in items:
        if "up" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.up)


@dataclass(frozen=True)
class Bucket:
    """An empty bucket and the way to it. `client` is a botocore S3 client."""

    name: str
    endpoint: str
    key: str
    secret: str
    client: Any

    @property
    def url(self) -> str:
        return f"s3://{self.name}/base"

    @property
    def storage_options(self) -> dict[str, str]:
        """As pandas and s3fs take them."""
        return {"endpoint_url": self.endpoint, "key": self.key, "secret": self.secret}

    def set_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    @property
    def environment(self) -> dict[str, str]:
        """The usual AWS variables; the region keeps botocore from looking for one on the network."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def new_bucket(endpoint: str, key: str, secret: str) -> Bucket:
    client = _client(endpoint, key, secret)
    name = f"test-{uuid4().hex[:16]}"
    client.create_bucket(Bucket=name)
    return Bucket(name, endpoint, key, secret, client)


@cache
def _client(endpoint: str, key: str, secret: str) -> Any:
    return get_session().create_client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_bucket(moto_endpoint: str) -> Bucket:
    """A new bucket on moto."""
    return new_bucket(moto_endpoint, "testkey", "testsecret")


@pytest.fixture(scope="module")
def moto_bucket_of_module(moto_endpoint: str) -> Bucket:
    """One bucket on moto for a module's tests that only read."""
    return new_bucket(moto_endpoint, "testkey", "testsecret")


@pytest.fixture
def radosgw_bucket() -> Bucket:
    """A new bucket on the radosgw that NIGHTPRESS_TEST_S3_ENDPOINT names; skipped if nothing is named."""
    endpoint = os.environ.get("NIGHTPRESS_TEST_S3_ENDPOINT")
    if not endpoint:
        pytest.skip("NIGHTPRESS_TEST_S3_ENDPOINT is not set")
    return new_bucket(endpoint, "testkey", "testsecret")


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One private Prefect server for the session; nights that need one find it by `environment`."""
    server = Server(tmp_path_factory.mktemp("prefect"))
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def told() -> Iterator[tuple[str, Queue[dict[str, Any]]]]:
    """A URL, and what is posted to it."""
    posted: Queue[dict[str, Any]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.put(orjson.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/alerts", posted
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory, told: tuple[str, Queue[dict[str, Any]]]) -> Iterator[Up]:
    quick = {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5"}
    started = Up(tmp_path_factory.mktemp("up"), "--notify", told[0], **quick)
    try:
        started.wait()
        yield started
    except BaseException:
        started.stop()
        raise
    assert started.stop() == 0
    assert "Traceback" not in started.said.read_text()
    assert left_of(started) == b""
