"""Answers of S3 servers that moto never gives, from a scripted server on loopback."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pydantic import SecretStr

from tasks.storing.errors import UserError
from tasks.storing.filesystem import Store

EMPTY_LIST = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


class Script(ThreadingHTTPServer):
    """Answers each PUT by the next of `puts` (then 200) and keeps the metadata of the last one it stored."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.puts = []
        self.lists = []
        self.stored = None
        self.requests = []

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, code = self.server.lists.pop(0) if self.server.lists else (200, "")
        self.answer(status, EMPTY_LIST if status == 200 else error(code))

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(dict(self.headers.items()))
        status, code = self.server.puts.pop(0) if self.server.puts else (200, "")
        if code in {"", "lost"}:
            self.server.stored = self.headers["x-amz-meta-nightpress-writer"]
        if code == "lost":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.answer(status, error(code) if code else b"")

    def do_HEAD(self):
        self.answer(200, b"", {"x-amz-meta-nightpress-writer": self.server.stored or "somebody else"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        failure = b"<Error><Key>base/a</Key><Code>AccessDenied</Code></Error>"
        self.answer(200, b"<DeleteResult>" + failure + b"</DeleteResult>")

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def error(code):
    return f"<Error><Code>{code}</Code><Message>the server says {code}</Message></Error>".encode()


@pytest.fixture
def server():
    with Script() as script:
        thread = Thread(target=script.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield script
        script.shutdown()
        thread.join()


def open_store(server):
    return Store.open("s3://bucket/base", endpoint=server.endpoint, key="k", secret=SecretStr("s"))


def test_a_refused_condition_means_it_exists(server):
    """As radosgw says it: without the Condition that s3fs looks for."""
    server.puts = [(412, "PreconditionFailed")]
    assert open_store(server).write_new("a", b"x") is False


def test_a_lost_answer_does_not_make_the_winner_a_loser(server):
    server.puts = [(0, "lost"), (412, "PreconditionFailed")]
    assert open_store(server).write_new("a", b"x") is True
    assert [each["If-None-Match"] for each in server.requests] == ["*", "*"]


def test_a_conflict_is_tried_again(server):
    server.puts = [(409, "ConditionalRequestConflict")] * 2
    assert open_store(server).write_new("a", b"x") is True
    assert len(server.requests) == 3


def test_a_conflict_without_end_is_no_answer(server):
    server.puts = [(409, "ConditionalRequestConflict")] * 50
    with pytest.raises(OSError, match="other writers"):
        open_store(server).write_new("a", b"x")


def test_a_server_without_conditions_is_not_taken_for_a_win(server):
    server.puts = [(501, "NotImplemented")] * 50
    with pytest.raises(OSError, match="NotImplemented"):
        open_store(server).write_new("a", b"x")


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"])
def test_refused_keys_say_what_to_check(server, code):
    server.lists = [(403, code)]
    with pytest.raises(UserError) as caught:
        open_store(server)
    assert code in str(caught.value)
    assert "AWS_SECRET_ACCESS_KEY" in str(caught.value)
    assert server.endpoint in str(caught.value)


def test_a_delete_that_the_server_refuses_is_an_error(server):
    with pytest.raises(UserError, match="AccessDenied for base/a"):
        open_store(server).delete(["a"])


def test_servers_other_than_aws_get_no_checksum_trailers(server):
    store = open_store(server)
    store.write("a", b"x")
    store.write_new("b", b"x")
    assert len(server.requests) == 2
    for headers in server.requests:
        assert not [name for name in headers if "checksum" in name.lower() or name.lower() == "x-amz-trailer"]
