"""The HTTP side: from a request to a method's answer, past failures and flood limits."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from bot.sandbox.api.failures import Ending, Failure, FailurePlans
from bot.sandbox.api.methods.polling import Described, RawJson
from bot.sandbox.api.methods.table import METHODS, Method
from bot.sandbox.limits.parameters import Value, decode, read_raw
from bot.sandbox.limits.refusals import ApiError, Json, refuse
from bot.sandbox.world.waiting import Bell

if TYPE_CHECKING:
    from bot.sandbox.limits.flood import FloodControl
    from bot.sandbox.world.cloud import Cloud

_MAX_BODY = 51 * 1024 * 1024
_SHOWN = 300
_ABORT = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class Call:
    """A call of the bot, as it came and as it went."""

    method: str
    parameters: Json
    at: float
    error: str | None = None
    failure: Failure | None = None
    is_finished: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether it was carried out."""
        return self.is_finished and self.error is None

    def __str__(self) -> str:
        """Return one line for a failure message."""
        return f"{self.method} {str(self.parameters)[:_SHOWN]}: {self.error or 'ok'}"


class Listener:
    """The HTTP server. Stopping and starting it again keeps port and state."""

    def __init__(self, cloud: Cloud, plans: FailurePlans, flood: FloodControl, port: int) -> None:
        """Prepare to listen on a port, 0 being any that is free."""
        self.port = port
        self.calls: list[Call] = []
        self.crashes: list[Exception] = []
        self.bell = Bell()
        self._cloud, self._plans, self._flood = cloud, plans, flood
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()

    async def start(self) -> None:
        """Begin to listen."""
        self._closing.clear()
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Refuse connections from now on."""
        self._closing.set()
        self._cloud.updates.end_poll()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._serve(request)
        except ApiError as error:
            return _refusal(error)
        except web.HTTPRequestEntityTooLarge:
            return _refusal(ApiError(413, "Request Entity Too Large"))
        except web.HTTPException:
            raise
        except Exception as error:
            self.crashes.append(error)
            raise

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path.startswith("/file/bot"):
            return self._download(path.removeprefix("/file/bot"))
        token, _, name = path.removeprefix("/bot").partition("/")
        if not path.startswith("/bot") or not name:
            raise _not_found()
        self._check_token(token)
        method = METHODS.get(name.lower())
        if method is None:
            self._log(Call(name, {}, self._cloud.clock.now()), "404 Not Found")
            raise _not_found()
        raw = await read_raw(request)
        call = Call(method.name, dict(raw), self._cloud.clock.now())
        self.calls.append(call)
        self.bell.ring()
        call.failure = self._plans.take(method.name, _number(raw.get("chat_id")))
        try:
            return await self._carry_out(request, method, raw, call)
        except ApiError as error:
            self._log(call, f"{error.code} {error.description}")
            raise
        except asyncio.CancelledError:
            call.error = call.error or "the bot hung up"
            raise
        finally:
            call.is_finished = True
            self.bell.ring()

    async def _carry_out(
        self, request: web.Request, method: Method, raw: dict[str, Value], call: Call
    ) -> web.StreamResponse:
        failure = call.failure
        if failure is None:
            return _answer(await self._result(method, raw, call))
        body = await self._result(method, raw, call) if failure.is_carried_out else None
        await asyncio.sleep(failure.delay_seconds)
        if failure.ending is Ending.SILENCE:
            call.is_finished = True
            call.error = "never answered"
            self.bell.ring()
            await self._closing.wait()
        if failure.ending is Ending.PAGE:
            call.error = f"{failure.status} page"
            return web.Response(status=failure.status, text=failure.page, content_type="text/html")
        if failure.ending is Ending.NONSENSE:
            call.error = "answered nonsense"
            return _answer([{}])
        if failure.refusal:
            raise failure.refusal
        if body is not None and failure.ending is Ending.ANSWER:
            return _answer(body)
        call.error = call.error or "connection reset"
        return _break(request)

    async def _result(self, method: Method, raw: dict[str, Value], call: Call) -> object:
        parameters = decode(method.name, method.parameters, raw)
        call.parameters = parameters.values
        chat_id = parameters.json("chat_id")
        is_group = isinstance(chat_id, int) and chat_id < 0
        self._flood.check(method.name, chat_id, is_group=is_group)
        result = method.handler(self._cloud, parameters)
        return await result if inspect.isawaitable(result) else result

    def _check_token(self, token: str) -> None:
        if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token):
            raise _not_found()
        if token != self._cloud.token:
            raise ApiError(401, "Unauthorized")
        if self._cloud.is_logged_out:
            refuse("Logged out")

    def _log(self, call: Call, error: str) -> None:
        call.error = error
        self._cloud.refusals.append(str(call))

    def _download(self, path: str) -> web.Response:
        token, _, file_path = path.partition("/")
        self._check_token(token)
        file = self._cloud.files.by_path(file_path)
        if file is None:
            raise _not_found()
        return web.Response(body=file.content, content_type="application/octet-stream")


def _number(value: Value) -> object:
    return int(value) if re.fullmatch(r"-?\d+", str(value)) else value


def _not_found() -> ApiError:
    return ApiError(404, "Not Found")


def _answer(result: object) -> web.Response:
    if isinstance(result, RawJson):
        body = f'{{"ok":true,"result":{result}}}'
    else:
        answer: Json = {"ok": True, "result": result}
        if isinstance(result, Described):
            answer |= {"result": result.result, "description": result.description}
        body = json.dumps(answer, ensure_ascii=False)
    return web.Response(body=body.encode(), content_type="application/json")


def _refusal(error: ApiError) -> web.Response:
    headers = {}
    if "retry_after" in error.parameters:
        headers["Retry-After"] = str(error.parameters["retry_after"])
    body = json.dumps(error.to_json(), ensure_ascii=False).encode()
    return web.Response(status=error.code, body=body, headers=headers, content_type="application/json")


def _break(request: web.Request) -> web.Response:
    """Break the connection; the response is for aiohttp, nobody gets it."""
    if transport := request.transport:
        raw_socket = transport.get_extra_info("socket")
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        transport.abort()
    return web.Response()
