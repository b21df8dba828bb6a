"""The API at a plain local URL: forward every request to the engine unchanged, and measure the response.

API Gateway's own URL carries an API id and a stage; `http://127.0.0.1:3000/hello` does not. What a client sends and
gets (path, query, headers, body, status) passes through as bytes; only `Host` and the hop-by-hop headers of RFC 9110
section 7.6.1 change, and what the engine tells the front door alone (launcher/invocations.py) is taken out.

A request under a name that is not this machine's is refused (guard/rules.py). Which pages may read a response is what
the API answers to their `Origin`, as on AWS.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from pilotlight_tools.commands import notice
from pilotlight_tools.local.engine import LOOPBACK
from pilotlight_tools.local.exchange import ERROR_TYPE, TRACE_ID, Exchange, new_trace_id
from pilotlight_tools.local.guard.middleware import guarded
from pilotlight_tools.local.guard.rules import refusal_of_host
from pilotlight_tools.local.in_flight import InFlight
from pilotlight_tools.local.incidents import Notify
from pilotlight_tools.local.launcher.guard import CONTEXT_HEADER, SECRET_HEADER
from pilotlight_tools.local.loop_thread import LoopThread
from pilotlight_tools.local.serving import IDLE_SECONDS, Upload, runner
from pilotlight_tools.local.welcome import Welcome, is_asked_for
from pilotlight_tools.terminal import printable

_HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
    )
)
"""Headers that apply to one hop only. `Host` is replaced too: API Gateway identifies an API by its host name."""
_MADE_BY_OUR_CLIENT = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_MADE_BY_OUR_SERVER = ("Server", "Date", "Content-Type")
_PASSED_ON: web.ResponseKey[frozenset[str]] = web.ResponseKey("passed_on", frozenset)
_CONTEXT: web.ResponseKey[dict[str, str]] = web.ResponseKey("context", dict)
_BYTES: web.ResponseKey[int] = web.ResponseKey("bytes", int)
_CHUNK_BYTES = 64 * 1024
_BACKLOG = 512
_CLIENT_LEFT = 499
"""Nobody reads this status: nginx's number for it."""
_REMEDY = "Ask it at the address printed first; a proxy or a tunnel before it must send `Host: localhost`."


class PortTakenError(Exception):
    """The wanted port is in use; the message names it and a remedy."""


