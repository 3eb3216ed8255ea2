"""A chat endpoint for tests: a local HTTP server that replies as a test says."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True)
class Call:
    """A request as the server got it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def asked(self) -> dict[str, Any]:
        """The question and the passages."""
        loaded = json.loads(self.body["messages"][-1]["content"])
        assert isinstance(loaded, dict)
        return loaded


@dataclass
class FakeEndpoint:
    """Replies with ``status`` and ``body``, once ``is_open`` is set; ``drips`` is where it gets stuck."""

    url: str
    status: int = 200
    body: bytes = b""
    drips: Literal["head", "body"] | None = None
    is_open: threading.Event = field(default_factory=threading.Event)
    has_left: threading.Event = field(default_factory=threading.Event)
    calls: list[Call] = field(default_factory=list)
    obey: Callable[[Call], str] | None = None

    def say(self, content: object) -> None:
        """Reply with that text from now on."""
        self.status, self.body = 200, write_reply(content)

    def name(self, number: object, words: object) -> None:
        """Reply as asked from now on, and name a passage and words."""
        self.say(json.dumps({"passage": number, "words": words}))


def write_reply(content: object) -> bytes:
    """Write a reply whose text is ``content``."""
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


@contextlib.contextmanager
def run_endpoint() -> Iterator[FakeEndpoint]:
    """Run an endpoint on this machine, which replies at once."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            call = Call(self.path, dict(self.headers), body)
            endpoint.calls.append(call)
            endpoint.is_open.wait(10)
            reply = write_reply(endpoint.obey(call)) if endpoint.obey else endpoint.body
            with contextlib.suppress(OSError):  # the client may have left
                if endpoint.drips == "head":
                    self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
                    self.drip()
                self.send_response(endpoint.status)
                if endpoint.status == 302:
                    self.send_header("Location", f"{endpoint.url}/elsewhere")
                self.end_headers()
                if endpoint.drips == "body":
                    self.drip()
                self.wfile.write(reply)

        def drip(self) -> None:
            """Send a byte now and then, until the test is over."""
            while not endpoint.has_left.wait(0.02):
                self.wfile.write(b" ")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint = FakeEndpoint(f"http://127.0.0.1:{server.server_port}/v1")
    endpoint.is_open.set()
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield endpoint
    finally:
        endpoint.is_open.set()
        endpoint.has_left.set()
        server.shutdown()
        serving.join()
        server.server_close()
