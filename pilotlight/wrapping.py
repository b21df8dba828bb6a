"""`warmable`: any Lambda handler, whatever its framework, answers pings and records what its requests met.

Everything but a ping goes to the handler untouched: the same event, the same response, the same exceptions. Like the
entry point of our own routes, this imports nothing that a user's first response does not need.
"""

from __future__ import annotations

from pilotlight import facts
from pilotlight.environment import ExecutionEnvironment
from pilotlight.importing import call_at_end_of_import
from pilotlight.metrics import count_start
from pilotlight.tracing import Record, Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, overload

    from pilotlight.ping import Machine

    Handler = Callable[[Any, Any], Any]
    Prewarm = Callable[[Handler, Any], object]
    Route = Callable[[Mapping[str, Any]], str]

if TYPE_CHECKING:

    @overload
    def warmable(
        handler: Handler,
        *,
        prewarm: Prewarm | None = None,
        route: Route | None = None,
        dialects: bool = False,
        record_all: bool = False,
    ) -> Handler: ...
    @overload
    def warmable(
        handler: None = None,
        *,
        prewarm: Prewarm | None = None,
        route: Route | None = None,
        dialects: bool = False,
        record_all: bool = False,
    ) -> Callable[[Handler], Handler]: ...


def warmable(
    handler: Handler | None = None,
    *,
    prewarm: Prewarm | None = None,
    route: Route | None = None,
    dialects: bool = False,
    record_all: bool = False,
) -> Handler | Callable[[Handler], Handler]:
    """Return a handler that replies to the warmer's pings, and passes every other event on to `handler`.

    `handler = warmable(app.resolve)`, or `@warmable` as the outermost decorator, with or without arguments.

    - `prewarm(handler, context)` runs once, in an execution environment's first ping, for what imports do not warm;
      `pilotlight.events` makes it a request to send. What it raises is in the reply, and stops nothing.
    - `route(event)` names a request's route for its record; `pilotlight.routes_of(app)` asks the framework. Without
      it, the route is the one that API Gateway matched.
    - `dialects` understands the pings of other warmers too. A scheduled event is one, so a nightly job must not.
    - `record_all` records the invocations that are not HTTP too, such as an SQS message.

    Each HTTP invocation gives one record (REST API, HTTP API, function URL, load balancer, VPC Lattice). An exception
    is recorded as a fault, and raised on. Raises TypeError for a handler, `prewarm` or `route` that cannot be called,
    and for options to a handler that replies to pings already.
    """
    for name, given in (("handler", handler), ("prewarm", prewarm), ("route", route)):
        if given is not None and not callable(given):
            raise TypeError(f"warmable: {name} must be a function, not {type(given).__name__}")
    options = Options(prewarm, route, dialects, record_all)
    if handler is None:
        return lambda decorated: wrap(decorated, options)
    return wrap(handler, options)


class Options:
    """What `warmable` was asked for."""

    __slots__ = ("dialects", "prewarm", "record_all", "route")

    def __init__(
        self,
        prewarm: Prewarm | None = None,
        route: Route | None = None,
        dialects: bool = False,
        record_all: bool = False,
    ) -> None:
        self.prewarm = prewarm
        self.route = route
        self.dialects = dialects
        self.record_all = record_all

    @property
    def are_given(self) -> bool:
        """Whether any differs from its default."""
        return bool(self.prewarm or self.route or self.dialects or self.record_all)


def wrap(
    handler: Handler,
    options: Options,
    environment: ExecutionEnvironment | None = None,
    machine: Machine | None = None,
) -> Handler:
    """Wrap `handler`, once: one that replies to pings already is returned as it is. Tests pass what comes last.

    Raises TypeError for such a handler where options are given, which it would not follow.
    """
    if getattr(handler, MARK, False):
        if options.are_given:
            raise TypeError("warmable: the handler replies to pings already: give these options where it is made")
        return handler
    tracer = _begin(environment) if environment else _this_tracer()

    def warm_handler(event: Any, context: Any) -> Any:
        is_http = isinstance(event, dict) and _is_http(event)
        if not is_http and (options.dialects or _may_be_a_ping(event)):
            from pilotlight import ping, preparation  # no user's request needs them

            if (found := ping.recognise(event)) is not None:
                prepared = preparation.Preparation(handler, options.prewarm)
                return ping.reply(found, tracer, context, prepared, machine)
        if is_http or options.record_all:
            return _record(handler, event, context, options, tracer)
        tracer.environment.arrive("request")
        return handler(event, context)

    _take_names(warm_handler, handler)
    setattr(warm_handler, MARK, True)
    return warm_handler


MARK = "replies_to_pings"
"""The attribute of handlers that reply to pings: those of `warmable` and of `entry_point`."""

_tracer: Tracer | None = None


def _this_tracer() -> Tracer:
    """One for all handlers of this process: they are one execution environment."""
    global _tracer
    _tracer = _tracer or _begin(ExecutionEnvironment())
    return _tracer


def _begin(environment: ExecutionEnvironment) -> Tracer:
    tracer = Tracer(environment)
    call_at_end_of_import(environment.end_init)
    return tracer


def _take_names(warm_handler: Handler, handler: Handler) -> None:
    """What `functools.wraps` does, for callables without names too."""
    warm_handler.__wrapped__ = handler  # type: ignore[attr-defined]
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        if isinstance(value := getattr(handler, name, None), str):
            setattr(warm_handler, name, value)


def _may_be_a_ping(event: Any) -> bool:
    return isinstance(event, dict) and len(event) == 1 and "pilotlight" in event


def _is_http(event: Mapping[str, Any]) -> bool:
    """Whether this is an HTTP request: an authorizer's event and a WebSocket message look like one, and are none."""
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return "raw_path" in event and "method" in event  # VPC Lattice, event structure 1
    if "methodArn" in event or "routeArn" in event:
        return False
    return "httpMethod" in event or "http" in context or "serviceNetworkArn" in context


def _record(handler: Handler, event: Any, context: Any, options: Options, tracer: Tracer) -> Any:
    environment = tracer.environment
    start = environment.arrive("request")
    record = Record("request", getattr(context, "aws_request_id", None) or "", start)
    response = None
    try:
        response = handler(event, context)
        return response
    except BaseException as error:  # recorded, and raised on: Lambda sees what it would see without the record
        record.exception = error
        raise
    finally:
        if tracer.is_recording():
            facts.describe(record, event, response, options.route)
            tracer.send(record)
        if start != "warm":
            count_start(start, environment.init_ms, record.request_id)
