"""Notes what the engine's API Gateway knows of a request and does not say: which resource matched, and its own errors.

The types of errors are those of "Gateway response types for API Gateway". A function that raised, crashed or timed out
is an `INTEGRATION_FAILURE` with the message `Internal server error` ("Handling Lambda errors with an API Gateway API");
`INTEGRATION_TIMEOUT` is API Gateway's own limit of 29 s, which the engine does not have.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.services import apigateway_v1

from pilotlight_tools.local.launcher.invocations import REQUEST_ID, TRACE_ID, note, noted

_OF_THE_INTEGRATION = (REQUEST_ID, TRACE_ID)
_GATEWAY_REQUEST_ID = "requestId"


def install() -> None:
    """Change the engine's REST APIs. Raises AttributeError where they are not as expected."""
    _note_requests()
    _note_integrations()
    _note_errors()


def _note_requests() -> None:
    execute, authorize = apigateway_v1._execute_in_scope, apigateway_v1._authorize_request_v1
    build_event = apigateway_v1._build_lambda_event_v1

    async def executed(request: Any, *arguments: Any) -> Any:
        note({_GATEWAY_REQUEST_ID: request["request_id"]})
        response = await execute(request, *arguments)
        note({"resourcePath": request["resource_path"] or None})
        return response

    async def authorized(*arguments: Any) -> Any:
        result = await authorize(*arguments)
        note(dict.fromkeys(_OF_THE_INTEGRATION))  # an authorizer's invocation is not the integration's
        return result

    def built(*arguments: Any, **options: Any) -> Any:
        event = build_event(*arguments, **options)
        context = event["requestContext"]
        note({"resourceId": context["resourceId"]})
        if request_id := noted(_GATEWAY_REQUEST_ID):  # the engine makes up another one for the function
            context["requestId"] = context["extendedRequestId"] = request_id
        return event

    apigateway_v1._execute_in_scope = executed
    apigateway_v1._authorize_request_v1 = authorized
    apigateway_v1._build_lambda_event_v1 = built


def _note_integrations() -> None:
    call, respond = apigateway_v1._call_lambda_raw, apigateway_v1._lambda_proxy_response

    async def called(*arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        result, error = await call(*arguments, **options)
        if result is not None:
            note({"integrationLatency": round((time.perf_counter() - started) * 1000)})
            # Lambda's own status: 200 also where the function failed ("Invoke", Lambda API reference).
            note({"integrationStatus": 429 if result.get("throttle") else 200})
        return result, error

    def responded(result: Any) -> Any:
        response, error = respond(result)
        if error or result.get("throttle"):
            _note_error("INTEGRATION_FAILURE", "Internal server error")
        else:
            note({"integration.status": response.get("statusCode", 200)})
        return response, error

    apigateway_v1._call_lambda_raw = called
    apigateway_v1._lambda_proxy_response = responded


def _note_errors() -> None:
    render = apigateway_v1._gateway_error_response

    def rendered(error: Any, request: Any) -> Any:
        note({_GATEWAY_REQUEST_ID: request["request_id"]})
        _note_error(error.response_type, error.message)
        return render(error, request)

    apigateway_v1._gateway_error_response = rendered


def _note_error(response_type: str, message: str | None) -> None:
    note({"error.responseType": response_type, "error.message": message})
