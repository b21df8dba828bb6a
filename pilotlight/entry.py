"""The Lambda entry point: one invocation in, one response out, one record sent."""

from __future__ import annotations

from pilotlight.environment import ExecutionEnvironment
from pilotlight.metrics import count_start
from pilotlight.proxy import HttpError, Request, Response, error_response, render
from pilotlight.routing import METHODS, PREFLIGHT
from pilotlight.tracing import Record, Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from pilotlight.ping import Machine
    from pilotlight.routing import Routes

    Handler = Callable[[Any, Any], Any]
    Prewarm = Callable[[Handler, Any], object]


def entry_point(
    routes: Routes,
    environment: ExecutionEnvironment | None = None,
    machine: Machine | None = None,
    *,
    prewarm: Prewarm | None = None,
) -> Handler:
    """Return the handler that serverless.yml names, for HTTP requests (REST APIs, HTTP APIs, function URLs) and pings.

    Any other event raises `pilotlight.payloads.UnknownPayloadError`, so that Lambda and its callers see it fail.

    Call it on the last line of handler.py, because it marks the end of the execution environment's init.
    `prewarm(handler, context)` runs once, in an execution environment's first ping; a request that it sends through
    this `handler` leaves no record. Tests pass their own `environment` and `machine`.
    """
    this_environment = environment or ExecutionEnvironment()
    tracer = Tracer(this_environment)

    def handler(event: Any, context: Any) -> Any:
        is_http = isinstance(event, dict) and "requestContext" in event
        if isinstance(event, dict) and "httpMethod" in event and not (is_http and _is_load_balancer(event)):
            return _record_request(routes, tracer, event, context)
        if not is_http:
            from pilotlight import ping, preparation  # no user's request needs them

            if (found := ping.recognise(event)) is not None:
                prepared = preparation.Preparation(unrecorded, prewarm, downstream_tracing="xray")
                return ping.reply(found, tracer, context, prepared, machine)
        from pilotlight import payloads  # a REST proxy event needs it neither

        request = payloads.as_rest(event)
        return payloads.as_version_2(_record_request(routes, tracer, request, context))

    def unrecorded(event: Any, context: Any) -> Any:
        from pilotlight import payloads  # only prewarm needs it

        request = event if "httpMethod" in event else payloads.as_rest(event)
        return _respond(routes, request, context, Record("ping", "prewarm", "warm"))

    handler.replies_to_pings = True  # type: ignore[attr-defined]  # pilotlight.wrapping.MARK
    this_environment.end_init()
    return handler


def _is_load_balancer(event: Mapping[str, Any]) -> bool:
    """Whether a request is of an Application Load Balancer, which has responses of another shape."""
    context = event["requestContext"]
    return isinstance(context, dict) and "elb" in context


def _record_request(routes: Routes, tracer: Tracer, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    start = tracer.environment.arrive("request")
    request_id = getattr(context, "aws_request_id", None) or ""
    record = Record("request", request_id, start)
    try:
        response = _respond(routes, event, context, record)
        record.status = response["statusCode"]
        return response
    finally:
        tracer.send(record)
        if start != "warm":
            count_start(start, tracer.environment.init_ms, request_id)


def _respond(routes: Routes, event: Mapping[str, Any], context: Any, record: Record) -> dict[str, Any]:
    """Route the request and return a valid proxy response, whatever the route does."""
    head = event.get("httpMethod") == "HEAD"
    record.route = ""
    cors: Mapping[str, str] = {}
    try:
        cors = routes.cors(event)
        try:
            response = _call_route(routes, Request(event, context), record)
        except HttpError as error:
            response = error_response(error.status, error.detail, error.headers)
        return render(response, request_id=record.request_id, cors=cors, head=head, encode=routes.encode)
    except BaseException as error:  # SystemExit, CancelledError and their like too: they would end the environment
        record.exception = error
        _log_failure(record)
        response = error_response(500, f"the cause is in the log, under request {record.request_id}")
    return render(response, request_id=record.request_id, cors=cors, head=head)


def _call_route(routes: Routes, request: Request, record: Record) -> Response:
    record.method, record.url = request.method, _url(request)
    if request.method == "OPTIONS" and (response := _options(routes, request, record)) is not None:
        return response
    endpoint = routes.find(request.route_path)
    record.route = endpoint.route
    function = endpoint.function_for(request.method)
    request.path_parameters = endpoint.parameters
    request.read_body()
    result = function(request)
    if isinstance(result, Response):
        return result
    return Response(result, status=204 if result is None else 200)


def _options(routes: Routes, request: Request, record: Record) -> Response | None:
    """The response to OPTIONS where the path has no function for it; a preflight request needs one of its own."""
    is_preflight = "access-control-request-method" in request.headers
    try:
        endpoint = routes.find(request.route_path)
    except HttpError:
        if is_preflight:
            return _preflight(request, "")
        raise
    record.route = endpoint.route
    has_own = PREFLIGHT in endpoint.functions or ("OPTIONS" in endpoint.functions and not is_preflight)
    return None if has_own else _preflight(request, endpoint.allow)


def _preflight(request: Request, allow: str) -> Response:
    """Allow a browser to send what it asks for, also where that gets a 404 or a 405: scripts can read those then."""
    asked = request.headers.get("access-control-request-method", "")
    methods = f"{allow}, {asked}" if allow and asked in METHODS and asked not in allow.split(", ") else allow or asked
    return Response(
        status=204,
        headers={
            **({"Allow": allow} if allow else {}),
            "Access-Control-Allow-Methods": methods if methods.isascii() and methods.isprintable() else "",
            "Access-Control-Allow-Headers": _header_names(request.headers.get("access-control-request-headers", "*")),
            "Access-Control-Max-Age": "600",
        },
    )


def _header_names(text: str) -> str:
    """The names that a preflight request asks for, sent back as they are. Raises HttpError(400) for anything else."""
    if not text.isascii() or not text.isprintable():
        raise HttpError(400, "Access-Control-Request-Headers holds no header names")
    return text


def _url(request: Request) -> str:
    """The URL without its query, which may hold data that must not be in a trace."""
    request_context = request.event.get("requestContext")
    if not isinstance(request_context, dict):
        request_context = {}
    host = request_context.get("domainName") or request.headers.get("host", "localhost")
    return f"https://{host}{request_context.get('path') or request.path}"


def _log_failure(record: Record) -> None:
    try:
        _logger().exception("%.50s %.2000s failed (request %s)", record.method, record.url, record.request_id)
    except Exception:  # logging that the service has broken must not lose the response
        return


def _logger() -> Any:
    import logging  # only a failure needs it

    return logging.getLogger("pilotlight")
