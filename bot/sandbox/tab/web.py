"""The page's server: the page, its WebSocket, and the files in messages.

It listens on this machine only. A page of another origin, or one that came under another name (DNS
rebinding), is refused: every request must name this server as its host, and whatever acts must come
from the page itself. The content security policy lets the page load nothing but its own parts.
"""

from __future__ import annotations

import ipaddress
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import web

from bot.sandbox.limits.parameters import names
from bot.sandbox.tab.live import Live
from bot.sandbox.tab.view import Viewer, is_picture
from bot.sandbox.world.impossible import ImpossibleError

if TYPE_CHECKING:
    from bot.sandbox.scene import Scene
    from bot.sandbox.tab.deeds import Deeds

_MAX_UPLOAD = 20 * 1024 * 1024
_MAX_REQUEST = 256 * 1024
_HEARTBEAT_S = 20.0
_INDEX = "index.html"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFE_METHODS = names("GET HEAD")
_TYPES = {"js": "text/javascript", "svg": "image/svg+xml"}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine and reached from nowhere else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class PageServer:
    """Serves the page. Stopping and starting it again keeps the port."""

    def __init__(self, scene: Scene, deeds: Deeds, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Prepare to listen; port 0 takes any that is free.

        Raises:
            ValueError: others could reach that host.
        """
        if not is_loopback(host):
            message = f"{host} is not this machine alone; the sandbox listens on 127.0.0.1, ::1 or localhost"
            raise ValueError(message)
        self.port = port
        self._host = host
        self._scene, self._deeds = scene, deeds
        self._parts = _read_parts()
        self._runner: web.AppRunner | None = None
        self._sockets: set[web.WebSocketResponse] = set()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self._authority(self._host)}/"

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application(middlewares=[self._guard], client_max_size=_MAX_UPLOAD)
        app.router.add_get("/", self._send_index)
        app.router.add_get("/live", self._go_live)
        app.router.add_post("/upload", self._take_file)
        app.router.add_get("/file/{id}", self._send_file)
        app.router.add_get("/{name}", self._send_part)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more, and part with every page."""
        for socket in list(self._sockets):
            await socket.close()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def _authority(self, host: str) -> str:
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Turn away what does not come from this page, and lock up what goes out."""
        own = {self._authority(name) for name in (self._host, "localhost", "127.0.0.1", "::1")}
        origin = request.headers.get("Origin")
        acts = request.method not in _SAFE_METHODS or request.path == "/live"
        if request.host not in own or (origin is None and acts):
            raise web.HTTPForbidden(text="This server talks to its own page only.")
        if origin is not None and origin != f"http://{request.host}":
            raise web.HTTPForbidden(text="This server talks to its own page only.")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
            response.headers.setdefault("Content-Security-Policy", _POLICY.format(host=request.host))
        return response

    async def _send_index(self, _request: web.Request) -> web.Response:
        return self._part(_INDEX)

    async def _send_part(self, request: web.Request) -> web.Response:
        return self._part(request.match_info["name"])

    def _part(self, name: str) -> web.Response:
        part = self._parts.get(name)
        if part is None:
            raise web.HTTPNotFound
        body, content_type = part
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    async def _go_live(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_MAX_REQUEST)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            await Live(self._scene, self._deeds, socket, self._find_viewer(request)).run()
        finally:
            self._sockets.discard(socket)
        return socket

    async def _take_file(self, request: web.Request) -> web.Response:
        """Let somebody send a file; its type decides whether as a picture or as a file."""
        content = await request.read()
        if not content:
            raise web.HTTPBadRequest(text="the file is empty")
        viewer = self._find_viewer(request)
        if viewer is None:
            raise web.HTTPBadRequest(text="nobody sends it")
        person, chat, topic = viewer.person, viewer.place.chat, viewer.place.topic
        if is_picture(request.content_type):
            person.sends_photo(content=content, mime_type=request.content_type, chat=chat, topic=topic)
        else:
            person.sends_document(content, request.query.get("name") or "file", chat=chat, topic=topic)
        return web.Response(status=204)

    def _find_viewer(self, request: web.Request) -> Viewer | None:
        """Return who asks from where, as the address says."""
        try:
            person = self._scene.person(request.query.get("person"))
            return Viewer(person, self._scene.place(person, request.query.get("place")))
        except ImpossibleError:
            return None

    async def _send_file(self, request: web.Request) -> web.Response:
        file = self._scene.api.cloud.files.by_id(request.match_info["id"])
        if file is None:
            raise web.HTTPNotFound
        if is_picture(file.mime_type):
            return web.Response(body=file.content, content_type=file.mime_type)
        # Never shown: what somebody sends could be a page.
        return web.Response(
            body=file.content,
            content_type="application/octet-stream",
            headers={"Content-Disposition": "attachment", "Content-Security-Policy": "sandbox"},
        )


@asynccontextmanager
async def serving_page(server: PageServer) -> AsyncIterator[PageServer]:
    """Serve the page for as long as the block lasts."""
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _read_parts() -> dict[str, tuple[bytes, str]]:
    """Return every file of the page with its type, by its name."""
    parts = {}
    for entry in (files("bot.sandbox") / "page").iterdir():
        suffix = entry.name.rpartition(".")[2]
        guessed = _TYPES.get(suffix) or mimetypes.guess_type(entry.name)[0]
        if guessed and entry.is_file():
            parts[entry.name] = (entry.read_bytes(), guessed)
    return parts
