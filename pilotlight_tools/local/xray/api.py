"""X-Ray's HTTP API in boto3's rest-json protocol. Paths and parameters are checked against botocore's service model."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from pilotlight_tools.latency.listing import LOSSES_HEADER
from pilotlight_tools.local.guard.middleware import guarded
from pilotlight_tools.local.guard.rules import Headers, refusal
from pilotlight_tools.local.serving import in_time
from pilotlight_tools.local.xray.operations import Operations, ServiceError

_logger = logging.getLogger(__name__)

Admit = Callable[[str], bool]
"""Called with each operation's name before it runs: False refuses it with ThrottledException."""
Losses = Callable[[], dict[str, int]]
"""Returns what was lost until now, by reason."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS = {"ThrottledException": 429}
_LARGEST_BODY_BYTES = 4 * 1024 * 1024
"""PutTraceSegments takes 50 documents of 64 KB at most (X-Ray endpoints and quotas)."""


def application(
    operations: Operations, port: int, admit: Admit = lambda _: True, losses: Losses = dict
) -> web.Application:
    """Return an application with a route for every operation of the service model, supported or not.

    It serves programs that name `port`, and no web page. Each response has what `losses` returns as a header.
    """

    def rule(headers: Headers) -> str | None:
        return refusal(headers, port)

    # service-2 is the name of botocore's own model files.
    service = ServiceModel(Loader().load_service_model("xray", "service-2"))
    guard = guarded(rule, what="The local X-Ray", remedy="Only programs may ask it, at the address that was printed.")
    app = web.Application(client_max_size=_LARGEST_BODY_BYTES, middlewares=[guard, in_time()])
    for name in service.operation_names:
        model = service.operation_model(name)
        app.router.add_post(model.http["requestUri"], _handler(model, operations, admit, losses))
    return app


def _handler(model: OperationModel, operations: Operations, admit: Admit, losses: Losses) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            if not admit(model.name):
                raise ServiceError("ThrottledException", "Rate exceeded")
            response = operations.run(model.name, _parameters(model, await request.read()))
            return web.json_response(response, headers={LOSSES_HEADER: json.dumps(losses())})
        except ServiceError as error:
            return _refusal(error)

    return handle


def _parameters(model: OperationModel, body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise ServiceError("InvalidRequestException", "The request's body is not JSON") from None
    if not isinstance(parameters, dict):
        raise ServiceError("InvalidRequestException", "The request's body is not a JSON object")
    # AWS refuses missing and malformed parameters with the error that botocore raises before sending.
    report = ParamValidator().validate(parameters, model.input_shape) if model.input_shape else None
    if report and report.has_errors():
        raise ServiceError("InvalidRequestException", report.generate_report())
    return parameters


def _refusal(error: ServiceError) -> web.Response:
    _logger.info("refused: %s: %s", error.code, error)
    return web.json_response(
        {"Message": str(error)}, status=_STATUS.get(error.code, 400), headers={"x-amzn-ErrorType": error.code}
    )
