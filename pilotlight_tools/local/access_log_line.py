"""A line of the access log as API Gateway writes it: the stage's format with each `$context` variable replaced.

"Variables for access logging for API Gateway" (API Gateway developer guide) has the names and their meaning. What has
no value is `-`. Quotes and backslashes in a value are escaped, so that a format of JSON gives JSON.
`$context.error.messageString` has its quotes itself, but for a bare `-` where there is no error.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from pilotlight_tools.local.exchange import TRACE_ID, Exchange

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
_ACCOUNT = "000000000000"
_NO_VALUE = "-"
_QUOTED = "error.messageString"


@dataclass(frozen=True, slots=True)
class Stage:
    """What API Gateway knows of a stage: `host` is the API's name for clients, `is_traced` whether X-Ray is on."""

    api_id: str
    name: str
    host: str
    is_traced: bool = True


class Format:
    """The format of a stage's access log."""

    def __init__(self, text: str, stage: Stage) -> None:
        # A text, a variable, a text, … and a text at the end.
        self._texts = _VARIABLE.split(text.rstrip("\n"))
        self._stage = stage

    def line(self, exchange: Exchange) -> str:
        """Return the line of one exchange."""
        values = variables(exchange, self._stage)
        return "".join(_written(part, values) if number % 2 else part for number, part in enumerate(self._texts))


def variables(exchange: Exchange, stage: Stage) -> Mapping[str, str]:
    """Return the values of `$context` variables by name; a variable without a value is missing.

    Missing are also those that nothing local knows: an authorizer's, a client certificate's, those of a WAF.
    """
    path = exchange.target.partition("?")[0]
    latency, status = exchange.context.get("integrationLatency"), exchange.context.get("integrationStatus")
    request_id = exchange.context.get("requestId")
    values = {
        **exchange.context,
        "accountId": _ACCOUNT,
        "apiId": stage.api_id,
        "awsEndpointRequestId": exchange.context.get("integration.requestId"),
        "domainName": stage.host,
        "domainPrefix": stage.host.partition(".")[0],
        "extendedRequestId": request_id,
        "httpMethod": exchange.method,
        "identity.sourceIp": exchange.client_ip,
        "identity.userAgent": exchange.user_agent,
        "integration.integrationStatus": status,
        "integration.latency": latency,
        "path": f"/{stage.name}{path}",
        "protocol": exchange.protocol,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(exchange.started_at)),
        "requestTimeEpoch": str(int(exchange.started_at * 1000)),
        "responseLatency": str(round(exchange.milliseconds)),
        "responseLength": str(exchange.response_bytes),
        "stage": stage.name,
        "status": str(exchange.status),
        TRACE_ID: exchange.trace_id if stage.is_traced else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _written(name: str, values: Mapping[str, str]) -> str:
    if name == _QUOTED:
        message = values.get("error.message")
        return _NO_VALUE if message is None else json.dumps(message, ensure_ascii=False)
    return json.dumps(values.get(name, _NO_VALUE), ensure_ascii=False)[1:-1]