def open_port(port: int) -> socket.socket:
    """Open a socket on `port` of 127.0.0.1 (0: any free port). Raises `PortTakenError`."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((LOOPBACK, port))
        door.listen(_BACKLOG)  # reserves the port: early clients wait for the service
    except OSError as error:
        door.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortTakenError(
                f"port {port} on {LOOPBACK} is not available ({error.strerror}): stop the program that uses it, "
                "or set PORT to another port (PORT=0 takes any free one)"
            ) from error
        raise
    return door


class FrontDoor:
    """A proxy that serves on `door` from `__enter__` to `__exit__`, in a thread of its own.

    `origin` is where to connect ("http://127.0.0.1:4566"), `host` the host name of the API for API Gateway, `stage` the
    first part of its paths, `secret` what the engine's guard asks for (launcher/guard.py). `on_exchange` is called in
    this thread after each response and must return quickly; `in_flight` gets what waits for one; `notify` gets a line
    for a client that misbehaves, and `idle_seconds` is how long one may pause.
    """

    def __init__(
        self,
        door: socket.socket,
        *,
        origin: str,
        host: str,
        stage: str,
        secret: str | None = None,
        on_exchange: Callable[[Exchange], None] = lambda _: None,
        in_flight: InFlight | None = None,
        notify: Notify = notice,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.port: int = door.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.welcome: Welcome | None = None
        """What a browser gets at the bare address where the service has nothing there."""
        self._door = door
        self._base = f"{origin}/{stage}"
        self.host = host
        """Of the API; a deployment may make another one."""
        self._secret = secret
        self._on_exchange = on_exchange
        self._in_flight = in_flight or InFlight()
        self._notify = notify
        self._idle_seconds = idle_seconds
        self._thread = LoopThread("front-door")

    def __enter__(self) -> Self:
        self._thread.start()
        self._thread.run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(TimeoutError):
            self._thread.run(self._close(), 5)
        self._thread.stop()
        self._door.close()

    async def _open(self) -> None:
        self._client = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
            skip_auto_headers=_MADE_BY_OUR_CLIENT,
        )
        app = web.Application(middlewares=[guarded(refusal_of_host, what="The API's front door", remedy=_REMEDY)])
        app.router.add_route("*", "/{path:.*}", self._handle)
        app.on_response_prepare.append(_leave_out_own_headers)
        self._runner = runner(
            app,
            what="API",
            notify=self._notify,
            idle_seconds=self._idle_seconds,
            auto_decompress=False,
            shutdown_timeout=1,
        )
        await self._runner.setup()
        await web.SockSite(self._runner, self._door, backlog=_BACKLOG).start()

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._client.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        started_at, started = time.time(), time.perf_counter()
        self._in_flight.begin(started_at)
        try:
            response = await self._forward(request)
            if response.status != _CLIENT_LEFT:  # there was no exchange, and API Gateway would not have begun one
                self._report(request, response, started_at, time.perf_counter() - started)
        finally:
            self._in_flight.end(started_at)
        return response

    def _report(self, request: web.Request, response: web.StreamResponse, started_at: float, seconds: float) -> None:
        context = response.get(_CONTEXT, {})
        context.setdefault(TRACE_ID, new_trace_id(started_at))  # as API Gateway does, whatever is invoked
        self._on_exchange(
            Exchange(
                started_at=started_at,
                ended_at=started_at + seconds,  # unaffected by a change of the clock
                method=request.method,
                url=self.url + request.raw_path,
                status=response.status,
                request_id=context.get("integration.requestId") or response.headers.get("X-Request-Id") or None,
                client_ip=request.remote or LOOPBACK,
                user_agent=request.headers.get("User-Agent") or None,
                protocol=f"HTTP/{request.version.major}.{request.version.minor}",
                response_bytes=response.get(_BYTES, 0),
                context=context,
            )
        )

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        upload = Upload(request, self._idle_seconds)
        try:
            # Strict, because the client library would silently drop bytes that are not text.
            headers = _end_to_end(request.raw_headers, errors="strict")
            headers["Host"] = self.host
            headers.popall(SECRET_HEADER, None)
            if self._secret is not None:
                headers[SECRET_HEADER] = self._secret
            upstream = await self._client.request(
                request.method,
                URL(self._base + request.raw_path, encoded=True),
                headers=headers,
                data=upload.chunks() if request.body_exists else None,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if upload.failure is not None:
                return await self._give_up(request, upload.failure)
            return await _refuse(
                request, 502, f"the local engine at {self._base} did not respond: {type(error).__name__}"
            )
        except ValueError as error:
            return await _refuse(request, 400, f"the request cannot be forwarded: {error}")
        async with upstream:
            accept = request.headers.get("Accept", "")
            if self.welcome and is_asked_for(request.method, request.raw_path, accept, upstream.status):
                return await _show(request, upstream, await asyncio.to_thread(self.welcome))
            response = web.StreamResponse(status=upstream.status, reason=upstream.reason)
            response.headers.extend(_end_to_end(upstream.raw_headers, errors="replace"))
            response[_CONTEXT] = _context(response.headers.popall(CONTEXT_HEADER, []))
            response[_PASSED_ON] = frozenset(name.lower() for name in response.headers)
            try:
                await response.prepare(request)
                async for chunk in upstream.content.iter_chunked(_CHUNK_BYTES):
                    async with asyncio.timeout(self._idle_seconds):
                        await response.write(chunk)
                    response[_BYTES] = response.get(_BYTES, 0) + len(chunk)
                await response.write_eof()
            except (aiohttp.ClientError, TimeoutError, OSError):
                # One end disconnected: abort, so that the client does not take a partial response for a complete one.
                if request.transport is not None:
                    request.transport.abort()
            return response

    async def _give_up(self, request: web.Request, failure: Exception) -> web.StreamResponse:
        """Respond to a client that did not finish its request: it left, or it is too slow."""
        what = f"{request.method} {printable(request.raw_path.partition('?')[0])}"
        if isinstance(failure, TimeoutError):
            self._notify(f"API: {what}: the client sent nothing for {self._idle_seconds:g} s in the middle of its body")
            return await _refuse(request, 408, f"nothing arrived for {self._idle_seconds:g} s")
        self._notify(f"API: {what}: the client left before its request was complete")
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=_CLIENT_LEFT)


def _end_to_end(raw_headers: Iterable[tuple[bytes, bytes]], *, errors: str) -> CIMultiDict[str]:
    """Return the headers that a proxy forwards, in their order and with their repetitions.

    `errors` says how to treat values that are not UTF-8, as in `bytes.decode`. A repeated name gets the spelling of
    the first, because aiohttp's client would treat another spelling as a replacement.
    """
    spelling: dict[str, str] = {}
    headers: CIMultiDict[str] = CIMultiDict()
    for raw_name, value in raw_headers:
        name = raw_name.decode("ascii")
        headers.add(spelling.setdefault(name.lower(), name), value.decode("utf-8", errors))
    named = ",".join(headers.getall("Connection", [])).lower()
    for name in _HOP_BY_HOP.union(part.strip() for part in named.split(",")):
        headers.popall(name, None)
    return headers


def _context(headers: Sequence[str]) -> dict[str, str]:
    """What the engine told of a response (launcher/invocations.py). A function cannot: its own header comes before."""
    with contextlib.suppress(ValueError):
        told = json.loads(headers[-1]) if headers else {}
        if isinstance(told, dict):
            return {str(name): str(value) for name, value in told.items()}
    return {}


async def _leave_out_own_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Remove from a response the headers that the server library added to the engine's."""
    passed_on = response.get(_PASSED_ON)
    if passed_on is None:
        return
    for name in _MADE_BY_OUR_SERVER:
        if name.lower() not in passed_on:
            response.headers.popall(name, None)


async def _show(request: web.Request, upstream: aiohttp.ClientResponse, page: str) -> web.StreamResponse:
    """Respond with a page of the front door's own in place of what the service says is not there."""
    response = web.Response(status=upstream.status, text=page, content_type="text/html")
    response.headers["Cache-Control"] = "no-store"
    response[_CONTEXT] = _context(upstream.headers.getall(CONTEXT_HEADER, []))
    response[_BYTES] = len(page.encode())
    await response.prepare(request)
    await response.write_eof()
    return response


async def _refuse(request: web.Request, status: int, message: str) -> web.StreamResponse:
    """Respond with an error from the front door itself, as JSON."""
    response = web.json_response({"message": message}, status=status)
    response[_CONTEXT] = {ERROR_TYPE: "DEFAULT_5XX" if status >= 500 else "DEFAULT_4XX", "error.message": message}
    if status == 408:
        response.force_close()
    await response.prepare(request)
    await response.write_eof()
    return response
