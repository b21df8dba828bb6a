"""The second argument of a handler ("Using the Lambda context object to retrieve Python function information")."""

import os
import sys
import time

from pilotlight.runtime import Described, FaultError, filled, output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_W3C = ("traceparent", "tracestate", "baggage")


class LambdaContext(Described):
    """One invocation, from the headers of its event. Raises FaultError for a header that is no JSON."""

    _shown = (
        *("aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb"),
        *("function_version", "invoked_function_arn", "client_context", "identity", "tenant_id"),
    )

    def __init__(self, headers: dict[str, str]) -> None:
        client = _parsed(headers, "lambda-runtime-client-context", "Client Context")
        cognito = _parsed(headers, "lambda-runtime-cognito-identity", "Cognito Identity")
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn", "")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self._w3c_fields = _take_w3c(client)
        self.client_context = None
        if client is not None:
            from pilotlight.runtime.client_context import client_context

            self.client_context = client_context(client)
        self.identity = filled(CognitoIdentity(), {})
        if cognito is not None:
            self.identity.cognito_identity_id = cognito.get("cognitoIdentityId")
            self.identity.cognito_identity_pool_id = cognito.get("cognitoIdentityPoolId")
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", 0))

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left before Lambda ends the invocation; never less than 0."""
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def w3c(self) -> dict[str, str]:
        """Return the W3C trace context of the invocation."""
        return dict(self._w3c_fields)

    def log(self, msg: object) -> None:
        """Write to the log as it is: no time, no level, no line end."""
        logging = sys.modules.get("logging")
        if logging is None:
            output.sink.log(str(msg))
            return
        for handler in logging.getLogger().handlers:
            if hasattr(handler, "log_sink"):
                handler.log_sink.log(str(msg))
                return
        sys.stdout.write(str(msg))


class CognitoIdentity(Described):
    """Who called, if an Amazon Cognito identity did."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


def _parsed(headers: dict[str, str], header: str, name: str) -> "Any":
    if header not in headers:
        return None
    import json

    try:
        return json.loads(headers[header])
    except Exception as error:
        raise FaultError("Runtime.LambdaContextUnmarshalError", f"Unable to parse {name} JSON: {error}") from None


def _take_w3c(client: "Any") -> dict[str, str]:
    w3c = client.pop("w3c", None) if isinstance(client, dict) else None
    if not isinstance(w3c, dict):
        return {}
    return {name: w3c[name] for name in _W3C if isinstance(w3c.get(name), str)}
