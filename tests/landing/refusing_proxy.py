"""An S3 server that refuses to list uploads, or to end them, in front of one that refuses nothing."""

from __future__ import annotations

from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

DENIED = b"<Error><Code>AccessDenied</Code><Message>not\nallowed</Message></Error>"
REFUSED = {"list": ("GET", "uploads"), "abort": ("DELETE", "uploadId")}
HOP = {"transfer-encoding", "connection", "content-length"}


@contextmanager
def refusing(endpoint: str, what: str) -> Iterator[str]:
    """The address of the server; `what` is list or abort."""
    real = urlsplit(endpoint)
    verb, parameter = REFUSED[what]

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def passed(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
            if self.command == verb and parameter in query:
                self.answer(403, DENIED, [])
                return
            connection = HTTPConnection(real.hostname or "", real.port, timeout=30)
            connection.request(self.command, self.path, sent, dict(self.headers.items()))
            answer = connection.getresponse()
            body = answer.read()
            self.answer(answer.status, body, answer.getheaders())
            connection.close()

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = passed  # noqa: N815

        def answer(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
            self.send_response(status)
            length = str(len(body))
            for name, value in headers:
                if name.lower() == "content-length" and self.command == "HEAD":
                    length = value
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Passing) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
